//! An attached `up`: what it prints, what ends it, and its exit code.

use crate::common::real::{Stack, docker, is_ready, told};
use crate::setup::{suite, until};

#[test]
fn the_asked_exit_code_is_that_of_the_asked_service_whatever_ends_first() {
    if !is_ready() {
        return;
    }
    let stack = suite("sleep 1; exit 0", "exec sleep 1000");
    let (code, _, errors) = stack.run(&["up", "--exit-code-from", "tests"]);
    assert_eq!(code, 143, "it was stopped: {errors}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_container_that_has_ended_before_it_is_followed_ends_all() {
    if !is_ready() {
        return;
    }
    let stack = suite("exec sleep 1000", "echo done");
    let (code, out, errors) = stack.run(&["up", "--abort-on-container-exit"]);
    assert_eq!(code, 0, "{errors}");
    assert!(out.contains("done"), "{out}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_job_that_others_wait_for_ends_nothing() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  migrate: { image: IMAGE, command: ['true'] }
  tests: { image: IMAGE, command: [sh, -c, 'sleep 1; exit 3'], depends_on: { migrate: { condition: service_completed_successfully } } }
",
    );
    assert_eq!(stack.run(&["up", "--abort-on-container-exit"]).0, 3);
}

#[test]
fn a_job_that_fails_at_once_ends_an_attached_up_like_any_other() {
    if !is_ready() {
        return;
    }
    let stack = suite("exec sleep 1000", "exit 3");
    let (code, _, errors) = stack.run(&["up", "--exit-code-from", "tests"]);
    assert_eq!(code, 3, "{errors}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn an_attached_up_stays_with_what_runs_when_a_job_fails_at_once() {
    if !is_ready() {
        return;
    }
    let stack = suite("sleep 2; echo late; exec sleep 1000", "exit 3");
    let running = stack.begin(&["up"]);
    until("it has written", || told(&["logs", &stack.name("db")]).contains("late"));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.out.contains("tests-1 exited with code 3\n"), "{run:?}");
    assert_eq!(stack.names(), ["db-1 exited", "tests-1 exited"]);
}

#[test]
fn a_signal_during_the_start_of_an_attached_up_stops_what_was_started() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "services:
  web: { image: IMAGE, init: true, depends_on: { db: { condition: service_healthy } } }
  db: { image: IMAGE, init: true, healthcheck: { test: [CMD, 'false'], interval: 1s, start_period: 1000s } }
",
    );
    let running = stack.begin(&["up"]);
    until("db runs", || stack.is_running("db"));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(stack.names(), ["db-1 exited", "web-1 created"]);
}

#[test]
fn a_second_signal_kills_what_is_being_stopped() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"services: { a: { image: IMAGE, stop_grace_period: 1000s, command: [sh, -c, 'trap "touch /told" TERM; touch /set; while :; do sleep 0.1; done'] } }"#,
    );
    let running = stack.begin(&["up"]);
    // Process 1 of a container ignores a signal until it has set a handler.
    until("it listens", || docker(&["exec", &stack.name("a"), "test", "-e", "/set"]).status.success());
    running.signal(rustix::process::Signal::INT);
    until("it is told to stop", || docker(&["exec", &stack.name("a"), "test", "-e", "/told"]).status.success());
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(stack.inspect("a", "{{.State.ExitCode}}"), "137");
}

#[test]
fn an_attached_up_prints_what_is_new_also_after_a_restart() {
    if !is_ready() {
        return;
    }
    let stack = suite("echo old; exec sleep 1000", "sleep 1; echo $$(date +%s%N) began; exit 1");
    stack.ok(&["up", "-d", "db"]);
    let yaml = std::fs::read_to_string(stack.folder.path().join("compose.yaml")).unwrap();
    stack.write(&yaml.replace("tests: {", "tests: { restart: always,"));
    let running = stack.begin(&["up"]);
    let count = || told(&["inspect", "-f", "{{.RestartCount}}", &stack.name("tests")]).parse().unwrap_or(0);
    until("it has been restarted", || count() >= 3);
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    let mut lines: Vec<&str> = run.out.lines().filter(|line| line.ends_with("began")).collect();
    let printed = lines.len();
    lines.dedup();
    assert!(lines.len() >= 3 && lines.len() == printed, "each run's output once: {run:?}");
    assert!(run.out.contains("exited with code 1 (restarting)"), "{run:?}");
    assert!(!run.out.contains("old"), "{run:?}");
}

#[test]
fn what_containers_say_while_they_are_stopped_is_printed_and_their_ends_are_told() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        r#"
services:
  web: { image: IMAGE, command: [sh, -c, 'trap "sleep 1; echo last words; exit 5" TERM; for i in $$(seq 40); do sleep 0.1; done; touch /set; while :; do sleep 0.1; done'] }
  job: { image: IMAGE, init: true, command: [sh, -c, 'sleep 2; exit 3'] }
"#,
    );
    for option in ["--abort-on-container-exit", "--abort-on-container-failure", "--exit-code-from=web"] {
        let run = stack.go(&["up", option]);
        assert_eq!(run.code, Some(if option.contains("from") { 5 } else { 3 }), "{option}: {run:?}");
        assert!(run.out.contains("web-1  | last words"), "{option}: {run:?}");
        for words in ["job-1 exited with code 3\n", "web-1 exited with code 5\n"] {
            assert_eq!(run.out.matches(words).count(), 1, "{option}: {run:?}");
        }
    }
    let running = stack.begin(&["up", "web"]);
    until("it is followed for long", || docker(&["exec", &stack.name("web"), "test", "-e", "/set"]).status.success());
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert!(run.code == Some(130) && run.out.contains("web-1  | last words"), "{run:?}");
}

#[test]
fn an_attached_up_follows_what_another_run_puts_in_the_place_of_a_container_or_beside_it() {
    if !is_ready() {
        return;
    }
    let yaml = |words: &str| {
        "services: { web: { image: IMAGE, init: true, stop_grace_period: 1s, command: [sh, -c, 'echo WORDS'] } }"
            .replace("WORDS", words)
    };
    let stack = Stack::new(&yaml("first; exec sleep 1000"));
    let running = stack.begin(&["up", "--abort-on-container-exit"]);
    until("it runs", || stack.is_running("web"));
    // It is followed once the start has been found good.
    std::thread::sleep(std::time::Duration::from_secs(2));
    stack.write(&yaml("second; exec sleep 1000"));
    stack.ok(&["up", "-d", "--scale", "web=2"]);
    stack.write(&yaml("third; exit 3"));
    assert_eq!(stack.run(&["up", "-d", "--scale", "web=2"]).0, 1);
    stack.ok(&["kill"]);
    let run = running.end();
    assert_eq!(run.code, Some(137), "{run:?}");
    for words in ["web-1  | first\n", "web-1  | second\n", "web-2  | second\n", "web-1  | third\n"] {
        assert!(run.out.contains(words), "{words}: {run:?}");
    }
    assert!(run.out.contains("web-1 has been recreated\n"), "{run:?}");
    assert!(run.out.contains("web-2 exited with code 137\n"), "{run:?}");
}

#[test]
fn the_end_of_one_service_may_be_the_only_one_that_counts() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  init: { image: IMAGE, command: 'true' }
  bad: { image: IMAGE, command: 'false' }
  db: { image: IMAGE, init: true, stop_grace_period: 1s }
  test: { image: IMAGE, command: [sh, -c, 'sleep 1; exit 3'] }
",
    );
    let (code, out, errors) = stack.run(&["up", "--until", "test"]);
    assert_eq!(code, 3, "{errors}");
    assert!(out.contains("bad-1 exited with code 1\n"), "{out}");
    assert_eq!(stack.names(), ["bad-1 exited", "db-1 exited", "init-1 exited", "test-1 exited"]);
    let run = stack.go(&["up", "--until", "tset"]);
    assert!(run.code == Some(1) && run.errors.contains("tset"), "{run:?}");
    for more in ["-d", "--abort-on-container-exit"] {
        assert_eq!(stack.run(&["up", "--until", "test", more]).0, 1, "{more}");
    }
}

#[test]
fn it_ends_when_what_it_is_attached_to_has_ended_and_stops_all_that_it_has_started() {
    if !is_ready() {
        return;
    }
    let stack = Stack::new(
        "
services:
  web: { image: IMAGE, init: true, stop_grace_period: 1s }
  batch: { image: IMAGE, command: [echo, done] }
  mid: { image: IMAGE, init: true, stop_grace_period: 1s, depends_on: [web] }
  top: { image: IMAGE, init: true, stop_grace_period: 1s, depends_on: [mid], command: [sh, -c, 'echo begins; exec sleep 1000'] }
",
    );
    let run = stack.go(&["up", "--attach", "batch"]);
    assert!(
        run.is_success() && run.out.contains("batch-1  | done") && run.errors.contains("Left running: "),
        "{run:?}"
    );
    assert!(stack.is_running("web"));
    stack.ok(&["down"]);
    let running = stack.begin(&["up", "--attach-dependencies", "top"]);
    until("it runs", || stack.is_running("top"));
    running.signal(rustix::process::Signal::INT);
    let run = running.end();
    assert_eq!(run.code, Some(130), "{run:?}");
    assert_eq!(stack.names(), ["mid-1 exited", "top-1 exited", "web-1 exited"], "not only the named one");
}

#[test]
fn a_container_that_ignores_its_stop_signal_is_told_of() {
    if !is_ready() {
        return;
    }
    // Process 1 of a container ignores a signal that it has no handler for.
    let stack =
        Stack::new("services: { deaf: { image: IMAGE, stop_grace_period: 4s }, good: { image: IMAGE, init: true } }");
    stack.ok(&["up", "-d"]);
    let run = stack.go(&["stop", "-t", "5"]);
    assert!(run.is_success(), "{run:?}");
    let told: Vec<&str> = run.errors.lines().filter(|line| line.contains("no reaction to the stop signal")).collect();
    assert!(told.iter().any(|line| line.contains("-deaf-1") && line.ends_with("for 2 s; killed in 3 s")), "{run:?}");
    stack.ok(&["start"]);
    let run = stack.go(&["down"]);
    assert!(run.errors.contains("-deaf-1  Stopping no reaction to the stop signal for 2 s; killed when"), "{run:?}");
}
