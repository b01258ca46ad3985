//! The output of `config`, compared with docker compose, for the conformance corpus and for `tests/loader/oracle`.
//!
//! `tests/loader/oracle/NAME.yaml` keeps the output of docker compose for `NAME.case`, so these cases are compared also
//! where docker compose is not installed (`UPDATE_EXPECT=1` writes them where it is). `ORACLE=all` compares every flag
//! on every case.
#![allow(clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::peer::{self, Case, Ended, difference, for_each, ours};

/// Cases whose output differs on purpose, each with the row of `docs/compat.md` that gives the reason.
const MEANT: [(&str, &str); 1] = [(
    "342-quirks-merge-ipam-config-two-by-two",
    "two pools of one subnet in `ipam.config` of two files, among others",
)];

/// Cases in which `--no-interpolate` writes a value in another form.
const SPELT: [&str; 37] = [
    "004-build-all-options",
    "010-build-provenance-sbom-forms",
    "060-develop-watch-all",
    "096-env-file-label-file",
    "105-environment-map-types",
    "127-extends-relative-paths",
    "143-e2e-env-secret",
    "160-podman-ports",
    "162-podman-short",
    "171-inception-0bvim",
    "174-inception-bonus-part-with-anchors",
    "228-interpolation-typed-int",
    "256-merge-extra-hosts",
    "305-networks-go-normalize-network-names",
    "318-ports-long-forms",
    "356-coolify-windows",
    "367-genai-stack",
    "379-librenms-traefik",
    "401-sentry",
    "405-temporal-multirole",
    "415-zulip",
    "432-resources-go-device-reservation-options",
    "435-resources-go-service-device-request-without-count-and-device-ids-type",
    "436-resources-gpus-all",
    "438-resources-gpus-list",
    "build-all-keys",
    "build-merge",
    "devices-gpus",
    "empty-lists-and-maps",
    "environment-merge",
    "extends-with-tags-in-another-file",
    "extra-hosts-merge",
    "interpolation-casts",
    "label-file",
    "numbers-at-the-edge",
    "ports-all-forms",
    "simple-attributes",
];

/// Flags whose output is compared, and whether the order of its lines does not count (docker compose prints a hash
/// map).
const FLAGS: [(&str, bool); 11] = [
    ("--services", true),
    ("--volumes", true),
    ("--networks", true),
    ("--models", true),
    ("--images", true),
    ("--profiles", true),
    ("--environment", true),
    ("--no-normalize", false),
    ("--no-path-resolution", false),
    ("--no-consistency", false),
    ("--no-interpolate", false),
];

/// Compares two runs; `None` where exit code and output are equal.
fn compare(case: &Case, flags: &[&str], want: &Ended, got: &Ended, is_unordered: bool) -> Option<String> {
    let lines = |text: &str| match is_unordered {
        true => {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        }
        false => text.to_owned(),
    };
    let head = format!("{} {}: ", case.name, flags.join(" "));
    if want.code != got.code {
        return Some(format!("{head}code {} is wanted, {} got\n{}{}", want.code, got.code, want.errors, got.errors));
    }
    let (want, got) = (lines(&want.out), lines(&got.out));
    (want != got).then(|| head + &difference(&want, &got))
}

#[test]
fn the_yaml_of_the_corpus_is_byte_equal_to_that_of_docker_compose() {
    let (Some(peer), Some(cases)) = (peer::peer(), peer::corpus()) else { return };
    let cases: Vec<Case> = cases.into_iter().filter(|case| !case.is_error).collect();
    let different = for_each(&cases, |case| {
        let place = case.place();
        let (want, got) = (place.config(&peer, &[]), place.config(&ours(), &[]));
        compare(case, &[], &want, &got, false).map(|text| (case.name.clone(), text)).into_iter().collect()
    });
    let told: BTreeMap<String, String> = different.into_iter().collect();
    let meant: BTreeSet<&str> = MEANT.iter().map(|(name, _)| *name).collect();
    let texts: Vec<&String> = told.values().collect();
    assert_eq!(told.keys().map(String::as_str).collect::<BTreeSet<_>>(), meant, "{texts:#?}");
    let compat = include_str!("../../docs/compat.md");
    MEANT.iter().for_each(|(name, row)| assert!(compat.contains(row), "{name}: docs/compat.md has no row `{row}`"));
    eprintln!("oracle: {} of {} cases are byte-equal", cases.len() - told.len(), cases.len());
}

#[test]
fn every_flag_prints_what_docker_compose_prints() {
    let (Some(peer), Some(cases)) = (peer::peer(), peer::corpus()) else { return };
    let is_whole = std::env::var("ORACLE").is_ok_and(|word| word == "all");
    let meant: BTreeSet<&str> = MEANT.iter().map(|(name, _)| *name).collect();
    let mut cases: Vec<Case> =
        cases.into_iter().filter(|case| !case.is_error && !meant.contains(case.name.as_str())).collect();
    cases.extend(peer::own_cases());
    let numbers: BTreeMap<String, usize> =
        cases.iter().enumerate().map(|(index, case)| (case.name.clone(), index)).collect();
    let different = for_each(&cases, |case| {
        let place = case.place();
        let mut said = Vec::new();
        for (index, (flag, is_unordered)) in FLAGS.iter().enumerate() {
            // Unless all was asked for: each flag on every eighth case.
            if !is_whole && !(numbers[&case.name] + index).is_multiple_of(8) {
                continue;
            }
            let (want, mut got) = (place.config(&peer, &[flag]), place.config(&ours(), &[flag]));
            // The difference is in docs/compat.md: docker compose leaves short forms that it has no types for.
            if *flag == "--no-interpolate" && SPELT.contains(&case.name.as_str()) && got.code == 0 {
                got = want.clone();
            }
            said.extend(compare(case, &[flag], &want, &got, *is_unordered));
        }
        said
    });
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn own_cases_are_what_docker_compose_makes_of_them() {
    let cases = peer::own_cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let peer = peer::peer();
    let different = for_each(&cases, |case| {
        let place = case.place();
        let got = place.config(&ours(), &[]);
        let mut said = Vec::new();
        if got.code != 0 {
            return vec![format!("{}: {}", case.name, got.errors)];
        }
        if let Some(peer) = &peer {
            said.extend(compare(case, &[], &place.config(peer, &[]), &got, false));
            let (mut want, got) =
                (place.config(peer, &["--format", "json"]), place.config(&ours(), &["--format", "json"]));
            // The peer's output has no final line end. It cannot print the paths of ssh keys as JSON.
            want.out.push('\n');
            if !want.errors.contains("types.SSHKey") {
                said.extend(compare(case, &["--format json"], &want, &got, false));
            }
        }
        let kept =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loader/oracle").join(format!("{}.yaml", case.name));
        expect_test::expect_file![kept].assert_eq(&place.without_folder(&got.out));
        said
    });
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Computes docker compose's config hash from its own JSON output: without the keys that the container does not depend
/// on, compact, with `<`, `>` and `&` escaped.
fn hash(mut value: Value, cleared: &[&str]) -> String {
    value.as_object_mut().unwrap().retain(|key, _| !cleared.contains(&key.as_str()));
    if let Some(deploy) = value.get_mut("deploy").and_then(Value::as_object_mut) {
        deploy.shift_remove("replicas");
    }
    let mut text = value.to_string().replace("$$", "$");
    for (char, escape) in
        [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")]
    {
        text = text.replace(char, escape);
    }
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

const CLEARED: [&str; 5] = ["build", "pull_policy", "scale", "depends_on", "profiles"];

fn hash_lines(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect()
}

#[test]
fn config_hashes_are_those_of_docker_compose() {
    let (Some(peer), Some(corpus)) = (peer::peer(), peer::corpus()) else { return };
    let meant: BTreeSet<&str> = MEANT.iter().map(|(name, _)| *name).collect();
    let mut cases: Vec<Case> =
        corpus.into_iter().filter(|case| !case.is_error && !meant.contains(case.name.as_str())).collect();
    cases.extend(peer::own_cases());
    // The hash covers `label_file`, which the JSON does not show. `tests/cli/interop.rs` checks it with real
    // containers.
    cases.retain(|case| !case.mentions("label_file"));
    let counted = std::sync::Mutex::new([0; 3]);
    let different = for_each(&cases, |case| {
        let place = case.place();
        let json = place.config(&peer, &["--format", "json"]);
        if json.errors.contains("types.SSHKey") {
            return Vec::new();
        }
        let Ok(model) = serde_json::from_str::<Map<String, Value>>(&json.out) else {
            return vec![format!("{}: {}", case.name, json.errors)];
        };
        let mut said = Vec::new();
        let services = model["services"].as_object().into_iter().flatten();
        let want: BTreeMap<String, String> =
            services.map(|(name, service)| (name.clone(), hash(service.clone(), &CLEARED))).collect();
        // `--hash` prints all services, the JSON only those that the case selects.
        let mut got = hash_lines(&place.config(&ours(), &["--hash", "*"]).out);
        let mut theirs = hash_lines(&place.config(&peer, &["--hash", "*"]).out);
        if !case.after.is_empty() {
            got.retain(|name, _| want.contains_key(name));
            theirs.retain(|name, _| want.contains_key(name));
        }
        // The peer's `--hash` does not read env files, although the hashes of its containers cover them.
        if !case.mentions("env_file") {
            theirs.iter().filter(|(name, hash)| got.get(*name) != Some(hash)).for_each(|(name, _)| {
                said.push(format!("{}: service {name}: not what `config --hash` of the peer says", case.name));
            });
        }
        for (name, hash) in &want {
            let is_same = got.get(name) == Some(hash);
            // A service that is selected by name may have an inactive profile.
            if !is_same && (case.after.is_empty() || got.contains_key(name)) {
                said.push(format!("{}: service {name}: {hash} is wanted, {:?} got", case.name, got.get(name)));
            }
        }
        let mut counts = [want.len(), 0, 0];
        let resources = hashes_of_resources(&place);
        for (index, kind) in ["networks", "volumes"].into_iter().enumerate() {
            for (name, resource) in model.get(kind).and_then(Value::as_object).into_iter().flatten() {
                if resource["external"] == Value::Bool(true) || !case.after.is_empty() {
                    continue;
                }
                let mut resource = resource.clone();
                if kind == "volumes" && resource.get("driver").is_none() {
                    resource.as_object_mut().unwrap().shift_insert(1, "driver".to_owned(), Value::from("local"));
                }
                let (want, got) = (hash(resource, &[]), resources.get(&format!("{kind}.{name}")));
                counts[index + 1] += 1;
                if got != Some(&want) {
                    said.push(format!("{}: {kind}.{name}: {want} is wanted, {got:?} got", case.name));
                }
            }
        }
        counted.lock().unwrap().iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        said
    });
    let [services, networks, volumes] = *counted.lock().unwrap();
    eprintln!("oracle: hashes of {services} services, {networks} networks, {volumes} volumes");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Returns our hashes of networks and volumes, which no command prints.
fn hashes_of_resources(place: &peer::Place) -> BTreeMap<String, String> {
    let mut loaded = place.load();
    let project = loaded.unchecked_project().unwrap();
    let of = inception::model::hash::resource_hash;
    let networks =
        project.networks.values().map(|network| (format!("networks.{}", network.key.as_str()), of(&network.canonical)));
    let volumes =
        project.volumes.values().map(|volume| (format!("volumes.{}", volume.key.as_str()), of(&volume.canonical)));
    networks.chain(volumes).collect()
}
