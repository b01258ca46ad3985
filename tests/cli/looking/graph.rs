//! `graph`: pictures of a project.

use crate::common::real::{Stack, docker, is_ready};

const SHOP: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    networks: [front, back]
    depends_on: [db]
  db: { image: IMAGE, init: true, stop_grace_period: 0s, networks: [back], volumes: ['data:/data'] }
networks: { front: {}, back: {} }
volumes: { data: {} }
";

#[test]
fn the_tree_tells_who_needs_whom_and_how_they_are() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(SHOP);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let before = lines(&stack.ok(&["graph"]));
    assert!(before[0].starts_with("web ○ not created — "), "{before:?}");
    stack.ok(&["up", "-d"]);
    docker(&["kill", &stack.name("web")]);
    let after = lines(&stack.ok(&["graph"]));
    assert!(after[0].starts_with("web ✕ exited with 137 — ") && after[0].ends_with(" on back, front"), "{after:?}");
    assert!(after[1].starts_with("└─ db (started) ● running — "), "{after:?}");
    assert_eq!(after[2], "   └─ volume data (writes)");
    assert_eq!(stack.ok(&["graph", "db"]).lines().count(), 2);
}

#[test]
fn a_file_gets_the_format_of_its_name() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(SHOP);
    for (name, begins) in [("a.svg", "<svg xmlns="), ("a.dot", "digraph "), ("a.mmd", "flowchart TB\n")] {
        let path = stack.folder.path().join(name);
        let path = path.to_str().unwrap();
        assert_eq!(stack.ok(&["graph", "--offline", "-o", path]), "");
        let drawn = std::fs::read_to_string(path).unwrap();
        assert!(drawn.starts_with(begins) && drawn.contains("data"), "{drawn}");
        assert_eq!(stack.ok(&["graph", "--offline", "-o", path]), "");
        assert_eq!(drawn, std::fs::read_to_string(path).unwrap(), "the same file gives the same picture");
    }
    let (code, _, told) = stack.run(&["graph", "-o", "/proc/none/a.svg"]);
    assert!(code == 1 && told.contains("cannot write `/proc/none/a.svg`"), "{told}");
}

#[test]
fn without_an_engine_the_picture_shows_the_file_and_says_so() {
    let stack = Stack::new("services: { web: { image: 'nginx:1' } }");
    let (code, drawn, told) = stack.run(&["--host", "unix:///nowhere/engine.sock", "graph"]);
    assert_eq!((code, drawn.as_str()), (0, "web — nginx:1 on default\n"));
    assert!(told.contains("the engine does not answer, so the picture shows the file alone"), "{told}");
    let (code, _, told) = stack.run(&["--host", "unix:///nowhere/engine.sock", "graph", "--offline"]);
    assert_eq!((code, told.as_str()), (0, ""));
}

#[test]
fn the_picture_in_the_documentation_is_that_of_the_stack() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inception"));
    command.current_dir(root).args(["--env-file", ".env.example", "-f", "srcs/docker-compose.yml"]);
    let drawn = command.args(["graph", "--offline", "--format", "svg"]).output().unwrap().stdout;
    let kept = std::fs::read(root.join("docs/pictures/inception.svg")).unwrap();
    assert!(!kept.is_empty() && drawn == kept, "draw it again: make pictures");
}
