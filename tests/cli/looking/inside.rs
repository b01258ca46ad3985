//! `inside`: what the kernel says agrees with what the file asks for. `smoke`: commands and crashes on the engine.

use crate::common::real::{Stack, is_ready, told};

const STACK: &str = "
services:
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    restart: always
    mem_limit: 32m
    pids_limit: 50
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ['no-new-privileges:true']
    networks: { default: { aliases: [www] } }
  side: { image: IMAGE, init: true, stop_grace_period: 0s, network_mode: 'service:web' }
x-smoke:
  right: { exec: [sh, -c, 'echo hello; exit 3'], service: web, code: 3, output: hello }
  wrong: { exec: [sh, -c, 'echo oops; exit 1'], service: web, within: 100ms }
  comes back: { survives: restart, service: web }
";

#[test]
fn inside_shows_what_the_kernel_made_of_the_file() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(STACK);
    stack.ok(&["up", "-d"]);
    let (code, text, told_) = stack.run(&["inside", "web", "--format", "json"]);
    assert_eq!(code, 0, "{told_}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let value = |section: &str, name: &str, part: &str| {
        let entries = document[section]["entries"].as_array().cloned().unwrap_or_default();
        let entry = entries.iter().find(|one| one["name"] == name).cloned();
        entry.and_then(|one| one[part].as_str().map(str::to_owned)).unwrap_or_default()
    };
    let network = format!("{}_default", stack.project);
    let address =
        told(&["inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", &stack.name("web")]);
    assert_eq!(value("networks", &network, "value"), address, "{text}");
    assert!(value("networks", &network, "remark").contains("www"), "{text}");
    // An engine whose processes this program cannot see is said to be so.
    if document.get("kernel").is_some() {
        assert!(document["kernel"]["unread"].is_string(), "{text}");
        return;
    }
    assert_eq!(value("cgroup", "memory limit", "value"), "32.0 MiB");
    assert_eq!(value("cgroup", "process limit", "value"), "50");
    assert_eq!(value("privileges", "capabilities", "value"), "NET_BIND_SERVICE");
    assert_eq!(value("privileges", "no-new-privileges", "value"), "yes");
    assert!(value("namespaces", "net", "remark").contains("-side-1"), "{text}");
    assert!(value("namespaces", "pid", "remark").contains("own"), "{text}");
    assert!(stack.run(&["inside", "web"]).1.contains("CGROUP"));
    assert_eq!(stack.run(&["inside", "nothing"]).0, 1);
}

#[test]
fn smoke_runs_commands_in_services_and_waits_for_them_after_a_restart() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(STACK);
    stack.ok(&["up", "-d"]);
    let (code, text, told_) = stack.run(&["smoke"]);
    assert_eq!(code, 2, "{text}{told_}");
    for words in [
        "ok    right: exit code 3",
        "FAIL  wrong: exit code 1, not 0: oops",
        "skip  comes back: ",
        "1 passed, 1 failed, 1 skipped",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    let (code, text, told_) = stack.run(&["smoke", "--disturb", "comes back"]);
    assert!(code == 0 && text.contains("ok    comes back: back after"), "{text}{told_}");
}
