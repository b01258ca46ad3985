//! A new version that cannot run: the exit code says so, and the old container goes on.

use crate::common::real::{Stack, Tool};

crate::scenarios! {
    a_version_that_ends_at_once_leaves_the_old_one,
    a_version_whose_command_is_not_found_leaves_the_old_one,
    a_version_whose_port_is_taken_leaves_the_old_one,
    a_version_with_an_unknown_user_leaves_the_old_one,
    a_version_with_a_missing_mount_leaves_the_old_one,
    a_version_that_never_gets_healthy_leaves_the_old_one,
    a_version_whose_image_is_missing_leaves_the_old_one,
    a_version_whose_dependency_fails_leaves_the_old_one,
}

const OLD: &str = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s } }";

/// Replaces a running service by one that cannot run.
#[track_caller]
fn check(tool: Tool, new: &str) {
    let stack = Stack::with(tool, OLD);
    stack.ok(&["up", "-d"]);
    let before = stack.containers();
    stack.put("a", "/mark", "kept");
    stack.write(new);
    let run = stack.go(&["up", "-d", "--wait", "--wait-timeout", "20"]);
    stack.both("the run ends in time", !run.is_cut_off);
    stack.both("the exit code tells", !run.is_success());
    stack.ours("the old container is there, under its name", stack.id("a") == before[0].id);
    stack.ours("and runs", stack.is_running("a"));
    stack.ours("with what it had written", stack.exec("a", &["cat", "/mark"]) == "kept");
    stack.ours("nothing of the new one is left", stack.names() == ["a-1"] || new.contains("  b:"));
    stack.write(OLD);
    stack.ok(&["up", "-d"]);
    stack.both("taking the change back works", stack.is_running("a"));
}

fn a_version_that_ends_at_once_leaves_the_old_one(tool: Tool) {
    check(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, command: [sh, -c, 'echo no luck; exit 3'] } }",
    );
}

fn a_version_whose_command_is_not_found_leaves_the_old_one(tool: Tool) {
    check(tool, "services: { a: { image: IMAGE, stop_grace_period: 0s, command: [nothing-of-that-name] } }");
}

fn a_version_whose_port_is_taken_leaves_the_old_one(tool: Tool) {
    let holder = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    check(
        tool,
        &format!("services: {{ a: {{ image: IMAGE, init: true, stop_grace_period: 0s, ports: ['{port}:80'] }} }}"),
    );
}

fn a_version_with_an_unknown_user_leaves_the_old_one(tool: Tool) {
    check(tool, "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, user: nobody-of-that-name } }");
}

fn a_version_with_a_missing_mount_leaves_the_old_one(tool: Tool) {
    check(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, volumes: [{ type: bind, source: /nothing/of/that/name, target: /x, bind: { create_host_path: false } }] } }",
    );
}

fn a_version_that_never_gets_healthy_leaves_the_old_one(tool: Tool) {
    check(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, healthcheck: { test: [CMD, 'false'], interval: 500ms, retries: 2 } } }",
    );
}

fn a_version_whose_image_is_missing_leaves_the_old_one(tool: Tool) {
    check(tool, "services: { a: { image: 'PROJECT:nothing', init: true, stop_grace_period: 0s, pull_policy: never } }");
}

fn a_version_whose_dependency_fails_leaves_the_old_one(tool: Tool) {
    check(
        tool,
        "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, environment: { NEW: 'yes' }, depends_on: { b: { condition: service_healthy } } }
  b: { image: IMAGE, init: true, stop_grace_period: 0s, healthcheck: { test: [CMD, 'false'], interval: 500ms, retries: 2 } }
",
    );
}
