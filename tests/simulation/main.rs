//! Random histories on the simulated engine. Whatever goes wrong, a run ends in time and tells the truth, and the next
//! run without faults reaches the state of the file. No volume is removed without consent, and a saved plan does
//! nothing that it has not shown.
//!
//! A run is the rounds of `app` (`inception::app::run::rounds`) on a client of the fake engine. Each seed is one
//! history; a seed replays to the byte while the code of the program and of these tests stays the same. `make soak`
//! plays many histories: `SEEDS` is their number, `FIRST` the first seed. A test run plays a fixed range, seeds that
//! once failed, and a few seeds that were never played before.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
mod faults;
mod history;
mod mutants;
mod random;
mod state;
mod story;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use history::Violation;
use story::Mutation;

/// Half of the time of a history goes into small allocations, so a faster allocator plays more histories.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Histories of the fixed range when `SEEDS` is not set.
const FEW: u64 = 2500;
/// New histories in every test run.
const FRESH: u64 = 500;
/// A long run prints its progress after this many histories.
const TOLD: usize = 20_000;

/// The most histories until a planted fault must have been noticed.
const MOST_FOR_A_MUTANT: u64 = 2000;

/// Seeds that have found a fault. Each fault also has a test of its own with the smallest file that shows it, because a
/// seed gives another history as soon as the code of these tests changes.
const ONCE_FAILED: [u64; 91] = [
    7,
    59,
    77,
    78,
    91,
    108,
    135,
    153,
    169,
    185,
    188,
    209,
    216,
    222,
    245,
    297,
    357,
    361,
    469,
    555,
    1167,
    1963,
    3719,
    5531,
    12044,
    12056,
    640,
    1000190,
    1000420,
    1002209,
    1004184,
    1004300,
    1005934,
    1006617,
    1008508,
    1008778,
    1010537,
    1012094,
    1012734,
    1014663,
    1014885,
    1015022,
    1015396,
    1015430,
    1015714,
    1018181,
    1018996,
    3003400,
    77002951,
    77003406,
    77006273,
    77008942,
    77009949,
    77011152,
    77015116,
    77020838,
    77020876,
    77023183,
    79002671,
    79005373,
    1796057007049,
    1796057203304,
    1796057344050,
    1796057541248,
    1796057599997,
    1796057652266,
    1796057864975,
    1796061633071,
    1796061908799,
    1796062937634,
    1796064241734,
    1796064917223,
    1796065042294,
    1796065059018,
    1796065133712,
    1796069469813,
    1796069509399,
    1796071839472,
    1796072011471,
    1796075815249,
    1796076944630,
    1796077280562,
    1796082673329,
    1796082528552,
    1796095968676,
    1796095985923,
    1796096932895,
    1796104021183,
    1796116272909,
    1796117505179,
    1796120162820,
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text}")))
}

fn play(seed: u64, mutation: Option<Mutation>) -> Vec<Violation> {
    match catch_unwind(AssertUnwindSafe(|| story::play(seed, mutation, false))) {
        Ok((found, _)) => found,
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            vec![Violation::new("no panic", words.unwrap_or_default())]
        }
    }
}

/// Plays seeds on all processors. Returns those that broke a rule, in order.
fn play_all(seeds: impl Iterator<Item = u64>) -> Vec<(u64, Vec<Violation>)> {
    let seeds: Vec<u64> = seeds.collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let place = usize::try_from(seed - seeds[0]).unwrap_or_default();
            if place > 0 && place % TOLD == 0 {
                eprintln!("{place} of {} histories", seeds.len());
            }
            let found = play(*seed, None);
            if let Some(first) = found.first() {
                eprintln!("SEED={seed} {}: {}", first.rule, first.what);
                failed.lock().unwrap().push((*seed, found));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|(seed, _)| *seed);
    failed
}

fn check(seeds: impl Iterator<Item = u64>) {
    let failed = play_all(seeds);
    for (seed, found) in failed.iter().take(40) {
        eprintln!("reproduce: SEED={seed} cargo test --test simulation one_seed -- --nocapture");
        for violation in found.iter().take(3) {
            eprintln!("    {}: {}", violation.rule, violation.what);
        }
    }
    assert!(failed.is_empty(), "{} histories broke a rule", failed.len());
}

#[test]
fn whatever_goes_wrong_the_next_run_makes_it_good() {
    let (first, count) = (number("FIRST").unwrap_or(0), number("SEEDS").unwrap_or(FEW));
    eprintln!("{count} histories from {first} on; to play them again: make soak SEEDS={count} FIRST={first}");
    check(first..first + count);
}

/// The clock chooses the seeds, so that each test run plays new histories. `FRESH` plays a range again.
#[test]
fn histories_that_nobody_has_played_pass() {
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let first = number("FRESH").unwrap_or_else(|| u64::try_from(milliseconds).unwrap());
    eprintln!("{FRESH} fresh histories from {first} on");
    check(first..first + FRESH);
}

#[test]
fn seeds_that_once_failed_pass() {
    check(ONCE_FAILED.into_iter());
}

/// Replays `SEED` and prints its history.
#[test]
fn one_seed() {
    let Some(seed) = number("SEED") else { return };
    let (found, trace) = story::play(seed, None, true);
    eprintln!("{trace}");
    for violation in &found {
        eprintln!("BROKEN {}: {}", violation.rule, violation.what);
    }
    assert!(found.is_empty(), "{} rules broken", found.len());
}

#[test]
fn a_seed_replays_to_the_byte() {
    for seed in 0..20 {
        assert_eq!(story::play(seed, None, true).1, story::play(seed, None, true).1, "seed {seed}");
    }
}

#[test]
fn every_spoiled_plan_is_noticed() {
    let mut missed = Vec::new();
    for (what, mutation, rule) in mutants::ALL {
        let noticed = (0..MOST_FOR_A_MUTANT)
            .position(|seed| play(seed, Some(mutation)).iter().any(|violation| violation.rule == rule));
        match noticed {
            Some(place) => eprintln!("where {what}: noticed after {place} histories"),
            None => missed.push(format!("where {what}, no history breaks the rule: {rule}")),
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
