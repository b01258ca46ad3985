//! `down`, `ps`, `stop` and `restart`.

use crate::common::real::{Stack, Tool, is_ready};
use crate::setup::{TWO, until};

#[test]
fn a_project_can_be_taken_down_without_its_file() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(TWO);
    stack.ok(&["up", "-d"]);
    std::fs::remove_file(stack.folder.path().join("compose.yaml")).unwrap();
    assert_eq!(stack.ok(&["ps", "-q"]).lines().count(), 2);
    stack.ok(&["down"]);
    assert_eq!(stack.count(), 1, "the volume stays");
    stack.ok(&["down", "-v"]);
    assert_eq!(stack.count(), 0);
}

#[test]
fn ps_shows_the_fields_that_a_template_names() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new("services: { a: { image: IMAGE, init: true }, b: { image: IMAGE, init: true } }");
    stack.ok(&["up", "-d", "--menu=false"]);
    assert_eq!(stack.ok(&["ps", "--format", "{{.Service}} {{ .State }}/{{.ExitCode}}"]), "a running/0\nb running/0\n");
    let table = stack.ok(&["ps", "--format", r"table {{.Service}}\t{{.Name}}"]);
    assert_eq!(table, format!("SERVICE   NAME\na         {}\nb         {}\n", stack.name("a"), stack.name("b")));
    assert_eq!(stack.ok(&["ps", "--no-trunc", "--format", "{{.ID}}", "a"]).trim(), stack.id("a"));
    assert_eq!(stack.ok(&["ps", "--filter", "status=exited"]).lines().count(), 1);
}

#[test]
fn a_stop_within_its_grace_is_no_silence_of_the_engine() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { a: { image: IMAGE, stop_grace_period: 10s, command: [sh, -c, 'trap : TERM; while :; do sleep 1; done'] } }";
    let stack = Stack::new(yaml);
    stack.ok(&["up", "-d"]);
    let (code, _, errors) = stack.run(&["stop"]);
    assert!(code == 0 && !errors.contains("no answer"), "{errors}");
}

/// Ports that follow one another are joined as docker compose joins them.
#[test]
fn ps_joins_ports_to_ranges() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, expose: ['90', '91', '92', '95', '91/udp'], ports: ['127.0.0.1::80', '127.0.0.1::81'] } }",
    );
    stack.ok(&["up", "-d"]);
    let line = |tool: Tool| {
        let output = stack.command(tool, &["ps", "--format", "{{.Ports}}"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let ours = line(Tool::Ours);
    assert!(ours.starts_with("90-92/tcp, 95/tcp, 91/udp, 127.0.0.1:"), "{ours}");
    if Tool::Peer.is_ready() {
        assert_eq!(ours, line(Tool::Peer));
    }
}

/// At its start, `app` notes whether `db` was ready. `db` becomes ready late; `job` ends with a code from a file.
const READY: &str = "
services:
  app:
    image: IMAGE
    stop_grace_period: 1s
    command: [sh, -c, 'if test -f /s/ready; then echo READY; else echo EARLY; fi; echo up; trap \"exit 0\" TERM; while :; do sleep 0.1; done']
    volumes: [shared:/s]
    depends_on: { db: { condition: service_healthy, restart: true }, job: { condition: service_completed_successfully } }
  db:
    image: IMAGE
    stop_grace_period: 1s
    command: [sh, -c, 'rm -f /s/ready; trap \"exit 0\" TERM; sleep 2; touch /s/ready; while :; do sleep 0.1; done']
    volumes: [shared:/s]
    healthcheck: { test: 'test -f /s/ready', interval: 1s, retries: 20 }
  job:
    image: IMAGE
    command: [sh, -c, 'exit $$(cat /s/code 2>/dev/null || echo 0)']
    volumes: [shared:/s]
volumes: { shared: }
";

#[test]
fn a_restart_waits_for_what_is_restarted_with_it() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(READY);
    stack.ok(&["up", "-d"]);
    for arguments in [&["restart"][..], &["restart", "db"]] {
        let before = stack.inspect("app", "{{.State.StartedAt}}");
        stack.ok(arguments);
        assert_ne!(stack.inspect("app", "{{.State.StartedAt}}"), before, "{arguments:?}");
        until("app has spoken", || stack.ok(&["logs", "--tail", "1", "app"]).contains("up"));
        let said = stack.ok(&["logs", "--no-log-prefix", "app"]);
        assert!(!said.contains("EARLY"), "{arguments:?}: {said}");
    }
    // A failed job does not affect its dependents.
    stack.put("db", "/s/code", "3");
    let before = stack.inspect("app", "{{.State.StartedAt}}");
    let (code, _, errors) = stack.run(&["restart"]);
    assert!(code == 1 && errors.contains("exited with code 3"), "{code} {errors}");
    assert_eq!(stack.inspect("app", "{{.State.StartedAt}}"), before);
}
