//! Values that no message shows.

use crate::setup::config;

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
