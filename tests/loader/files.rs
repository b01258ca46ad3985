//! Several files as one project: merge, `extends`, `include`, env files.

use crate::setup::{check, config};
use expect_test::expect;
use inception::env::Environment;
use inception::loader;
use inception::loader::LoadOptions;

#[test]
fn later_files_are_merged_over_earlier_ones() {
    let a = "services: { web: { image: a, environment: { A: '1', B: '1' }, ports: ['80:80'], command: [x], dns: 1.1.1.1 } }";
    let b = "services: { web: { environment: [B=2, C=3], ports: ['81:80'], command: y z, dns: [2.2.2.2] } }";
    check(
        &[("a.yml", a), ("b.yml", b)],
        &["-f", "a.yml", "-f", "b.yml", "config"],
        &expect![[r#"
        name: p
        services:
          web:
            command:
              - "y"
              - z
            dns:
              - 1.1.1.1
              - 2.2.2.2
            environment:
              A: "1"
              B: "2"
              C: "3"
            image: a
            networks:
              default: null
            ports:
              - mode: ingress
                target: 80
                published: "80"
                protocol: tcp
              - mode: ingress
                target: 80
                published: "81"
                protocol: tcp
        networks:
          default:
            name: p_default
    "#]],
    );
}

#[test]
fn reset_and_override_take_earlier_values_away() {
    let a = "services: { web: { image: a, ports: ['80:80'], environment: { A: '1' }, labels: { x: y } } }";
    let b = "services: { web: { ports: !override ['81:80'], environment: !reset null } }";
    check(
        &[("a.yml", a), ("b.yml", b)],
        &["-f", "a.yml", "-f", "b.yml", "config"],
        &expect![[r#"
        name: p
        services:
          web:
            image: a
            labels:
              x: "y"
            networks:
              default: null
            ports:
              - mode: ingress
                target: 80
                published: "81"
                protocol: tcp
        networks:
          default:
            name: p_default
    "#]],
    );
}

#[test]
fn extends_and_include_resolve_from_their_own_folders() {
    let main = "include: [sub/inc.yml]\nservices:\n  web:\n    extends: { file: sub/base.yml, service: base }\n    labels: { own: 'yes' }\n";
    let base = "services: { base: { image: i, volumes: ['./data:/d'], labels: { own: 'no', more: 'yes' } } }";
    let inc = "services: { db: { image: '${WHICH}', volumes: ['./db:/d'] } }";
    let files = [("compose.yml", main), ("sub/base.yml", base), ("sub/inc.yml", inc), ("sub/.env", "WHICH=from-sub")];
    check(
        &files,
        &["config"],
        &expect![[r#"
        name: p
        services:
          db:
            image: from-sub
            networks:
              default: null
            volumes:
              - type: bind
                source: @DIR@/sub/db
                target: /d
                bind:
                  create_host_path: true
          web:
            image: i
            labels:
              more: "yes"
              own: "yes"
            networks:
              default: null
            volumes:
              - type: bind
                source: @DIR@/sub/data
                target: /d
                bind:
                  create_host_path: true
        networks:
          default:
            name: p_default
    "#]],
    );
}

#[test]
fn env_files_are_read_in_order_and_the_environment_wins() {
    let main = "services: { a: { image: i, env_file: [one.env, { path: gone.env, required: false }, two.env], environment: { C: here } } }";
    let files = [("compose.yml", main), ("one.env", "A=1\nB=1\nC=1\n"), ("two.env", "B=${A}2 # note\nD='$A'\n")];
    check(
        &files,
        &["config", "--format", "json"],
        &expect![[r#"
        {
          "name": "p",
          "networks": {
            "default": {
              "name": "p_default",
              "ipam": {}
            }
          },
          "services": {
            "a": {
              "command": null,
              "entrypoint": null,
              "environment": {
                "A": "1",
                "B": "12",
                "C": "here",
                "D": "$$A"
              },
              "image": "i",
              "networks": {
                "default": null
              }
            }
          }
        }
    "#]],
    );
}

#[test]
fn the_default_env_file_is_left_out_by_the_words_for_true_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yml"), "services: { a: { image: '${IMAGE:-none}' } }").unwrap();
    std::fs::write(folder.path().join(".env"), "IMAGE=file").unwrap();
    let load = |word: &str, options: LoadOptions| {
        let variables = [("COMPOSE_DISABLE_ENV_FILE".to_owned(), word.to_owned())];
        let loaded = loader::load(&options, &Environment::new(variables, folder.path()));
        let image = loaded.model.get("services").map(|services| services["a"]["image"].clone());
        (loaded.diagnostics.into_iter().map(|one| one.message).collect::<Vec<_>>(), image)
    };
    let image = |name: &str| Some(serde_json::Value::from(name));
    for word in ["1", "t", "T", "TRUE", "true", "True"] {
        assert_eq!(load(word, LoadOptions::default()), (Vec::new(), image("none")), "{word}");
    }
    for word in ["0", "f", "F", "FALSE", "false", "False"] {
        assert_eq!(load(word, LoadOptions::default()), (Vec::new(), image("file")), "{word}");
    }
    for word in ["", "yes", "on", "tRue"] {
        let told = vec!["`COMPOSE_DISABLE_ENV_FILE` must be true or false".to_owned()];
        assert_eq!(load(word, LoadOptions::default()), (told, image("file")), "{word}");
    }
    // With `--env-file`, the variable has no effect.
    let options = LoadOptions { env_files: vec![folder.path().join(".env")], ..LoadOptions::default() };
    assert_eq!(load("yes", options), (Vec::new(), image("file")));
}

#[test]
fn paths_of_other_files_start_at_the_project_where_they_stay_relative() {
    let files = [
        ("compose.yaml", "include: [a/compose.yaml]\nservices: { s: { extends: { file: e/base.yaml, service: b } } }"),
        ("a/compose.yaml", "include: [b/compose.yaml]\nservices: { t: { build: ./t } }"),
        ("a/b/compose.yaml", "services: { u: { build: .. } }"),
        ("e/base.yaml", "services: { b: { build: ./c } }"),
    ];
    let (code, out, errors) = config(&files, &["config", "--no-path-resolution"]);
    assert_eq!(code, 0, "{errors}");
    let contexts: Vec<&str> = out.lines().filter_map(|line| line.trim().strip_prefix("context: ")).collect();
    assert_eq!(contexts, ["e/c", "a/t", "a"]);
}

#[test]
fn an_anchor_does_not_carry_resets_to_its_aliases() {
    let a = "services: { a: { image: x, ports: ['1:1'] } }";
    let b = "x-o: &o { ports: !reset [], environment: { A: '1' } }\nservices: { a: *o }";
    let (_, out, _) = config(&[("a.yml", a), ("b.yml", b)], &["-f", "a.yml", "-f", "b.yml", "config"]);
    assert!(out.contains("published: \"1\"") && out.contains("A: \"1\""), "{out}");
}

/// A service whose env file, label file, secret and config are missing or cannot be read.
const CONTENTS: &str = "
services:
  web: { image: i, env_file: gone.env, label_file: gone.labels, secrets: [s], configs: [c] }
secrets: { s: { file: ./gone.secret } }
configs: { c: { file: ./gone.config } }
";

#[test]
fn lists_of_names_need_no_contents_and_the_model_does() {
    let bad = [("compose.yml", CONTENTS), ("gone.env", "A B\n"), ("gone.labels", "C D\n")];
    for (files, codes) in
        [(&bad[..1], ["file-not-found", "file-not-found"]), (&bad[..], ["bad-env-file", "bad-env-file"])]
    {
        for list in ["--services", "--images", "--volumes", "--networks", "--models", "--profiles", "--environment"] {
            let (code, _, errors) = config(files, &["config", list]);
            let warnings: Vec<&str> = errors.lines().filter_map(|line| line.strip_prefix("warning[")).collect();
            assert!(code == 0 && warnings.len() == 2, "{list}: {errors}");
            assert!(warnings.iter().zip(codes).all(|(line, code)| line.starts_with(code)), "{list}: {errors}");
        }
        for shown in [&["config"][..], &["config", "-q"], &["config", "--format", "json"], &["config", "--hash", "*"]] {
            let (code, out, errors) = config(files, shown);
            assert!(code == 1 && out.is_empty(), "{shown:?}: {errors}");
            assert_eq!(errors.matches("error[").count(), 2, "{errors}");
        }
        assert_eq!(config(files, &["config", "--variables"]).0, 0);
        assert_eq!(config(files, &["config", "--no-interpolate"]).0, 0);
    }
}

#[test]
fn a_wrong_attribute_beside_a_path_is_refused_whatever_is_shown() {
    let yaml = "services: { web: { image: i, env_file: [{ path: gone.env, format: x, required: false }, { path: .env, format: x }] } }";
    let (code, _, errors) = config(&[("compose.yml", yaml), (".env", "A=1\n")], &["config", "--services"]);
    assert!(code == 1 && errors.contains("`x` is no format of env files"), "{errors}");
}

#[test]
fn files_outside_the_project_directory_are_told_in_one_line() {
    let yaml = "
services:
  web:
    image: i
    env_file: [inside.env, ../outside.env, link.env, { path: ../missing.env, required: false }]
    label_file: ../outside.labels
    secrets: [s, inside]
    configs: [c]
  other: { image: i, env_file: ../outside.env }
secrets: { s: { file: ../key }, inside: { file: ./inside.env }, unused: { file: ../unused } }
configs: { c: { file: ../conf }, gone: { file: ../gone } }
";
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let project = folder.join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("compose.yml"), yaml).unwrap();
    std::fs::write(project.join("inside.env"), "A=1\n").unwrap();
    for name in ["outside.env", "outside.labels", "key", "unused", "conf"] {
        std::fs::write(folder.join(name), "B=1\n").unwrap();
    }
    std::os::unix::fs::symlink("../outside.env", project.join("link.env")).unwrap();
    let told = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inception"));
        let output = command.env_clear().current_dir(&project).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap().replace(folder.to_str().unwrap(), "@")
    };
    let expected = "note[outside-project]: files outside the project directory are used: env file `@/outside.env`, env file \
                    `@/project/link.env` (a link to `@/outside.env`), label file `@/outside.labels`, secret `s` from `@/key`, \
                    config `c` from `@/conf`\n";
    assert_eq!(told(&["config", "-q"]).trim_end(), expected.trim_end());
    assert_eq!(told(&["config"]).trim_end(), expected.trim_end());
    assert_eq!(told(&["config", "--services"]), "", "nothing is read");
}
