//! Requests that fail, replies that are lost, starts that the engine refuses, an engine that does not answer.

use std::time::{Duration, Instant};

use crate::bench::{Bench, PAIR, every_request, kept};
use crate::common::proxy::{At, Fault};
use crate::common::real::{Run, is_ready, say, told};
use rustix::process::Signal;

/// Checks that a run with exit code 0 has done its work, and that the next run repairs after any other exit code.
fn honest(bench: &Bench, run: &Run, must_ride_out: bool, keeps_scratch: bool, ridden: &mut usize) -> Vec<String> {
    let mut faults = Vec::new();
    if run.is_cut_off {
        faults.push("the run did not end".to_owned());
    }
    if run.is_success() {
        *ridden += 1;
        faults.extend(bench.faults(keeps_scratch).into_iter().map(|words| format!("a false success: {words}")));
    } else {
        if must_ride_out {
            faults.push(format!("it was not ridden out: {run:?}"));
        }
        let second = bench.stack.go(&["up", "-d"]);
        if !second.is_success() {
            faults.push(format!("the next run fails: {second:?}"));
        }
        faults.extend(bench.faults(keeps_scratch));
    }
    faults
}

#[test]
fn one_error_500_at_any_request_of_a_recreate_is_ridden_out_or_told() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    let mut ridden = 0;
    every_request(
        "HTTP 500 in a recreate",
        &mut bench,
        &[Fault::Status(500)],
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| {
            let is_read = bench.proxy.struck().is_some_and(|struck| !struck.is_write());
            honest(bench, run, is_read, true, &mut ridden)
        },
    );
    say(&format!("HTTP 500 in a recreate: {ridden} ridden out"));
}

#[test]
fn one_error_500_at_any_request_of_a_first_up_is_ridden_out_or_told() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    let mut ridden = 0;
    every_request(
        "HTTP 500 in a first up",
        &mut bench,
        &[Fault::Status(500)],
        |bench, _| drop(bench.stack.ok(&["down"])),
        &["up", "-d"],
        |bench, _, run| {
            let is_read = bench.proxy.struck().is_some_and(|struck| !struck.is_write());
            honest(bench, run, is_read, false, &mut ridden)
        },
    );
    say(&format!("HTTP 500 in a first up: {ridden} ridden out"));
}

#[test]
fn a_lost_reply_to_any_request_of_a_recreate_is_ridden_out() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(&kept(), &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.mark();
    let mut ridden = 0;
    every_request(
        "lost replies in a recreate",
        &mut bench,
        &[Fault::CloseAfter],
        |bench, point| bench.change(point + 2),
        &["up", "-d"],
        |bench, _, run| honest(bench, run, true, true, &mut ridden),
    );
}

#[test]
fn a_lost_reply_to_any_request_of_a_first_up_is_ridden_out() {
    if !is_ready() {
        return;
    }
    let mut bench = Bench::new(PAIR, &["db-1", "web-1"]);
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("db", "/data/mark", "kept");
    let mut ridden = 0;
    every_request(
        "lost replies in a first up",
        &mut bench,
        &[Fault::CloseAfter],
        |bench, _| drop(bench.stack.ok(&["down"])),
        &["up", "-d"],
        |bench, _, run| honest(bench, run, true, false, &mut ridden),
    );
}

#[test]
fn a_start_that_the_engine_claims_but_has_not_done_is_not_believed() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Status(200));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("was not started"), "{run:?}");
    bench.stack.ok(&["up", "-d"]);
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

/// Runs a first `up` of one service. The engine refuses the first start.
fn refused_once(bench: &Bench, fault: Fault) -> Run {
    let run = bench.struck(&["up", "-d"], At::First("/start"), fault);
    assert!(bench.proxy.struck().is_some(), "{run:?}");
    run
}

#[test]
fn a_container_that_has_never_run_and_cannot_be_started_any_more_is_recreated() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let run = refused_once(&bench, Fault::Stuck);
    assert!(run.is_success(), "{run:?}");
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

#[test]
fn a_container_that_may_have_a_process_is_recreated_only_where_processes_can_be_seen() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if told(&["info", "-f", "{{.Name}}"]) == own.trim() {
        let run = refused_once(&bench, Fault::Occupied);
        assert!(run.is_success(), "{run:?}");
    } else {
        // The engine's host name is not this machine's, so the engine may be on another machine.
        let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Occupied);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.errors.contains("may have left its process at work"), "{run:?}");
        bench.stack.ok(&["up", "-d"]);
    }
    assert_eq!(bench.faults(false), Vec::<String>::new());
}

#[test]
fn a_container_that_has_run_is_not_recreated_because_the_engine_cannot_start_it() {
    if !is_ready() {
        return;
    }
    let bench = Bench::of_one();
    bench.stack.ok(&["up", "-d"]);
    bench.stack.put("a", "/mark", "kept");
    bench.stack.ok(&["stop"]);
    let run = bench.struck(&["up", "-d"], At::End("/start"), Fault::Stuck);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.errors.contains("--force-recreate a"), "{run:?}");
    let starts = bench.proxy.seen().iter().filter(|request| request.path.ends_with("/start")).count();
    assert_eq!(starts, 2, "it is tried once more, and then left: {run:?}");
    bench.stack.ok(&["up", "-d"]);
    assert_eq!(bench.stack.exec("a", &["cat", "/mark"]), "kept");
}

/// The message comes within ten seconds. The test does not wait for the end of the run, at 60 s.
#[test]
fn an_engine_that_does_not_answer_is_told_of_within_ten_seconds() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &[]);
    let runs = [1, 2].map(|number| {
        // Each run hangs at another request. The proxy knows one rule at a time, so one run begins after the other.
        let run = bench.begin_struck(&["up", "-d"], At::Request(number), Fault::Hang);
        let begun = Instant::now();
        while bench.proxy.struck().is_none() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        run
    });
    std::thread::sleep(Duration::from_secs(10));
    for run in runs {
        run.signal(Signal::KILL);
        let run = run.end();
        assert!(run.errors.contains("engine") && run.errors.contains("answer"), "silence: {run:?}");
    }
    assert_eq!(told(&["ps", "-q", "--filter", &format!("name={}", bench.stack.project)]), "");
}
