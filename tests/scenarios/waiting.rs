//! Every wait ends, and the exit code tells the truth.

use crate::common::real::{Stack, Tool};

crate::scenarios! {
    a_crash_loop_is_not_up,
    a_service_that_ends_at_once_is_not_up,
    a_wait_for_health_that_never_comes_ends,
    a_wait_for_a_job_that_never_ends_ends,
    a_job_with_a_restart_policy_that_fails_ends,
    a_dependency_that_dies_while_it_is_waited_for_ends_the_wait,
    a_wait_succeeds_once_all_are_healthy,
}

/// Runs `up` for a file that cannot come up: the run must end, with an exit code other than 0.
#[track_caller]
fn hopeless(tool: Tool, yaml: &str, flags: &[&str]) -> (Stack, crate::common::real::Run) {
    let stack = Stack::with(tool, yaml);
    let run = stack.begin(&[&["up", "-d"], flags].concat()).end_within(std::time::Duration::from_secs(30));
    stack.ours("the run ends in time", !run.is_cut_off);
    stack.ours("the exit code tells", run.is_cut_off || !run.is_success());
    (stack, run)
}

fn a_crash_loop_is_not_up(tool: Tool) {
    let (stack, run) = hopeless(
        tool,
        "services: { a: { image: IMAGE, restart: always, command: [sh, -c, 'echo oh no; exit 5'] } }",
        &["--wait", "--wait-timeout", "20"],
    );
    stack.ours("its words are shown", run.errors.contains("oh no") && run.errors.contains('5'));
}

fn a_service_that_ends_at_once_is_not_up(tool: Tool) {
    let (stack, run) =
        hopeless(tool, "services: { a: { image: IMAGE, command: [sh, -c, 'echo oh no; exit 5'] } }", &[]);
    stack.ours("its code and words are shown", run.errors.contains("code 5") && run.errors.contains("oh no"));
}

fn a_wait_for_health_that_never_comes_ends(tool: Tool) {
    let (stack, run) = hopeless(
        tool,
        "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, healthcheck: { test: [CMD-SHELL, 'echo not yet; false'], interval: 500ms, retries: 10000 } } }",
        &["--wait", "--wait-timeout", "4"],
    );
    stack.ours("the check's words are shown", run.errors.contains("not yet"));
}

fn a_wait_for_a_job_that_never_ends_ends(tool: Tool) {
    let yaml = "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: { job: { condition: service_completed_successfully } } }
  job: { image: IMAGE, init: true, stop_grace_period: 0s }
";
    let (stack, _) = hopeless(tool, yaml, &["--wait", "--wait-timeout", "4"]);
    // docker compose sometimes starts the dependent when the time is up.
    stack.ours("the dependent was not started", !stack.is_running("a"));
}

fn a_job_with_a_restart_policy_that_fails_ends(tool: Tool) {
    let yaml = "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: { job: { condition: service_completed_successfully } } }
  job: { image: IMAGE, restart: on-failure, command: [sh, -c, 'echo oh no; exit 5'] }
";
    let (stack, _) = hopeless(tool, yaml, &[]);
    stack.both("the dependent was not started", !stack.is_running("a"));
}

fn a_dependency_that_dies_while_it_is_waited_for_ends_the_wait(tool: Tool) {
    let yaml = "
services:
  a: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: { db: { condition: service_healthy } } }
  db: { image: IMAGE, command: [sh, -c, 'sleep 1; exit 6'], healthcheck: { test: [CMD, 'false'], interval: 30s } }
";
    let (stack, run) = hopeless(tool, yaml, &[]);
    stack.both("the exit code tells", !run.is_success());
    stack.both("the dependent was not started", !stack.is_running("a"));
}

fn a_wait_succeeds_once_all_are_healthy(tool: Tool) {
    let stack = Stack::with(tool, crate::running::PAIR);
    stack.ok(&["up", "-d", "--wait"]);
    stack.both("db is as its health check wants it", crate::running::is_ready(&stack));
    stack.both("web runs", stack.is_running("web"));
}
