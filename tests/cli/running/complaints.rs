//! What people have complained about in tools of this kind, as far as no other file is about it.

use std::time::{Duration, Instant};

use crate::common::real::{Stack, docker, is_ready};
use crate::setup::until;

#[test]
fn the_file_may_be_a_link_and_a_copy_of_a_project_needs_nothing_else() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { web: { image: IMAGE, init: true, volumes: ['./here:/here'] } }");
    let there = stack.folder.path().join("there");
    std::fs::create_dir_all(there.join("here")).unwrap();
    std::fs::rename(stack.folder.path().join("compose.yaml"), there.join("real.yaml")).unwrap();
    std::os::unix::fs::symlink("there/real.yaml", stack.folder.path().join("compose.yaml")).unwrap();
    std::fs::write(there.join("over.yaml"), "services: { web: { environment: { A: b } } }").unwrap();
    std::os::unix::fs::symlink("there/over.yaml", stack.folder.path().join("compose.override.yaml")).unwrap();
    // Relative paths are those of the directory with the link, as with docker compose.
    let out = stack.ok(&["config"]);
    let here = stack.folder.path().canonicalize().unwrap().join("here");
    assert!(out.contains(&format!("source: {}\n", here.display())) && out.contains("A: b"), "{out}");
}

#[test]
fn a_service_that_is_named_stands_alone_in_config() {
    let stack = Stack::new("services: { a: { image: x }, b: { image: y, depends_on: [c] }, c: { image: z } }");
    let out = stack.ok(&["config", "b"]);
    assert!(out.contains("  b:\n") && out.contains("  c:\n") && !out.contains("  a:\n"), "{out}");
    assert_eq!(stack.run(&["config", "d"]).0, 1);
}

#[test]
fn without_dependencies_nothing_is_recreated_after_it() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { web: { image: IMAGE, init: true, depends_on: [db] }, db: { image: IMAGE, init: true } }",
    );
    stack.ok(&["up", "-d", "--no-deps", "web"]);
    let before = stack.id("web");
    stack.ok(&["up", "-d"]);
    stack.ok(&["up", "-d", "--no-deps", "web"]);
    assert_eq!(stack.id("web"), before);
}

#[test]
fn run_ends_when_a_dependency_ends_and_shows_its_last_lines() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  backend: { image: IMAGE, command: [sh, -c, 'echo no luck; exit 4'], healthcheck: { test: [CMD, 'true'], interval: 1s } }
  s: { image: IMAGE, depends_on: { backend: { condition: service_healthy } } }
",
    );
    let run = stack.go(&["run", "--rm", "s", "echo", "never"]);
    assert!(run.code == Some(1) && run.out.is_empty(), "{run:?}");
    assert!(run.errors.contains("no luck") && run.errors.contains("backend"), "{run:?}");
}

#[test]
fn a_hook_that_fails_shows_its_output_and_hooks_of_ended_containers_are_no_fault() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    pre_stop: [{ command: [sh, -c, 'seq 100 130; exit 3'] }]
",
    );
    stack.ok(&["up", "-d"]);
    let run = stack.go(&["stop"]);
    assert!(run.is_success() && run.errors.contains("130") && run.errors.contains('3'), "{run:?}");
    assert!(!run.errors.contains("\n  100") && !stack.is_running("web"), "the last lines alone: {run:?}");
    stack.ok(&["start"]);
    docker(&["kill", &stack.name("web")]);
    let run = stack.go(&["down"]);
    assert!(run.is_success() && stack.containers().is_empty(), "{run:?}");
}

#[test]
fn a_key_ends_the_following_of_logs_at_once_also_while_the_engine_is_silent() {
    if !is_ready() {
        return;
    }
    let mut stack = Stack::new(
        "services: { web: { image: IMAGE, init: true, command: [sh, -c, 'echo begins; exec sleep 1000'] } }",
    );
    stack.ok(&["up", "-d"]);
    // An engine that takes connections and never answers.
    let folder = tempfile::tempdir().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join("engine.sock")).unwrap();
    let (sender, taken) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let taken = |_: &_| sender.send(()).unwrap_or_default();
        let kept: Vec<_> = listener.incoming().map_while(Result::ok).inspect(taken).collect();
        drop(kept);
    });
    let running = stack.begin(&["logs", "-f"]);
    stack.host = Some(format!("unix://{}/engine.sock", folder.path().display()));
    let hanging = stack.begin(&["logs", "-f"]);
    taken.recv_timeout(Duration::from_secs(60)).unwrap();
    stack.host = None;
    for (running, is_seen) in [(running, true), (hanging, false)] {
        if is_seen {
            until("the first line is there", || stack.ok(&["logs"]).contains("begins"));
        }
        running.signal(rustix::process::Signal::INT);
        let begun = Instant::now();
        let run = running.end();
        assert_eq!(run.code, Some(130), "{run:?}");
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not wait for an engine's answer: {run:?}");
    }
}

#[test]
fn a_listing_of_containers_has_the_format_that_docker_is_set_to_and_one_array_where_asked() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { web: { image: IMAGE, init: true, scale: 2 } }");
    stack.ok(&["up", "-d"]);
    let ps = |config: &str, more: &[&str]| {
        stack.file("config.json", config);
        let mut command = stack.command(stack.tool, &[&["ps"], more].concat());
        command.env("DOCKER_CONFIG", stack.folder.path());
        crate::common::real::Running::begin(command).end()
    };
    let config = r#"{"psFormat": "{{.Name}} is {{.State}}"}"#;
    assert_eq!(ps(config, &[]).out, format!("{0}-web-1 is running\n{0}-web-2 is running\n", stack.project));
    assert!(ps(config, &["--format", "table"]).out.starts_with("NAME "), "the option wins");
    let run = ps(r#"{"psFormat": "{{.Nonsense}}"}"#, &[]);
    assert!(run.is_success() && run.out.starts_with("NAME ") && run.errors.contains("`psFormat`"), "{run:?}");
    let array: serde_json::Value = serde_json::from_str(&ps("{}", &["--format", "json-array"]).out).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 2);
    assert_eq!(ps("{}", &["--format", "json"]).out.lines().count(), 2);
}
