//! How `check` judges and tells: waivers, one finding a cause, formats, exit codes, secrets, `up --strict`.

use crate::run;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn codes(folder: &tempfile::TempDir) -> Vec<String> {
    let (_, found) = crate::findings(folder.path(), &[]);
    found.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_comment_with_a_reason_waives_a_finding_in_place() {
    let stack = |before: &str, after: &str| {
        folder(&[(
            "compose.yaml",
            &format!("services:\n  a:\n    image: x:1\n    mem_limit: 1m\n{before}    privileged: true{after}\n"),
        )])
    };
    assert_eq!(codes(&stack("", "")), ["privileged"]);
    for (before, after) in [
        ("    # inception: allow(privileged) mounts file systems\n", ""),
        ("    # inception: allow(privileged) mounts file systems\n    # and more words\n", ""),
        ("", " # inception: allow(privileged) mounts file systems"),
    ] {
        let stack = stack(before, after);
        assert_eq!(codes(&stack), Vec::<String>::new(), "{before}{after}");
        let output = run(stack.path(), &["check"]);
        assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"nothing found, 1 waived in the files\n"[..]));
    }
    assert_eq!(codes(&stack("", " # inception: allow(privileged)")), ["privileged"]);
    assert_eq!(codes(&stack("", " # inception: allow(host-pid) other")), ["privileged"]);
}

#[test]
fn one_cause_is_told_once() {
    let anchors = folder(&[(
        "compose.yaml",
        "x-common: &common { privileged: true, mem_limit: 1m }\nservices:\n  a: { <<: *common, image: 'x:1' }\n  b: { <<: *common, image: 'x:1' }\n",
    )]);
    assert_eq!(codes(&anchors), ["privileged"]);
    let dockerfile = "FROM alpine:3.22\nRUN chmod 777 /x\nCMD [\"x\"]\n";
    let shared =
        "services:\n  a: { image: 'a:1', build: ., mem_limit: 1m }\n  b: { image: 'b:1', build: ., mem_limit: 1m }\n";
    assert_eq!(codes(&folder(&[("compose.yaml", shared), ("Dockerfile", dockerfile)])), ["world-writable"]);
}

#[test]
fn the_exit_code_tells_clean_found_and_not_checked_apart() {
    let clean = folder(&[("compose.yaml", "services: { a: { image: 'x:1', mem_limit: 1m } }\n")]);
    assert_eq!(run(clean.path(), &["check"]).status.code(), Some(0));
    assert_eq!(run(clean.path(), &["check", "."]).status.code(), Some(0));
    let found = folder(&[("srcs/compose.yml", "services: { a: { image: x, mem_limit: 1m } }\n")]);
    assert_eq!(run(found.path(), &["check", "."]).status.code(), Some(2));
    // What could be read is judged all the same.
    let broken = folder(&[("compose.yaml", "services: { a: { image: x, mem_limit: 1m, imgae: y } }\n")]);
    let output = run(broken.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown-key"));
    let nothing = folder(&[]);
    let output = run(nothing.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-compose-file"));
    assert_eq!(run(nothing.path(), &["check", "missing.yml"]).status.code(), Some(1));
}

#[test]
fn values_of_secrets_are_never_shown() {
    let text = "services:\n  a:\n    image: x\n    environment: { DB_PASSWORD: canary-one }\n    command: [run, --password, canary-two, --requirepass=canary-three]\n    build: .\n";
    let dockerfile = "FROM debian\nENV DB_PASSWORD=canary-four A=1\nENTRYPOINT run --password canary-five\n";
    let stack = folder(&[("compose.yaml", text), ("Dockerfile", dockerfile)]);
    for format in ["text", "json", "sarif"] {
        let output = run(stack.path(), &["check", "--rules", "all", "--format", format]);
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains("canary"), "{}", String::from_utf8_lossy(&all));
    }
    let output = run(stack.path(), &["check", "--rules", "subject"]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("canary"), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn files_outside_the_project_are_not_shown() {
    let outside = folder(&[("passwd", "canary-line\nsecond\n")]);
    let context = outside.path().display();
    let text = format!(
        "services: {{ a: {{ image: 'a:1', mem_limit: 1m, build: {{ context: {context}, dockerfile: passwd }} }} }}\n"
    );
    let stack = folder(&[("compose.yaml", &text)]);
    let output = run(stack.path(), &["check", "--rules", "subject"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("dockerfile-missing") && !out.contains("canary"), "{out}");
}

#[test]
fn sarif_has_the_rule_the_place_and_the_page() {
    let stack = folder(&[("compose.yaml", "services: { a: { image: 'x:1', mem_limit: 1m, pid: host } }\n")]);
    let output = run(stack.path(), &["check", "--format", "sarif"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    assert_eq!(run["results"][0]["ruleId"], "host-pid");
    assert_eq!(run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
    assert!(run["tool"]["driver"]["rules"][0]["help"]["text"].as_str().unwrap().len() > 100);
}

#[test]
fn another_base_can_be_said_to_be_right() {
    let text = "services: { a: { image: 'a:1', mem_limit: 1m, build: . } }\n";
    let stack = folder(&[("compose.yaml", text), ("Dockerfile", "FROM debian:trixie\nCMD [\"x\"]\n")]);
    let found = |more: &[&str]| {
        let (_, found) = crate::findings(stack.path(), &[&["--rules", "subject"], more].concat());
        found.iter().any(|one| one["code"] == "base-release")
    };
    assert!(found(&[]) && !found(&["--base", "debian:trixie"]));
}

#[test]
fn every_rule_is_explained() {
    let stack = folder(&[]);
    for code in ["privileged", "endless-loop", "tls-version", "secret-in-git"] {
        let output = run(stack.path(), &["explain", code]);
        assert_eq!(output.status.code(), Some(0), "{code}");
    }
}

#[test]
fn up_tells_in_one_line_who_gets_the_machine_and_strict_refuses() {
    let text = "services:\n  a: { image: 'x:1', privileged: true, pid: host }\n  b: { image: 'x:1' }\n";
    let stack = folder(&[("compose.yaml", text)]);
    let told = |arguments: &[&str]| String::from_utf8(run(stack.path(), arguments).stderr).unwrap();
    // No engine is there, so nothing is begun; the line comes first.
    let words = told(&["--host", "unix:///nonexistent", "up", "-d"]);
    assert!(
        words.contains("warning[hands-over-host]: the file hands over this machine to `a` (privileged, host-pid)"),
        "{words}"
    );
    let words = told(&["--host", "unix:///nonexistent", "up", "-d", "--strict"]);
    assert!(words.contains("error[hands-over-host]") && !words.contains("cannot"), "{words}");
    let text = "services:\n  a: { image: 'x:1', volumes: ['all:/all'] }\n  b: { image: 'x:1', volumes: ['all:/all'] }\n\
                volumes: { all: { driver_opts: { type: none, o: bind, device: '/srv/..//' } } }\n";
    let stack = folder(&[("compose.yaml", text)]);
    let output = run(stack.path(), &["--host", "unix:///nonexistent", "up", "-d", "--strict"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("hands over this machine to `a` (host-root), `b` (host-root)"), "{words}");
}
