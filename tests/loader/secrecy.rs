//! Values that no message shows.

use crate::setup::{config, config_with};

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
    command: \"${QUOTE_KEY}\"
    stop_grace_period: ${PW}
    extra_hosts: ['${PW}']
    labels: ['x', 'x']
    configs: [{ source: '${PW}' }]
    extends: { service: '${PW}' }
";
    let files = [("compose.yml", yaml), (".env", "PW='hunter2 is secret'\nQUOTE_KEY=\"s3cret'\"\n")];
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
fn a_value_is_shown_unless_it_looks_secret() {
    let told = |attribute: &str, variables: &str| {
        let stack = format!("services: {{ a: {{ image: i, {attribute} }} }}");
        let files = [("compose.yml", stack.as_str()), (".env", variables)];
        let (code, _, errors) = config(&files, &["config", "-q"]);
        assert_eq!(code, 1, "{errors}");
        errors
    };
    let shown = told("privileged: '${P}'", "P=maybe\n");
    assert!(shown.contains("must be true or false, but is `maybe`"), "{shown}");
    assert!(shown.contains("`P` is interpolated from here") && shown.contains(".env:1:1"), "{shown}");
    for (attribute, variables) in [
        ("privileged: '${DB_PASSWORD}'", "DB_PASSWORD=hunter2\n"),
        ("privileged: '${P}x'", "TOKEN=hunter2\nP=a${TOKEN}b\n"),
        ("privileged: '${P:-${PW}}'", "PW=hunter2\n"),
        ("mem_limit: '${URL}'", "URL=postgres://me:hunter2@db/x\n"),
        ("ports: ['${A}${API_KEY}:80']", "A=1\nAPI_KEY=hunter2\n"),
        ("privileged: '${P:?is $PW}'", "P=\nPW=hunter2\n"),
    ] {
        let errors = told(attribute, variables);
        assert!(!errors.contains("hunter2"), "{attribute}: {errors}");
    }
    let long = told("privileged: '${P}'", &format!("P={}\n", "y".repeat(5000)));
    assert!(long.contains("yyyy") && long.len() < 2000, "{long}");
    // The env file of an `include` sets variables for its file only.
    let files = [
        ("compose.yml", "include: [{ path: sub.yml, env_file: sub.env }]"),
        ("sub.yml", "services: { a: { image: i, privileged: '${DB_PASSWORD}' } }"),
        ("sub.env", "DB_PASSWORD=hunter2\n"),
    ];
    let (code, _, errors) = config(&files, &["config", "-q"]);
    assert!(code == 1 && errors.contains("${DB_PASSWORD}") && !errors.contains("hunter2"), "{errors}");
}

#[test]
fn warnings_about_env_files_tell_no_secret_and_nothing_of_files_elsewhere() {
    let stack = "services: { a: { image: i, env_file: [../other.env] } }";
    let files: [(&str, &[u8]); 3] = [
        ("project/compose.yml", stack.as_bytes()),
        ("other.env", b"root:$6$salt$hash:1\n"),
        ("project/.env", b"DB_PASSWORD=abc$def\n"),
    ];
    let (code, _, errors) = config_with(&files, &[], &["-f", "project/compose.yml", "config", "-q"]);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("project/.env:1:16") && errors.contains("other.env:1:8"), "{errors}");
    assert!(errors.contains("in the value of `DB_PASSWORD` is not set"), "{errors}");
    for secret in ["def", "abc", "salt", "hash", "root"] {
        assert!(!errors.contains(secret), "{secret}: {errors}");
    }
}
