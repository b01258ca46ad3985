//! What users see of waits.

use crate::common::real::{Stack, is_ready};

#[test]
fn a_wait_that_lasts_tells_why_once_for_all_who_wait() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"
services:
  db:
    image: IMAGE
    init: true
    command: [sh, -c, "sleep 14; touch /ready; exec sleep 1000"]
    healthcheck: { test: [CMD-SHELL, "test -e /ready || { printf 'not\\033[2J yet'; exit 7; }"], interval: 30s, start_period: 60s }
  web: { image: IMAGE, init: true, depends_on: { db: { condition: service_healthy } } }
"#,
    );
    let run = stack.go(&["up", "-d", "--wait"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let db = format!(" Container {}  ", stack.name("db"));
    let told: Vec<&str> = run.errors.lines().filter_map(|line| line.strip_prefix(&db)).collect();
    assert_eq!(told.iter().filter(|words| **words == "Waiting").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|words| **words == "Healthy").count(), 1, "{told:?}");
    let reasons: Vec<&&str> = told.iter().filter(|words| words.starts_with("Waiting until healthy: ")).collect();
    assert_eq!(reasons.len(), 1, "{told:?}");
    let reason = reasons[0];
    assert!(
        reason.contains("its check has failed ")
            && reason.contains(" times, last with code 7: not\\u{1b}[2J yet; gives up in "),
        "{reason}"
    );
}
#[test]
fn a_start_that_waits_ends_once_all_are_ready_or_cannot_be() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  db:
    image: IMAGE
    init: true
    command: [sh, -c, 'sleep 0.5; touch ${FILE:-/ready}; exec sleep 1000']
    healthcheck: { test: [CMD, test, -e, /ready], interval: 1s, retries: 2 }
",
    );
    stack.ok(&["create"]);
    stack.ok(&["start", "--wait", "--wait-timeout", "60"]);
    assert_eq!(stack.exec("db", &["ls", "/ready"]), "/ready");
    stack.file(".env", "FILE=/other\n");
    stack.ok(&["create"]);
    let run = stack.go(&["start", "--wait", "db"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("unhealthy"), "{run:?}");
    let patience =
        "it had about 2 s to become healthy: 2 failures in a row (`retries`), 1 s apart (`interval`), after 0 s";
    assert!(run.errors.contains(patience) && run.errors.contains("raise `healthcheck.start_period`"), "{run:?}");
}
