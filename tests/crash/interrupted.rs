//! Signals during a command.

use std::time::{Duration, Instant};

use crate::bench::{Bench, MOST, PAIR, kept};
use crate::common::proxy::{At, Fault};
use crate::common::real::{Run, docker, is_ready, say};
use rustix::process::Signal;

/// Sends a signal at every second request. The exit code must tell the signal, and the next `up` must put everything
/// right.
fn interrupted(what: &str, bench: &mut Bench, mut reset: impl FnMut(&mut Bench, usize), keeps_scratch: bool) {
    let mut failed = Vec::new();
    let mut points = 0;
    for number in (1..MOST).step_by(2) {
        let (signal, code) = if number % 4 == 1 { (Signal::INT, 130) } else { (Signal::TERM, 143) };
        reset(bench, points);
        let run = bench.struck(&["up", "-d"], At::Request(number), Fault::Signal(signal));
        let Some(struck) = bench.proxy.struck() else { break };
        points += 1;
        let mut faults = Vec::new();
        // The run may have finished its work before the signal arrived.
        if run.code != Some(code) && !(run.is_success() && bench.faults(keeps_scratch).is_empty()) {
            faults.push(format!("it ended with {:?} {:?}, not {code}: {}", run.code, run.signal, run.errors));
        }
        let second = bench.stack.go(&["up", "-d"]);
        if !second.is_success() {
            faults.push(format!("the next run fails: {second:?}"));
        }
        faults.extend(bench.faults(keeps_scratch));
        let place = format!("{signal:?} at request {number} ({} {})", struck.method, struck.path);
        failed.extend(faults.into_iter().map(|words| format!("{place}: {words}")));
    }
    say(&format!("{what}: {points} points"));
    assert!(points > 3 && failed.is_empty(), "{what}:\n{}", failed.join("\n"));
}

#[test]
fn interrupted_anywhere_in_a_first_up_the_next_one_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    interrupted("signals in a first up", &mut bench, |bench, _| drop(bench.stack.ok(&["down"])), false);
}

#[test]
fn interrupted_anywhere_in_a_recreate_the_next_up_repairs_it() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    interrupted("signals in a recreate", &mut bench, |bench, point| bench.change(point + 2), true);
}

/// A container that ignores SIGTERM, with a grace period longer than any test.
const STUBBORN: &str = "services: { a: { image: IMAGE, command: [sh, -c, 'trap : TERM; while :; do sleep 1; done'], stop_grace_period: 300s, environment: { A: '1' } } }";

/// Begins a command, and sends SIGINT when a request whose path ends like this has been seen.
fn interrupted_at(bench: &Bench, arguments: &[&str], end: &str, fault: Option<(At, Fault)>) -> Run {
    bench.proxy.arm(fault);
    let running = bench.stack.begin(arguments);
    let begun = Instant::now();
    while !bench
        .proxy
        .seen()
        .iter()
        .any(|request| request.path.split('?').next().is_some_and(|path| path.ends_with(end)))
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "no request to {end}: {:?}", bench.proxy.seen());
        std::thread::sleep(Duration::from_millis(20));
    }
    running.signal(Signal::INT);
    let run = running.end();
    bench.proxy.disarm();
    assert_eq!(run.code, Some(130), "{run:?}");
    run
}

/// Kills the container, so that the stop that the engine still works on ends.
fn hurry(bench: &Bench) {
    docker(&["kill", &bench.stack.name("a")]);
}

#[test]
fn a_stop_that_is_interrupted_goes_on_without_the_run() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(STUBBORN, &["a-1"]);
    for command in ["stop", "down"] {
        bench.stack.ok(&["up", "-d"]);
        let run = interrupted_at(&bench, &[command], "/stop", None);
        assert!(run.errors.contains("the engine may still be at work on 1: stop container"), "{run:?}");
        assert!(bench.stack.is_running("a"), "{command} has not waited for its end");
        hurry(&bench);
        bench.stack.ok(&[command]);
        assert!(!bench.stack.is_running("a"));
    }
}

#[test]
fn the_stop_in_a_recreate_that_is_interrupted_is_finished_by_the_next_run() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(STUBBORN, &["a-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.change(2);
    let run = interrupted_at(&bench, &["up", "-d"], "/stop", None);
    assert!(run.errors.contains("stop container") && run.errors.contains("replace container"), "{run:?}");
    assert!(bench.stack.is_running("a"));
    hurry(&bench);
    bench.stack.ok(&["up", "-d"]);
    assert_eq!(bench.faults(false), [""; 0]);
    hurry(&bench);
}

#[test]
fn an_engine_that_hangs_on_a_request_does_not_hold_an_interrupted_run_up() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    for end in ["/networks/create", "/containers/create", "/start"] {
        let run = interrupted_at(&bench, &["up", "-d"], end, Some((At::First(end), Fault::Hang)));
        assert!(run.errors.contains("the engine may still be at work on"), "{end}: {run:?}");
        bench.stack.ok(&["up", "-d"]);
        assert_eq!(bench.faults(false), [""; 0], "{end}");
        bench.stack.ok(&["down"]);
    }
}
