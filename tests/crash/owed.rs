//! Work that a dead or failed run leaves: a stop that the engine goes on with, a restart that was never asked for.

use std::time::Duration;

use crate::bench::Bench;
use crate::common::proxy::{At, Fault};
use crate::common::real::is_ready;
use rustix::process::Signal;

/// The engine goes on with a stop after its client has died: a container that still runs when the next run looks will
/// end.
#[test]
fn a_stop_that_a_dead_run_has_asked_for_is_waited_for() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { web: { image: IMAGE, stop_grace_period: 5s,
        command: [sh, -c, 'trap \"sleep 2; exit 0\" TERM; while :; do sleep 0.1; done'] } }";
    let bench = Bench::new(yaml, &["web-1"]);
    let up = &["up", "-d"][..];
    let cases = [
        ("stop", "/stop", up, "running"),
        ("down", "/stop", up, "running"),
        ("restart", "/restart", &["stop"], "exited"),
    ];
    for (dead, call, next, state) in cases {
        bench.stack.ok(up);
        let run = bench.struck(&[dead], At::End(call), Fault::KillDuring);
        assert_eq!(run.signal, Some(9), "{dead:?}: {run:?}");
        let second = bench.stack.go(next);
        assert!(second.is_success(), "{next:?} after {dead:?}: {second:?}");
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(bench.stack.inspect("web", "{{.State.Status}}"), state, "{next:?} after {dead:?}: {second:?}");
    }
}

/// The next run is cut off by a signal or a kill. The run after it must still wait for the stop of the first one.
#[test]
fn a_stop_of_a_dead_run_is_waited_for_also_after_a_run_that_was_cut_off() {
    if !is_ready() {
        return;
    }
    let yaml = "services: { web: { image: IMAGE, stop_grace_period: 10s,
        command: [sh, -c, 'trap \"sleep 6; exit 0\" TERM; while :; do sleep 0.1; done'] } }";
    let bench = Bench::new(yaml, &["web-1"]);
    for signal in [Signal::INT, Signal::KILL] {
        bench.stack.ok(&["up", "-d"]);
        let run = bench.struck(&["stop"], At::End("/stop"), Fault::KillDuring);
        assert_eq!(run.signal, Some(9), "{run:?}");
        let second = bench.stack.begin(&["up", "-d"]);
        std::thread::sleep(Duration::from_millis(1500));
        second.signal(signal);
        let second = second.end();
        let third = bench.stack.go(&["up", "-d"]);
        assert!(third.is_success(), "after {signal:?} {second:?}: {third:?}");
        std::thread::sleep(Duration::from_secs(7));
        let state = bench.stack.inspect("web", "{{.State.Status}}");
        assert_eq!(state, "running", "after {signal:?} {second:?}: {third:?}");
    }
}

/// A failed run or another command comes in between. The restart that the crashed run left undone is still made.
#[test]
fn a_restart_that_a_dead_run_owed_is_made_by_the_next_good_one() {
    if !is_ready() {
        return;
    }
    let yaml = |value: u32, more: &str| {
        format!(
            "services:
  db: {{ image: IMAGE, init: true, stop_grace_period: 1s, environment: {{ A: '{value}' }} }}
  web:
    image: IMAGE
    init: true
    stop_grace_period: 1s
    depends_on: {{ db: {{ condition: service_started, restart: true }} }}
    # The new container of `db` gets its final name during this hook.
    pre_stop: [{{ command: [sleep, '2'] }}]
  {more}"
        )
    };
    let bench = Bench::new(&yaml(1, ""), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    let begun = |service: &str| bench.stack.inspect(service, "{{.State.StartedAt}}");
    bench.stack.write(&yaml(2, ""));
    let run = bench.struck(&["up", "-d"], At::End("/restart"), Fault::KillBefore);
    assert_eq!(run.signal, Some(9), "{run:?}");
    assert!(begun("web") < begun("db"), "{run:?}");
    bench.stack.write(&yaml(2, "odd: { image: IMAGE, volumes: [{ type: bind, source: ./none, target: /x, bind: { create_host_path: false } }] }"));
    let failed = bench.stack.go(&["up", "-d"]);
    assert!(!failed.is_success(), "{failed:?}");
    bench.stack.write(&yaml(2, ""));
    bench.stack.ok(&["pause", "db"]);
    bench.stack.ok(&["unpause", "db"]);
    let good = bench.stack.go(&["up", "-d"]);
    assert!(good.is_success() && begun("web") > begun("db"), "{good:?}");
    let calm = bench.stack.go(&["up", "-d"]);
    assert!(calm.is_success() && !calm.errors.contains("Restart"), "{calm:?}");
}

#[test]
fn a_restart_that_a_failed_run_owed_is_made_by_the_next_good_one() {
    if !is_ready() {
        return;
    }
    let yaml = |value: u32, command: &str| {
        format!(
            "services:
  db: {{ image: IMAGE, init: true, stop_grace_period: 0s, environment: {{ A: '{value}' }} }}
  other: {{ image: IMAGE, init: true, stop_grace_period: 0s{command} }}
  web:
    image: IMAGE
    init: true
    stop_grace_period: 0s
    depends_on:
      db: {{ condition: service_started, restart: true }}
      other: {{ condition: service_started, restart: true }}"
        )
    };
    let bench = Bench::new(&yaml(1, ""), &["db-1", "other-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    let begun = |service: &str| bench.stack.inspect(service, "{{.State.StartedAt}}");
    bench.stack.write(&yaml(2, ", command: ['false']"));
    let failed = bench.stack.go(&["up", "-d"]);
    assert!(!failed.is_success() && begun("web") < begun("db"), "{failed:?}");
    bench.stack.write(&yaml(2, ""));
    let good = bench.stack.go(&["up", "-d"]);
    assert!(good.is_success() && begun("web") > begun("db"), "{good:?}");
}
