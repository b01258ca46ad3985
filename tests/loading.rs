//! What files come to, and how mistakes in them are shown. No engine is needed.
#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

use expect_test::{Expect, expect};
use inception::env::Environment;
use inception::loader::{self, LoadOptions};

/// Runs `config` in a folder with these files (name and text); returns exit code, standard output and error.
fn config(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_inception"));
    let named: &[&str] = if arguments.first() == Some(&"-p") { &[] } else { &["-p", "p"] };
    command.env_clear().env("HOME", "/nowhere").current_dir(&folder).args(named).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(folder.to_str().unwrap(), "@DIR@");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn check(files: &[(&str, &str)], arguments: &[&str], expected: &Expect) {
    let (code, out, errors) = config(files, arguments);
    assert_eq!(code, 0, "{errors}");
    expected.assert_eq(&out);
}

#[track_caller]
fn check_errors(files: &[(&str, &str)], arguments: &[&str], expected: &Expect) {
    let (code, _, errors) = config(files, arguments);
    assert_eq!(code, 1);
    expected.assert_eq(&errors);
}

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
fn all_mistakes_are_shown_at_once_each_with_its_place() {
    let main = "services:\n  web:\n    imgae: nginx\n    ports: ['80:x']\n    depends_on: [dbb]\n    environment: { B: '${NEEDED:?set me}' }\n  db:\n    image: a\n    mem_limit: lots\n    networks: [fornt]\nnetworks: { front: }\n";
    check_errors(
        &[("compose.yml", main)],
        &["config", "-q"],
        &expect![[r#"
            error[unknown-key]: unknown key `imgae` in `services.web`
             --> compose.yml:3:5
              |
            3 |     imgae: nginx
              |     ^^^^^
              |
              = help: did you mean `image`?

            error[bad-port]: invalid containerPort: `x`
             --> compose.yml:4:13
              |
            4 |     ports: ['80:x']
              |             ^^^^^^
              |
              = help: write `"8080:80"`, `"127.0.0.1:8080:80/tcp"` or the long form

            error[undefined]: service `web` refers to undefined service `dbb`
             --> compose.yml:5:18
              |
            5 |     depends_on: [dbb]
              |                  ^^^
              |
              = help: did you mean `db`?

            error[required-variable]: required variable `NEEDED` is missing a value: set me
             --> compose.yml:6:24
              |
            6 |     environment: { B: '${NEEDED:?set me}' }
              |                        ^^^^^^^^^^^^^^^^^
              |
              = help: set `NEEDED` in the environment or an env file

            error[bad-value]: `services.db.mem_limit` must be a size in bytes such as `64m`, but is `lots`
             --> compose.yml:9:16
              |
            9 |     mem_limit: lots
              |                ^^^^

            error[undefined]: service `db` refers to undefined network `fornt`
              --> compose.yml:10:16
               |
            10 |     networks: [fornt]
               |                ^^^^^
               |
               = help: did you mean `front`?

        "#]],
    );
}

#[test]
fn a_cycle_of_extends_names_every_hop() {
    let main = "services:\n  a: { extends: { service: b } }\n  b: { extends: { file: other.yml, service: c } }\n";
    let other = "services:\n  c: { extends: { file: compose.yml, service: a } }\n";
    check_errors(
        &[("compose.yml", main), ("other.yml", other)],
        &["config", "-q"],
        &expect![[r#"
            error[extends-cycle]: circular reference: services extend each other: a -> b -> c -> a
             --> compose.yml:2:17
              |
            2 |   a: { extends: { service: b } }
              |                 ^^^^^^^^^^^^^^
            3 |   b: { extends: { file: other.yml, service: c } }
              |                 ------------------------------- `b` goes on here
              |
             ::: other.yml:2:17
              |
            2 |   c: { extends: { file: compose.yml, service: a } }
              |                 --------------------------------- `c` goes on here

        "#]],
    );
}

#[test]
fn a_cycle_of_includes_names_every_hop() {
    let files =
        [("compose.yml", "include: [b.yml]\nservices: {}\n"), ("b.yml", "include: [compose.yml]\nservices: {}\n")];
    check_errors(
        &files,
        &["config", "-q"],
        &expect![[r#"
            error[include-cycle]: include cycle detected: @DIR@/compose.yml -> @DIR@/b.yml -> @DIR@/compose.yml
             --> b.yml:1:11
              |
            1 | include: [compose.yml]
              |           ^^^^^^^^^^^
              |
             ::: compose.yml:1:11
              |
            1 | include: [b.yml]
              |           ----- included from here
              |
              = help: remove one of these includes

        "#]],
    );
}

#[test]
fn a_bad_env_file_shows_its_place_and_never_its_values() {
    let files = [("compose.yml", "services: { a: { image: i } }"), (".env", "A=1\nB C=hidden\n")];
    check_errors(
        &files,
        &["config", "-q"],
        &expect![[r#"
            error[bad-env-file]: cannot read env file `@DIR@/.env`: a variable's name must not contain a blank
            --> .env:2:2
             = help: lines are `NAME=value`; quote values that hold blanks or `#`

        "#]],
    );
}

#[test]
fn faults_of_env_files_hide_none_of_the_compose_files_and_cause_no_others() {
    let yaml = "
include: [{ path: sub/inc.yml, env_file: sub/inc.env }]
name: ${NAME}
services:
  a:
    image: ${IMAGE:?}
    ports: ['${PORT}:80', '${1}:${PORT}']
    container_name: ${OWN}
    mem_limit: ${GOOD}
  b: { image: '${IMAGE:-i}', prots: [] }
";
    let inc = "services: { c: { image: '${TAG}', pull_policy: sometimes } }";
    let files = [
        ("compose.yml", yaml),
        (".env", "GOOD=1m\nP ORT=1\n!\nNAME='p\n"),
        ("sub/inc.yml", inc),
        ("sub/inc.env", "T AG=1"),
    ];
    check_errors(
        &files,
        &["config", "-q"],
        &expect![[r#"
        error[bad-env-file]: cannot read env file `@DIR@/.env`: a variable's name must not contain a blank
        --> .env:2:2
         = help: lines are `NAME=value`; quote values that hold blanks or `#`

        error[bad-env-file]: cannot read env file `@DIR@/.env`: unexpected character in a variable's name
        --> .env:3:1
         = help: lines are `NAME=value`; quote values that hold blanks or `#`

        error[bad-env-file]: cannot read env file `@DIR@/.env`: this quoted value has no end
        --> .env:4:6
         = help: lines are `NAME=value`; quote values that hold blanks or `#`

        error[bad-interpolation]: invalid interpolation format: `${1}:${PORT}`
         --> compose.yml:7:28
          |
        7 |     ports: ['${PORT}:80', '${1}:${PORT}']
          |                            ^^^^
          |
          = help: write `$NAME`, `${NAME}` or `${NAME:-default}`, and `$$` for a dollar sign

        error[unknown-key]: unknown key `prots` in `services.b`
          --> compose.yml:10:30
           |
        10 |   b: { image: '${IMAGE:-i}', prots: [] }
           |                              ^^^^^
           |
           = help: did you mean `ports`?

        error[bad-env-file]: cannot read env file `@DIR@/sub/inc.env`: a variable's name must not contain a blank
        --> sub/inc.env:1:2
         = help: lines are `NAME=value`; quote values that hold blanks or `#`

        error[bad-value]: `services.c.pull_policy` is `sometimes`, which is not of the form it needs
         --> sub/inc.yml:1:48
          |
        1 | services: { c: { image: '${TAG}', pull_policy: sometimes } }
          |                                                ^^^^^^^^^
          |
         ::: compose.yml:2:19
          |
        2 | include: [{ path: sub/inc.yml, env_file: sub/inc.env }]
          |                   ----------- included from here
          |
          = help: one of: `always`, `never`, `missing`, `if_not_present`, `build`, `refresh`, `daily`, `weekly`, `every_12h`

    "#]],
    );
}

#[test]
fn a_missing_env_file_hides_nothing_either() {
    let files = [
        (
            "compose.yml",
            "services: { a: { image: '${IMAGE:?}', prots: [], env_file: two.env }, b: { image: i, env_file: two.env } }",
        ),
        ("two.env", "A\n!\n"),
        ("one.env", "A B=1\n!=2\n"),
    ];
    check_errors(
        &files,
        &["--env-file", "gone.env", "--env-file", "one.env", "config", "-q"],
        &expect![[r#"
            error[bad-env-file]: cannot read env file `@DIR@/one.env`: a variable's name must not contain a blank
            --> one.env:1:2
             = help: lines are `NAME=value`; quote values that hold blanks or `#`

            error[bad-env-file]: cannot read env file `@DIR@/one.env`: unexpected character in a variable's name
            --> one.env:2:1
             = help: lines are `NAME=value`; quote values that hold blanks or `#`

            error[unknown-key]: unknown key `prots` in `services.a`
             --> compose.yml:1:39
              |
            1 | services: { a: { image: '${IMAGE:?}', prots: [], env_file: two.env }, b: { image: i, env_file: two.env } }
              |                                       ^^^^^
              |
              = help: did you mean `ports`?

            error[bad-env-file]: cannot read env file `@DIR@/two.env`: unexpected character in a variable's name
            --> two.env:2:1
             = help: lines are `NAME=value`; quote values that hold blanks or `#`

            error[file-not-found]: couldn't find env file: `@DIR@/gone.env`

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
    // Where files are given the variable says nothing.
    let options = LoadOptions { env_files: vec![folder.path().join(".env")], ..LoadOptions::default() };
    assert_eq!(load("yes", options), (Vec::new(), image("file")));
}

#[test]
fn names_of_containers_clash_among_selected_services_only() {
    let file = "services:
  app: { image: x, container_name: one, depends_on: [needed] }
  needed: { image: x, container_name: two }
  other: { image: x, container_name: one }
  third: { image: x, container_name: two, depends_on: [needed] }
";
    let code = |services: &[&str]| config(&[("compose.yml", file)], &[&["config", "-q"], services].concat()).0;
    assert_eq!(code(&["app"]), 0);
    assert_eq!(code(&["app", "other"]), 1);
    assert_eq!(code(&["third"]), 1);
    assert_eq!(code(&[]), 1);
}

#[test]
fn lists_are_printed_though_quiet_and_names_are_checked_though_all_is_shown() {
    let files = [("compose.yml", "services: { a: { image: i, profiles: [x] }, b: { image: j, profiles: [y] } }")];
    for (arguments, output) in [
        (&["config", "-q", "--profiles"][..], "x\ny\n"),
        (&["config", "-q", "--profiles", "a"], "x\ny\n"),
        (&["config", "-q", "--environment", "a"], ""),
        (&["--profile", "x", "config", "-q", "--services"], "a\n"),
    ] {
        assert_eq!(config(&files, arguments), (0, output.to_owned(), String::new()), "{arguments:?}");
    }
    for flag in ["--profiles", "--environment"] {
        check_errors(
            &files,
            &["config", flag, "nosuch"],
            &expect![[r"
            error[no-such-service]: no such service: `nosuch`

        "]],
        );
    }
}

#[test]
fn values_of_variables_are_never_shown_whatever_is_wrong_with_them() {
    let yaml = "
services:
  a:
    image: i
    mem_limit: ${PW}
    pull_policy: ${PW}
    ports: ['80:${PW}']
    volumes: ['${PW}:x:y:z']
    networks: ['${PW}']
    depends_on: ['${PW}']
    ulimits: { nofile: '${PW}' }
    command: \"${QUOTE}\"
    stop_grace_period: ${PW}
    extra_hosts: ['${PW}']
    labels: ['x', 'x']
    configs: [{ source: '${PW}' }]
    extends: { service: '${PW}' }
";
    let files = [("compose.yml", yaml), (".env", "PW='hunter2 is secret'\nQUOTE=\"s3cret'\"\n")];
    for flags in
        [&["config", "-q"][..], &["config", "-q", "--diagnostics", "json"], &["config", "-q", "--diagnostics", "sarif"]]
    {
        let (code, out, errors) = config(&files, flags);
        assert_eq!(code, 1);
        assert!((out.clone() + &errors).contains("${PW}"), "{out}{errors}");
        for secret in ["hunter2", "is secret", "s3cret"] {
            assert!(!out.contains(secret) && !errors.contains(secret), "{secret}: {out}{errors}");
        }
    }
}

#[test]
fn values_of_files_outside_the_project_are_never_shown() {
    let files = [
        ("project/compose.yml", "include: [../other.yml]\nservices: { a: { image: i } }"),
        (
            "other.yml",
            "services: { b: { image: i, mem_limit: topsecret, cpus: hidden, privileged: 12345678, unknwon: x } }",
        ),
    ];
    let (code, _, errors) = config(&files, &["-f", "project/compose.yml", "config", "-q"]);
    assert_eq!(code, 1);
    assert!(errors.contains("services.b.mem_limit") && errors.contains("unknwon"), "{errors}");
    for secret in ["topsecret", "hidden", "12345678"] {
        assert!(!errors.contains(secret), "{secret}: {errors}");
    }
}

#[test]
fn a_name_of_which_nothing_is_left_is_pointed_at() {
    let (code, _, errors) =
        config(&[("c.yml", "name: ___\nservices: { a: { image: i } }")], &["-p", "", "-f", "c.yml", "config", "-q"]);
    assert_eq!(code, 1);
    assert!(errors.contains("no-project-name") && errors.contains("c.yml:1:7"), "{errors}");
}

#[test]
fn faults_of_several_files_and_stages_are_told_at_once() {
    let a = "services: { a: { image: i, image: j, ports: ['80'], environment: [A=1], mem_limit: x } }";
    let b = "services: { a: { ports: wrong, environment: [], dns: {}, imgae: z } }";
    let (code, out, _) =
        config(&[("a.yml", a), ("b.yml", b)], &["-f", "a.yml", "-f", "b.yml", "config", "-q", "--diagnostics", "json"]);
    assert_eq!(code, 1);
    for told in ["duplicate-key", "cannot-override", "unknown-key", "services.a.dns", "services.a.mem_limit"] {
        assert!(out.contains(told), "{told}: {out}");
    }
}

#[test]
fn a_mistake_of_a_service_that_others_extend_is_told_once() {
    let base = "services: { s: { image: i, prots: [], ports: ['a:b'], cpus: x, depends_on: [gone], volumes: ['a:b:c:d'], user: '${1}${!}' } }";
    let files = [
        (
            "compose.yml",
            "services: { a: { extends: { file: base.yml, service: s } }, b: { extends: { file: base.yml, service: s } }, c: { extends: b } }",
        ),
        ("base.yml", base),
    ];
    let (_, _, errors) = config(&files, &["config", "-q"]);
    for (code, times) in
        [("unknown-key", 1), ("bad-port", 1), ("undefined", 1), ("bad-value", 2), ("bad-interpolation", 2)]
    {
        assert_eq!(errors.matches(&format!("error[{code}]")).count(), times, "{code}\n{errors}");
    }
}

#[test]
fn a_small_file_cannot_become_a_large_tree() {
    let mut text = "x-a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..9 {
        let last = format!("*a{}", level - 1);
        text.push_str(&format!("x-a{level}: &a{level} [{}]\n", vec![last; 10].join(", ")));
    }
    let (code, _, errors) = config(&[("compose.yml", &text)], &["config", "-q"]);
    assert_eq!(code, 1);
    assert!(errors.contains("too-large") && errors.contains("compose.yml:"), "{errors}");
}

#[test]
fn nesting_is_bounded() {
    let text = format!("x-a: {}{}\n", "[".repeat(200), "]".repeat(200));
    let (code, _, errors) = config(&[("compose.yml", &text)], &["config", "-q"]);
    assert_eq!(code, 1);
    assert!(errors.contains("compose.yml:1:"), "{errors}");
}

#[test]
fn what_config_prints_loads_to_the_same() {
    let main = "services: { web: { image: a, command: echo $$HOME, ports: ['80-81:80-81'], volumes: ['data:/d', '/x:/x:ro'], environment: { A: '0x1F', B: 'yes' } } }\nvolumes: { data: }\n";
    let first = config(&[("compose.yml", main)], &["config"]).1;
    let second = config(&[("compose.yml", &first)], &["config"]).1;
    assert_eq!(first, second);
}

#[test]
fn origin_says_where_each_value_comes_from() {
    let a = "services:\n  web:\n    image: a\n";
    let b = "services:\n  web:\n    user: me\n    environment: { DB_PASSWORD: x }\n";
    check(
        &[("a.yml", a), ("b.yml", b)],
        &["-f", "a.yml", "-f", "b.yml", "config", "--origin"],
        &expect![[r#"
        services.web.image = a                           # a.yml:3:12
        services.web.user = me                           # b.yml:3:11
        services.web.environment.DB_PASSWORD = (secret)  # b.yml:4:33
        services.web.networks.default =                  # b.yml:3:5
        networks.default.name = p_default                # default
        name = p                                         # default
    "#]],
    );
}

#[test]
fn diagnostics_are_given_to_programs_as_json_lines() {
    let files = [
        ("compose.yml", "include: [b.yml]\nservices: { a: { image: x, ports: ['${PORT}'] } }\n"),
        ("b.yml", "services: { b: { imgae: x } }\n"),
        (".env", "PORT=http\n"),
    ];
    let (code, out, errors) = config(&files, &["config", "-q", "--diagnostics", "json"]);
    assert_eq!((code, errors.as_str()), (1, ""));
    expect![[r#"
        {"severity":"error","code":"bad-port","message":"invalid containerPort: `${PORT}`","file":"compose.yml","line":2,"column":36,"end_line":2,"end_column":45,"path":"services.a.ports[0]","help":"write `\"8080:80\"`, `\"127.0.0.1:8080:80/tcp\"` or the long form","related":[{"file":".env","line":1,"column":1,"end_line":1,"end_column":5,"message":"`PORT` is interpolated from here"}]}
        {"severity":"error","code":"unknown-key","message":"unknown key `imgae` in `services.b`","file":"b.yml","line":1,"column":18,"end_line":1,"end_column":23,"path":"services.b.imgae","help":"did you mean `image`?","related":[{"file":"compose.yml","line":1,"column":11,"end_line":1,"end_column":16,"message":"included from here"}]}
    "#]].assert_eq(&out);
}

#[test]
fn diagnostics_are_given_to_code_hosts_as_sarif() {
    let broken = [("compose.yml", "services: { a: { image: x, networks: [n] } }\n")];
    let (code, out, _) = config(&broken, &["config", "-q", "--diagnostics", "sarif"]);
    assert_eq!(code, 1);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let result = &document["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], document["runs"][0]["tool"]["driver"]["rules"][0]["id"]);
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "compose.yml");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startColumn"], 39);
    let (code, out, _) =
        config(&[("compose.yml", "services: { a: { image: x } }\n")], &["config", "-q", "--diagnostics", "sarif"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, document["runs"][0]["results"].as_array().map(Vec::len)), (0, Some(0)));
}

#[test]
fn numbers_that_yaml_changes_are_told() {
    let text = "services: { a: { image: x, environment: { A: 0755, B: '0755', C: 8080 }, labels: { v: 3.10 } } }\n";
    let (code, _, errors) = config(&[("compose.yml", text)], &["config", "-q"]);
    assert_eq!(code, 0);
    let told: Vec<&str> = errors.lines().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(
        told,
        [
            "warning[yaml-number]: `services.a.environment.A`: YAML reads `0755` as a number, so its text becomes `493`",
            "warning[yaml-number]: `services.a.labels.v`: YAML reads `3.10` as a number, so its text becomes `3.1`",
        ]
    );
}

#[test]
fn an_entry_of_include_that_names_no_file_is_a_warning_with_the_right_key() {
    let stack =
        "include:\n  - pathh: inc.yaml\n  - {}\n  - path: inc.yaml\n    env_fil: x\nservices: { a: { image: x } }\n";
    let (code, out, errors) =
        config(&[("compose.yaml", stack), ("inc.yaml", "services: { b: { image: x } }")], &["config", "--services"]);
    assert_eq!((code, out.as_str()), (0, "a\nb\n"), "{errors}");
    expect![[r#"
        warning[unknown-key]: unknown key `pathh` in `include[0]`; the entry names no file, and nothing is included
         --> compose.yaml:2:5
          |
        2 |   - pathh: inc.yaml
          |     ^^^^^
          |
          = help: did you mean `path`?

        warning[missing-key]: `include[1]` names no file, and nothing is included
         --> compose.yaml:3:5
          |
        3 |   - {}
          |     ^^
          |
          = help: name a file: `path: other.yaml`, or remove the entry

        warning[unknown-key]: unknown key `env_fil` in `include[2]`
         --> compose.yaml:5:5
          |
        5 |     env_fil: x
          |     ^^^^^^^
          |
          = help: did you mean `env_file`?

    "#]]
    .assert_eq(&errors);
}

#[test]
fn extensions_do_not_change_hashes_wherever_they_stand() {
    let with = "services: { a: { image: x, x-a: 1, healthcheck: { test: a, x-b: 1 }, logging: { driver: d, x-c: 1 }, ports: [{ target: 80, x-d: 1 }], labels: { x-label: kept } } }";
    let without = "services: { a: { image: x, healthcheck: { test: a }, logging: { driver: d }, ports: [{ target: 80 }], labels: { x-label: kept } } }";
    let hash = |text: &str| config(&[("compose.yaml", text)], &["config", "--hash", "*"]).1;
    assert_eq!(hash(with), hash(without));
    assert_ne!(hash(with), hash(&without.replace("kept", "changed")));
}

#[test]
fn hashes_are_of_any_service_that_is_enabled_and_of_what_the_engine_would_refuse() {
    let stack = "services: { a: { image: x, mac_address: nonsense }, b: { image: y, profiles: [p] } }";
    let hash = |name: &str| config(&[("compose.yaml", stack)], &["config", "--hash", name]);
    assert_eq!(hash("*").1.lines().count(), 1, "{:?}", hash("*"));
    assert!(hash("b").2.contains("no active profile enables it"), "{:?}", hash("b"));
    assert!(hash("aa").2.contains("did you mean `a`?"), "{:?}", hash("aa"));
}

#[test]
fn a_command_that_asks_for_a_shell_is_cut_with_a_warning() {
    let stack = "services:\n  a:\n    image: x\n    command: one && two\n";
    let (code, out, errors) = config(&[("compose.yaml", stack)], &["config"]);
    assert!(code == 0 && out.contains("- one\n") && !out.contains("- two"), "{out}");
    assert!(errors.contains("warning[cut-command]: `services.a.command` ends at `&`"), "{errors}");
    assert!(errors.contains("compose.yaml:4:14"), "{errors}");
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

#[test]
fn variables_are_those_of_values_and_not_of_comments() {
    let stack = "services:\n  a:\n    # image: ${OLD}\n    image: x:${TAG:-1}\n    command: ${MUST:?why}\n";
    let (_, out, _) = config(&[("compose.yaml", stack)], &["config", "--variables"]);
    expect![[r#"
        NAME                REQUIRED            DEFAULT VALUE       ALTERNATE VALUE
        MUST                true
        TAG                 false               1
    "#]]
    .assert_eq(&out);
}

#[test]
fn without_interpolation_the_files_own_words_are_printed_profiles_and_all() {
    let stack = "services: { a: { image: 'x:${TAG}', ports: ['${PORT}:80'], profiles: [p] } }";
    check(
        &[("compose.yaml", stack)],
        &["config", "--no-interpolate"],
        &expect![[r#"
            name: p
            networks:
              default:
                name: p_default
            services:
              a:
                image: x:${TAG}
                networks:
                  default: null
                ports:
                  - ${PORT}:80
                profiles:
                  - p
        "#]],
    );
}
