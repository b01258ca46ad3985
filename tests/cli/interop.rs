//! Projects that docker compose and inception use in turn on a real engine: same hashes, and nothing is recreated.
//!
//! Without an engine or docker compose the tests are skipped with a message. Each test has its own project and removes
//! what it created, also when it fails.
#![allow(clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use inception::env::Environment;
use inception::loader::{self, LoadOptions};
use inception::model::hash::resource_hash;

use crate::common::real;
use crate::common::real::{IMAGE, docker};
use crate::peer;

/// Returns docker compose, if it and an engine are available and the test image can be built.
fn ready() -> Option<PathBuf> {
    static READY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let look = || {
        let peer = peer::peer()?;
        // The image of all stacks is built once: a second build at the same time would change its id under other tests.
        real::is_ready().then_some(peer)
    };
    READY.get_or_init(look).clone()
}

struct Project {
    folder: tempfile::TempDir,
    name: String,
    peer: PathBuf,
}

impl Project {
    /// Writes the files that begin with `-- NAME --`, with `IMAGE` and `SUBNET` filled in.
    fn new(files: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let peer = ready()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("inception-interop-{}-{number}", std::process::id());
        let project = Self { folder: tempfile::tempdir().unwrap(), name, peer };
        let subnet = format!("10.{}.{}", 200 + number % 50, std::process::id() % 250);
        for part in files.split("\n-- ").filter(|part| !part.trim().is_empty()) {
            let (name, text) = part.split_once(" --\n").unwrap();
            let path = project.folder.path().join(name.trim_start_matches("-- "));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("IMAGE", IMAGE).replace("SUBNET", &subnet) + "\n").unwrap();
        }
        Some(project)
    }

    #[track_caller]
    fn run(&self, program: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(["-p", &self.name]).args(arguments).current_dir(self.folder.path());
        let output = command.env("TOKEN", "secret-token").env("DOCKER_BUILDKIT", "0").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {arguments:?}: {errors}", program.display());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Returns the project's objects on the engine: name to id and hash label.
    fn found(&self) -> BTreeMap<String, (String, String)> {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        let mut found = BTreeMap::new();
        for (list, kind, format) in [
            (
                vec!["ps", "-aq", "--no-trunc"],
                "container",
                "{{.Name}} {{.Id}} {{index .Config.Labels \"com.docker.compose.config-hash\"}}",
            ),
            (
                vec!["network", "ls", "-q"],
                "network",
                "{{.Name}} {{.Id}} {{index .Labels \"com.docker.compose.config-hash\"}}",
            ),
            (
                vec!["volume", "ls", "-q"],
                "volume",
                "{{.Name}} {{.Mountpoint}} {{index .Labels \"com.docker.compose.config-hash\"}}",
            ),
        ] {
            let ids =
                String::from_utf8_lossy(&docker(&[&list[..], &["--filter", &filter]].concat()).stdout).into_owned();
            for id in ids.lines() {
                let shown = docker(&[kind, "inspect", "-f", format, id]).stdout;
                let shown = String::from_utf8_lossy(&shown).trim().to_owned();
                let (name, rest) = shown.split_once(' ').unwrap();
                let (id, hash) = rest.rsplit_once(' ').unwrap_or((rest, ""));
                found.insert(format!("{kind} {}", name.trim_start_matches('/')), (id.to_owned(), hash.to_owned()));
            }
        }
        found
    }

    /// Returns our hashes of everything that is known without a container, by the names on the engine.
    fn wanted(&self) -> BTreeMap<String, String> {
        let lines = self.run(&peer::ours(), &["config", "--hash", "*"]);
        let services = lines.lines().filter_map(|line| line.split_once(' '));
        let mut wanted: BTreeMap<String, String> =
            services.map(|(service, hash)| (format!("container {}-{service}-1", self.name), hash.to_owned())).collect();
        let options = LoadOptions { project_name: Some(self.name.clone()), ..LoadOptions::default() };
        let variables = [("TOKEN".to_owned(), "secret-token".to_owned())];
        let mut loaded = loader::load(&options, &Environment::new(variables, self.folder.path()));
        let project = loaded.unchecked_project().unwrap();
        wanted.extend(
            project
                .networks
                .values()
                .map(|one| (format!("network {}", one.name.as_str()), resource_hash(&one.canonical))),
        );
        wanted.extend(
            project
                .volumes
                .values()
                .map(|one| (format!("volume {}", one.name.as_str()), resource_hash(&one.canonical))),
        );
        wanted
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        for (list, remove) in [
            (vec!["ps", "-aq"], vec!["rm", "-fv"]),
            (vec!["network", "ls", "-q"], vec!["network", "rm"]),
            (vec!["volume", "ls", "-q"], vec!["volume", "rm"]),
        ] {
            let found =
                String::from_utf8_lossy(&docker(&[&list[..], &["--filter", &filter]].concat()).stdout).into_owned();
            let ids: Vec<&str> = found.lines().collect();
            if !ids.is_empty() {
                docker(&[remove.as_slice(), &ids].concat());
            }
        }
    }
}

/// Uses a project with both tools in turn. `by_parent` are services whose hash has the id of another service's
/// container.
fn check(files: &str, by_parent: &[&str]) {
    let Some(project) = Project::new(files) else { return };
    let (ours, peer) = (peer::ours(), project.peer.clone());
    let ids = |found: &BTreeMap<String, (String, String)>| -> BTreeMap<String, String> {
        found.iter().map(|(name, (id, _))| (name.clone(), id.clone())).collect()
    };

    // What docker compose creates has the hashes that inception computes.
    project.run(&peer, &["create"]);
    let made = project.found();
    let wanted = project.wanted();
    assert!(made.keys().any(|name| name.starts_with("container ")), "{made:?}");
    for (name, (_, hash)) in &made {
        if !by_parent.iter().any(|service| name.ends_with(&format!("-{service}-1"))) {
            assert_eq!(Some(hash), wanted.get(name), "{name}");
        }
    }
    // `up` of one tool after the other recreates nothing.
    project.run(&ours, &["up", "-d"]);
    assert_eq!(ids(&project.found()), ids(&made), "our `up` after the peer's `create`");
    project.run(&peer, &["up", "-d"]);
    assert_eq!(ids(&project.found()), ids(&made), "the peer's `up` after ours");

    // The other way round, from the beginning.
    project.run(&ours, &["down", "-v", "--timeout", "0"]);
    assert_eq!(project.found().len(), 0);
    project.run(&ours, &["up", "-d"]);
    let own = project.found();
    for (name, (_, hash)) in &own {
        if !by_parent.iter().any(|service| name.ends_with(&format!("-{service}-1"))) {
            assert_eq!(Some(hash), wanted.get(name), "{name}, made by us");
        }
    }
    project.run(&peer, &["up", "-d"]);
    assert_eq!(ids(&project.found()), ids(&own), "the peer's `up` after ours from nothing");
    project.run(&ours, &["up", "-d"]);
    assert_eq!(ids(&project.found()), ids(&own), "our `up` after the peer's");
}

#[test]
fn attributes_of_containers_go_to_and_fro() {
    check(
        r#"
-- compose.yaml --
x-all: &all { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s }
services:
  plain: *all
  env: { <<: *all, env_file: [one.env, { path: two.env, format: raw }, { path: gone.env, required: false }], environment: { A: own, "B&C": "<x>" } }
  labelled: { <<: *all, label_file: one.labels, labels: [a=b, "c=d e"] }
  annotated: { <<: *all, labels: { n: 1, t: true, x: "1.50" }, hostname: h, domainname: d, user: "0:0", working_dir: /tmp, tty: true, stdin_open: true, read_only: true }
  healthy: { <<: *all, healthcheck: { test: "true || exit 1", interval: 1m30s, timeout: 10s, retries: 3, start_period: 1s } }
  unhealthy: { <<: *all, healthcheck: { disable: true } }
  limited: { <<: *all, deploy: { resources: { limits: { memory: 64m }, reservations: { memory: 16m } }, restart_policy: { condition: on-failure, max_attempts: 2 } }, ulimits: { nofile: { soft: 1000, hard: 2000 }, nproc: 500 } }
  restarted: { <<: *all, restart: "on-failure:3", stop_signal: SIGTERM, oom_score_adj: 100, shm_size: 32m, sysctls: { net.core.somaxconn: 256 } }
  hosts: { <<: *all, extra_hosts: ["a:1.2.3.4", "b=5.6.7.8"], dns: [1.1.1.1], dns_search: example.com, dns_opt: ["ndots:2"], cap_drop: [NET_RAW], group_add: ["1000"] }
  words: { <<: *all, command: sh -c "sleep 1000" && lost, entrypoint: [] }
  extended: { <<: *all, x-note: { a: 1 }, logging: { driver: json-file, options: { max-size: 1m }, x-l: 1 } }
  ports: { <<: *all, expose: ["80", "81-82/udp"], ports: ["127.0.0.1::80"] }
-- one.env --
A=one
Q="a b" # c
-- two.env --
R="kept" $NOT
-- one.labels --
from.file=yes
a=lost
"#,
        &[],
    );
}

#[test]
fn networks_and_volumes_go_to_and_fro() {
    check(
        r#"
-- compose.yaml --
x-all: &all { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s }
services:
  a:
    <<: *all
    networks: { front: { aliases: [x, y], ipv4_address: SUBNET.10, priority: 5 }, back: }
    volumes: ["data:/data", "tuned:/tuned:ro", "./here:/here:ro", "/anonymous", { type: tmpfs, target: /t, tmpfs: { size: 1m } }]
    tmpfs: [/run]
  b: { <<: *all, networks: [back], volumes: [{ type: volume, source: data, target: /d, volume: { nocopy: true } }] }
  c: { <<: *all, network_mode: none }
networks:
  front:
    driver: bridge
    driver_opts: { com.docker.network.driver.mtu: 1400 }
    labels: { a: b, "c<d": "&" }
    ipam: { config: [{ subnet: SUBNET.0/24, gateway: SUBNET.1, ip_range: SUBNET.0/25, aux_addresses: { h: SUBNET.3 } }] }
    x-note: 1
  back: { internal: true, attachable: true }
volumes:
  data:
  tuned: { driver: local, driver_opts: { type: tmpfs, device: tmpfs, o: "size=1m,uid=0" }, labels: [x=y], x-note: 1 }
-- here/file --
text
"#,
        &[],
    );
}

#[test]
fn services_that_share_with_others_go_to_and_fro() {
    check(
        r#"
-- compose.yaml --
x-all: &all { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s }
services:
  db: { <<: *all, volumes: ["data:/data"], ipc: shareable }
  side: { <<: *all, network_mode: "service:db", depends_on: { db: { condition: service_started } } }
  kin: { <<: *all, ipc: "service:db", volumes_from: ["db:ro"] }
  web: { <<: *all, depends_on: [db], links: ["db:database"] }
volumes: { data: }
"#,
        &["side", "kin"],
    );
}

#[test]
fn files_that_refer_to_files_go_to_and_fro() {
    check(
        r#"
-- compose.yaml --
include: [{ path: [inc/compose.yaml, inc/over.yaml] }]
services:
  child: { extends: { file: base.yaml, service: base }, environment: { B: child } }
  built: { image: "IMAGE", build: ./ctx, command: [sleep, "1000"], init: true, stop_grace_period: 0s, pull_policy: missing }
  given: { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s, configs: [plain, { source: inline, target: /etc/inline, mode: 0440 }], secrets: [file, { source: token, target: other }] }
configs: { plain: { file: ./plain.txt }, inline: { content: "a $$b\n" } }
secrets: { file: { file: ./plain.txt }, token: { environment: TOKEN } }
-- base.yaml --
services: { base: { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s, environment: [A=base, B=base], labels: { x: "y" } } }
-- inc/compose.yaml --
services: { inner: { image: "IMAGE", command: [sleep, "1000"], init: true, stop_grace_period: 0s, volumes: ["./v:/v"], env_file: e.env } }
-- inc/over.yaml --
services: { inner: { environment: { OVER: "1" } } }
-- inc/e.env --
E=1
-- inc/v/file --
text
-- ctx/Dockerfile --
FROM IMAGE
-- plain.txt --
plain
"#,
        &[],
    );
}
