//! Signals at requests of a command.

use crate::bench::{Bench, MOST, PAIR, kept};
use crate::common::proxy::{At, Fault};
use crate::common::real::{is_ready, say};
use rustix::process::Signal;

/// A signal at some requests: the exit code says which, and the next `up` puts everything right.
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
        // What was asked for may be done by the time the signal is heard.
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
