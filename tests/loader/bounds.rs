//! Files that try to exhaust memory or time. Each run ends soon, within 256 MiB, and says what is wrong and where.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs `config -q` in a folder with bounded memory. A run that does not end is killed, and the test fails.
fn config(folder: &Path, arguments: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_inception");
    let script = format!("ulimit -v 262144 -t 60; exec '{program}' -p p {arguments}");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/nowhere").current_dir(folder);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The bounds on processor time and on the clock make a hang fail. Speed is measured in benches.
    let deadline = Instant::now() + Duration::from_secs(300);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("`{arguments}` does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn check(files: &[(&str, String)], arguments: &str, code: i32, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (ended, told) = config(folder.path(), arguments);
    assert_eq!(ended, code, "{told:.2000}");
    assert!(told.contains(words), "{told:.2000}");
}

fn file(text: impl Into<String>) -> [(&'static str, String); 1] {
    [("compose.yaml", text.into())]
}

#[test]
fn alias_bombs_are_refused_with_their_line() {
    let mut lists = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    let mut maps = String::from("a0: &a0 { a: x, b: x, c: x, d: x }\n");
    for level in 1..12 {
        let last = level - 1;
        let _ = writeln!(lists, "a{level}: &a{level} [{}]", vec![format!("*a{last}"); 10].join(", "));
        let _ =
            writeln!(maps, "a{level}: &a{level} {{ a: *a{last}, b: *a{last}, c: *a{last}, d: *a{last}, e: *a{last} }}");
    }
    check(&file(lists), "config -q", 1, "error[too-large]");
    check(&file(maps), "config -q", 1, "error[too-large]");
    check(&file("a: &a { <<: *a }\n"), "config -q", 1, "error[yaml-alias]");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 3000].join(", "));
    check(&file(long), "config -q", 1, "error[");
}

#[test]
fn depth_is_bounded() {
    check(&file(format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000))), "config -q", 1, "error[");
    let mut block = String::new();
    for depth in 0..3000 {
        let _ = writeln!(block, "{}a:", " ".repeat(depth));
    }
    check(&file(block), "config -q", 1, "error[");
    let nested = format!("services: {{ a: {{ image: \"{}x{}\" }} }}", "${A:-".repeat(5000), "}".repeat(5000));
    check(&file(nested), "config -q", 1, "error[");
}

#[test]
fn size_is_bounded_and_large_projects_load() {
    check(
        &file(format!("services: {{ a: {{ image: x, labels: {{ a: \"{}\" }} }} }}", "x".repeat(17 << 20))),
        "config -q",
        1,
        "error[too-large]",
    );
    check(&file("services: { a: { image: x, ports: ['1-65535:1-65535'] } }"), "config -q", 0, "");
    let mut many = String::from("services:\n");
    for index in 0..20_000 {
        let _ = writeln!(many, "  s{index}: {{ image: x }}");
    }
    check(&file(many), "config -q", 0, "");
}

#[test]
fn values_that_double_are_bounded() {
    let mut text = String::from("V0=xxxxxxxxxxxxxxxx\n");
    for index in 1..60 {
        let _ = writeln!(text, "V{index}=${{V{0}}}${{V{0}}}", index - 1);
    }
    let stack = "services: { a: { image: x, env_file: [e.env] } }".to_owned();
    check(&[("compose.yaml", stack.clone()), (".env", text.clone())], "config -q", 1, "error[");
    check(&[("compose.yaml", stack), ("e.env", text)], "config -q", 1, "error[");
}

#[test]
fn chains_of_extends_are_bounded() {
    let chain = |length: usize| {
        let links = (0..length).map(|index| format!("  s{index}: {{extends: s{}}}\n", index + 1));
        format!("services:\n{}  s{length}: {{image: i}}\n", links.collect::<String>())
    };
    check(&file(chain(90)), "config -q", 0, "");
    check(&file(chain(9000)), "config -q", 1, "goes on over more than 100 services");
}

#[test]
fn includes_are_bounded() {
    let mut chain: Vec<(String, String)> =
        (0..300).map(|index| (format!("f{index}.yml"), format!("include: [f{}.yml]", index + 1))).collect();
    chain.push(("f300.yml".to_owned(), "services: {}".to_owned()));
    chain.push(("compose.yaml".to_owned(), "include: [f0.yml]".to_owned()));
    let named: Vec<(&str, String)> = chain.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    check(&named, "config -q", 1, "error[too-many-files]");
    let mut fan: Vec<(String, String)> =
        (0..16).map(|index| (format!("f{index}.yml"), format!("include: [f{0}.yml, f{0}.yml]", index + 1))).collect();
    fan.push(("f16.yml".to_owned(), "services: { a: { image: x } }".to_owned()));
    fan.push(("compose.yaml".to_owned(), "include: [f0.yml]".to_owned()));
    let named: Vec<(&str, String)> = fan.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    check(&named, "config -q", 1, "error[too-many-files]");
}

#[test]
fn pipes_devices_and_folders_are_refused_where_a_file_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    let write = |text: &str| std::fs::write(path("compose.yaml"), text).unwrap();
    for (text, words) in [
        ("services: { a: { image: x, env_file: [pipe] } }", "error[not-a-file]"),
        ("services: { a: { image: x, env_file: [/dev/zero] } }", "error[not-a-file]"),
        ("services: { a: { extends: { file: pipe, service: a } } }", "error[not-a-file]"),
        ("include: [pipe]", "error[not-a-file]"),
        ("include: [/dev/zero]", "error[not-a-file]"),
        ("include: [/]", "error[not-a-file]"),
    ] {
        write(text);
        let (code, told) = config(folder.path(), "config -q");
        assert!(code == 1 && told.contains(words), "{text}: {code} {told}");
    }
    write("services: { a: { image: x } }");
    for arguments in [
        "-f pipe config -q",
        "-f /dev/zero config -q",
        "-f . config -q",
        "--env-file pipe config -q",
        "--env-file /dev/zero config -q",
    ] {
        let (code, told) = config(folder.path(), arguments);
        assert!(code == 1 && told.contains("error["), "{arguments}: {code} {told}");
    }
    std::fs::rename(path("pipe"), path(".env")).unwrap();
    let (code, told) = config(folder.path(), "config -q");
    assert!(code == 1 && told.contains("error[not-a-file]"), "{code} {told}");
}

#[test]
fn nothing_of_a_file_outside_the_project_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    let outside = [
        ("shadow", "root:$6$CANARY:19000:0:99999:7:::\nbin:*:CANARY:0:::\n"),
        ("words", "CANARY\n"),
        ("broken", "key \"CANARY: [\n"),
        ("other.yaml", "services:\n  a: { imagee: CANARY }\n"),
        ("list.yaml", "- CANARY\n"),
        ("bad.env", "A=CANARY\nno assignment CANARY\n"),
        ("open.env", "A=\"CANARY\n"),
    ];
    for (name, text) in outside {
        std::fs::write(folder.path().join(name), text).unwrap();
        for stack in [
            format!("include: [../{name}]"),
            format!("include: [{{ path: ../{name}, env_file: ../{name} }}]"),
            format!("services: {{ a: {{ extends: {{ file: ../{name}, service: a }} }} }}"),
            format!("services: {{ a: {{ image: x, env_file: ../{name} }} }}"),
            format!("services: {{ a: {{ image: x, label_file: ../{name} }} }}"),
        ] {
            std::fs::write(project.join("compose.yaml"), &stack).unwrap();
            for format in ["text", "json", "sarif"] {
                let (_, told) = config(&project, &format!("--diagnostics {format} config -q"));
                assert!(!told.contains("CANARY"), "{stack}: {told}");
            }
        }
    }
}

#[test]
fn cycles_of_every_kind_are_refused_with_their_hops() {
    let service = |attribute: &str| {
        let entry = |own: &str, other: &str| format!("  {own}: {{ image: x, {} }}\n", attribute.replace("NEXT", other));
        format!("services:\n{}{}{}", entry("one", "two"), entry("two", "three"), entry("three", "one"))
    };
    for attribute in [
        "depends_on: [NEXT]",
        "depends_on: { NEXT: { condition: service_healthy } }",
        "links: [NEXT]",
        "volumes_from: [NEXT]",
        "network_mode: \"service:NEXT\"",
        "ipc: \"service:NEXT\"",
        "pid: \"service:NEXT\"",
    ] {
        check(&file(service(attribute)), "config -q", 1, "one -> two -> three -> one");
    }
    check(&file(service("extends: NEXT")), "config -q", 1, "one -> two -> three -> one");
    let include = |next: &str| format!("include: [{next}]");
    let files =
        [("compose.yaml", include("b.yaml")), ("b.yaml", include("c.yaml")), ("c.yaml", include("compose.yaml"))];
    check(&files, "config -q", 1, "error[include-cycle]");
    let over = |next: &str| format!("services: {{ a: {{ extends: {{ file: {next}, service: a }} }} }}");
    let files = [("compose.yaml", over("b.yaml")), ("b.yaml", over("compose.yaml"))];
    check(&files, "config -q", 1, "error[extends-cycle]");
}

#[test]
fn nul_and_text_that_is_none_are_refused_with_their_place() {
    check(&file("services: { a: { image: \"x\\0y\", environment: { A: \"\\0\" } } }"), "plan", 1, "error[bad-value]");
    check(&file("services:\0 {}"), "config -q", 1, "error[not-text]");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("compose.yaml"), b"services: {}\n# \xff\n").unwrap();
    let (code, told) = config(folder.path(), "config -q");
    assert!(code == 1 && told.contains("error[not-text]") && told.contains("line 2"), "{told}");
}

#[test]
fn a_label_of_many_megabytes_and_many_errors_are_bounded() {
    let mut wrong = String::from("services:\n");
    for index in 0..20_000 {
        let _ = writeln!(wrong, "  s{index}: {{ imagee: x, ports: [a], depends_on: [nobody] }}");
    }
    check(&file(wrong), "config -q", 1, "error[unknown-key]");
    let label = format!("services: {{ a: {{ image: x, labels: {{ a: \"{}\" }} }} }}", "x".repeat(900_000));
    check(&file(label), "config -q", 0, "");
}

#[test]
fn a_process_substitution_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = config(folder.path(), "-f <(sleep 0.2; echo 'services: { a: { image: x } }') config -q");
    assert_eq!(code, 0, "{told}");
}

#[test]
fn output_that_cannot_be_written_is_no_success() {
    let text = "services: { a: { image: x } }\n";
    check(&file(text), "config > /dev/full", 1, "cannot write to standard output");
    check(&file(text), "config | true", 0, "");
}

#[test]
fn values_of_logs_that_mean_nothing_are_refused() {
    let text = "services: { a: { image: x } }\n";
    for (arguments, words) in [
        ("logs --since 999999999999999h", "it must be a moment"),
        ("logs --until yesterday", "it must be a moment"),
        ("logs --since inf", "it must be a moment"),
        ("logs --tail abc", "it must be a number of lines"),
    ] {
        check(&file(text), arguments, 1, words);
    }
}
