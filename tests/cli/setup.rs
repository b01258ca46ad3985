//! Shared by several files: stacks, and waiting for a condition.

use crate::common::real::Stack;

pub const TWO: &str = "
services:
  web:
    image: IMAGE
    command: [sh, -c, 'echo hello from web; exec sleep 1000']
    init: true
    stop_grace_period: 1s
    depends_on: { db: { condition: service_healthy } }
    environment: { TITLE: '${TITLE:-a}' }
  db:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    command: [sh, -c, 'sleep 0.3; touch /ready; exec sleep 1000']
    healthcheck: { test: [CMD, test, -e, /ready], interval: 5s }
    volumes: [data:/data]
volumes: { data: }
";

/// Waits until a condition holds.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed().as_secs() < 60, "not so within a minute: {what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A typical file for CI: tests and the services that they need.
pub const SUITE: &str = "
services:
  db: { image: IMAGE, init: true, command: [sh, -c, 'DB'] }
  tests: { image: IMAGE, init: true, command: [sh, -c, 'TESTS'] }
";

pub fn suite(db: &str, tests: &str) -> Stack {
    Stack::new(&SUITE.replace("DB", db).replace("TESTS", tests))
}
