//! `down`, `ps` and `stop`.

use crate::common::real::{Stack, is_ready};
use crate::setup::TWO;

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
