//! Templates of `ps --format` on the real engine, beside docker compose's.

use crate::common::real::{Run, Running, Stack, Tool, is_ready};

const YAML: &str = r#"
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    ports: ["127.0.0.1::80", "127.0.0.1::81/udp"]
    labels: { org.team-name: core, list: "a,b", marks: "<&>\"", word: größe }
  job: { image: IMAGE, command: [sh, -c, "exit 3"] }
"#;

/// Templates that docker compose prints, or refuses.
fn templates(kind: &str) -> Vec<String> {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../../../src/ui/template/cases.json")).expect("the cases are JSON");
    let text = |case: &serde_json::Value| case[0].as_str().expect("a case begins with its template").to_owned();
    cases[kind].as_array().expect("cases are a list").iter().map(text).collect()
}

fn begun() -> Stack {
    let stack = Stack::new(YAML);
    // `job` fails.
    stack.go(&["up", "-d"]);
    let has_ended = || stack.inspect("job", "{{.State.Status}}") == "exited";
    while !has_ended() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    stack
}

fn ps(stack: &Stack, tool: Tool, format: &str) -> Run {
    Running::begin(stack.command(tool, &["ps", "-a", "--format", format])).end()
}

#[test]
fn templates_print_what_docker_compose_prints() {
    if !is_ready() || !Tool::Peer.is_ready() {
        return;
    }
    let stack = begun();
    for template in templates("printed") {
        let (ours, peer) = (ps(&stack, Tool::Ours, &template), ps(&stack, Tool::Peer, &template));
        assert!(ours.is_success() && peer.is_success(), "{template}: {ours:?} {peer:?}");
        match template.starts_with("table ") {
            // The widths of columns may differ.
            true => {
                let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                assert_eq!(words(&ours.out), words(&peer.out), "{template}");
            }
            false => assert_eq!(ours.out, peer.out, "{template}"),
        }
    }
    let (ours, peer) = (rows(&stack, Tool::Ours, "{{json .}}"), rows(&stack, Tool::Peer, "{{json .}}"));
    assert_eq!(ours.len(), 2);
    assert_eq!(ours, peer);
}

/// Returns the rows as JSON, without ages, and without the lists that docker compose prints in any order.
fn rows(stack: &Stack, tool: Tool, format: &str) -> Vec<serde_json::Value> {
    let run = ps(stack, tool, format);
    let row = |line: &str| {
        let mut row: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        for field in ["Labels", "Mounts", "Publishers", "RunningFor", "Status"] {
            assert!(row.as_object_mut().expect("a row is an object").remove(field).is_some(), "{field}");
        }
        row
    };
    run.out.lines().map(row).collect()
}

#[test]
fn a_template_that_docker_compose_refuses_is_refused_with_its_column() {
    if !is_ready() {
        return;
    }
    let stack = begun();
    for template in templates("refused") {
        let run = ps(&stack, Tool::Ours, &template);
        assert!(run.code == Some(1) && run.out.is_empty(), "{template}: {run:?}");
        assert!(run.errors.contains("column "), "{template}: {run:?}");
    }
    assert_eq!(rows(&stack, Tool::Ours, "{{json .}}"), rows(&stack, Tool::Ours, "json"));
    let whole: serde_json::Value =
        serde_json::from_str(&stack.ok(&["ps", "--no-trunc", "--format", "json"])).expect("JSON");
    assert_eq!(whole["ID"], *stack.id("web"));
    let targets: Vec<_> =
        whole["Publishers"].as_array().expect("a list").iter().map(|one| &one["TargetPort"]).collect();
    assert_eq!(targets, [80, 81]);
}
