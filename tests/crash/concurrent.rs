//! Two runs at the same time, with and without a common lock.

use crate::bench::{Bench, PAIR, PAIR_NETWORKS};
use crate::common::real::{Running, is_ready, say};

#[test]
fn two_runs_at_once_both_end_well_in_one_state() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &["db-1", "web-1"]);
    let mut failed = Vec::new();
    for round in 0..12 {
        let kind = ["first", "recreate", "down"][round % 3];
        match kind {
            "first" => drop(bench.stack.ok(&["down"])),
            _ => {
                bench.stack.ok(&["up", "-d"]);
                bench.change(round + 2);
            }
        }
        let other = if kind == "down" { vec!["down"] } else { vec!["up", "-d"] };
        let (one, two) = (bench.stack.begin(&["up", "-d"]), bench.stack.begin(&other));
        for run in [one.end(), two.end()] {
            if !run.is_success() {
                failed.push(format!("round {round} ({kind}): {run:?}"));
            }
        }
        let names = bench.stack.names();
        let is_down = names.is_empty() && bench.stack.networks().is_empty();
        let is_up = names == bench.expected && bench.stack.networks().len() == PAIR_NETWORKS;
        if !(is_up || kind == "down" && is_down) {
            failed.push(format!("round {round} ({kind}): {names:?} {:?}", bench.stack.networks()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs on two machines share no lock. Each accepts what the other has already done.
#[test]
fn two_runs_without_a_common_lock_end_in_one_state() {
    if !is_ready() {
        return;
    }
    let bench = Bench::new(PAIR, &["db-1", "web-1"]);
    let (mut failed, mut ended_well) = (Vec::new(), 0);
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for round in 0..6 {
        match round % 2 {
            0 => drop(bench.stack.ok(&["down"])),
            _ => bench.change(round + 2),
        }
        let runs = places.each_ref().map(|place| {
            let mut command = bench.stack.command(bench.stack.tool, &["up", "-d"]);
            command.env("XDG_RUNTIME_DIR", place.path());
            Running::begin(command)
        });
        ended_well += runs.into_iter().map(|run| usize::from(run.end().is_success())).sum::<usize>();
        let second = bench.stack.go(&["up", "-d"]);
        let is_up = bench.stack.names() == bench.expected && bench.stack.networks().len() == PAIR_NETWORKS;
        if !second.is_success() || !is_up {
            failed.push(format!("round {round}: {:?} {:?}: {second:?}", bench.stack.names(), bench.stack.networks()));
        }
    }
    say(&format!("runs without a common lock: {ended_well} of 12 ended with 0"));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
