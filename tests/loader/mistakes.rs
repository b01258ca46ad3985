//! Messages about mistakes: all at once, each with its place.

use crate::setup::{check_errors, config};
use expect_test::expect;

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
fn a_command_that_asks_for_a_shell_is_cut_with_a_warning() {
    let stack = "services:\n  a:\n    image: x\n    command: one && two\n";
    let (code, out, errors) = config(&[("compose.yaml", stack)], &["config"]);
    assert!(code == 0 && out.contains("- one\n") && !out.contains("- two"), "{out}");
    assert!(errors.contains("warning[cut-command]: `services.a.command` ends at `&`"), "{errors}");
    assert!(errors.contains("compose.yaml:4:14"), "{errors}");
}
