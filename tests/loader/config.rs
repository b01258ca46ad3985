//! The output of `config`: the project, lists, hashes, origins, diagnostics for programs.

use crate::setup::{check, check_errors, config};
use expect_test::expect;

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
fn config_prints_a_model_that_loads_to_the_same() {
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
        {"severity":"error","code":"bad-port","message":"invalid containerPort: `http`","file":"compose.yml","line":2,"column":36,"end_line":2,"end_column":45,"path":"services.a.ports[0]","help":"write `\"8080:80\"`, `\"127.0.0.1:8080:80/tcp\"` or the long form","related":[{"file":".env","line":1,"column":1,"end_line":1,"end_column":5,"message":"`PORT` is interpolated from here"}]}
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
