//! Values that no message may show.

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
    // The env file of an `include` sets variables for the included file only.
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

/// Runs `config` with its output on a terminal. Returns the output and standard error.
fn on_a_terminal(folder: &std::path::Path, arguments: &[&str]) -> (String, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::io::Read;
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    let terminal = std::fs::OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inception"));
    command.env_clear().env("API_TOKEN", "t0ken-of-the-shell").current_dir(folder);
    let mut child = command.args(arguments).stdout(terminal).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // The command holds the terminal open, too. The reader below ends only when nobody does.
    drop(command);
    let mut shown = Vec::new();
    let mut controller = std::fs::File::from(controller);
    let mut part = [0; 4096];
    // A terminal that nobody holds open ends with an error (EIO).
    while let Ok(count @ 1..) = controller.read(&mut part) {
        shown.extend_from_slice(&part[..count]);
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success(), "{errors}");
    (String::from_utf8(shown).unwrap().replace("\r\n", "\n"), errors)
}

#[test]
fn config_hides_secrets_on_a_terminal_and_nowhere_else() {
    let yaml = "
x-common: { API_KEY: extension-1 }
services:
  web:
    image: registry/password-store
    build: { context: ., args: { NPM_TOKEN: argument-1, MODE: plain } }
    command: [serve, --password, word-after-1, --port, '80']
    environment:
      DB_PASSWORD: hunter2-1
      URL: postgres://user:inside-1@db/x
      TITLE: shown-title
      TOKEN: '${API_TOKEN}'
    labels: { app.secret: label-1, app.title: shown-label }
    logging: { driver: x, options: { splunk-token: option-1 } }
    volumes: ['/etc/passwd:/etc/passwd']
    secrets: [db_password]
    configs: [db_password]
volumes: { data: { driver_opts: { credentials: driver-1 } } }
secrets: { db_password: { file: ./password.txt } }
configs: { db_password: { content: content-1 } }
";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yaml"), yaml).unwrap();
    std::fs::write(folder.path().join(".env"), "MY_PASSWORD=dotenv-1\nMY_TITLE=shown-dotenv\n").unwrap();
    let secrets = [
        "extension-1",
        "argument-1",
        "word-after-1",
        "hunter2-1",
        "inside-1",
        "t0ken-of-the-shell",
        "label-1",
        "option-1",
        "content-1",
    ];
    let plain = ["registry/password-store", "plain", "shown-title", "shown-label", "/etc/passwd", "password.txt"];
    for format in ["yaml", "json"] {
        let (shown, errors) = on_a_terminal(folder.path(), &["config", "--format", format]);
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
        assert!(plain.iter().all(|text| shown.contains(text)), "{shown}");
        assert!(errors.contains("`--show-secrets` shows them"), "{errors}");
        let (shown, errors) = on_a_terminal(folder.path(), &["config", "--show-secrets", "--format", format]);
        assert!(secrets.iter().all(|secret| shown.contains(secret)) && errors.is_empty(), "{shown}{errors}");
    }
    let (shown, _) = on_a_terminal(folder.path(), &["--all-resources", "config"]);
    assert!(!shown.contains("driver-1"), "{shown}");
    let (shown, _) = on_a_terminal(folder.path(), &["config", "--no-interpolate"]);
    assert!(shown.contains("${API_TOKEN}") && !shown.contains("hunter2-1"), "{shown}");
    let (shown, _) = on_a_terminal(folder.path(), &["config", "--environment"]);
    assert!(shown.contains("MY_PASSWORD=(secret)") && shown.contains("MY_TITLE=shown-dotenv"), "{shown}");
    assert!(shown.contains("API_TOKEN=(secret)"), "{shown}");
    let (shown, errors) = on_a_terminal(folder.path(), &["config", "--services"]);
    assert!(shown == "web\n" && errors.is_empty(), "{shown}{errors}");
    let (shown, _) = on_a_terminal(folder.path(), &["config", "-o", "out.yaml"]);
    let written = std::fs::read_to_string(folder.path().join("out.yaml")).unwrap();
    assert!(shown.is_empty() && written.contains("hunter2-1"), "a file gets all values: {written}");
    let (_, out, errors) = config(&[("compose.yaml", yaml)], &["config"]);
    assert!(out.contains("hunter2-1") && !errors.contains("hidden"), "so does a pipe: {out}{errors}");
    let origins = |flags: &[&str]| config(&[("compose.yaml", yaml)], &[&["config", "--origin"], flags].concat()).1;
    assert!(!origins(&[]).contains("hunter2-1") && origins(&["--show-secrets"]).contains("hunter2-1"));
}

#[test]
fn variables_with_secret_defaults_are_listed_without_them_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "services: { web: { image: '${IMAGE:-app}', environment: { A: '${DB_PASSWORD:-default-1}', B: '${KEY:+other-1}' } } }";
    std::fs::write(folder.path().join("compose.yaml"), yaml).unwrap();
    for flags in [&["config", "--variables"][..], &["config", "--variables", "--format", "json"]] {
        let (shown, _) = on_a_terminal(folder.path(), flags);
        assert!(shown.contains("app") && !shown.contains("default-1") && !shown.contains("other-1"), "{shown}");
    }
}
