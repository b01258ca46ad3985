//! Faults of engine calls and mishaps in the world, from a seed. Each disturbed run has its own mix of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use inception::engine::ErrorKind;
use inception::engine::fake::{Call, Fault, Mishap, Turn};

use crate::random::Random;

/// How many faults of each kind hit a thousand calls.
#[derive(Clone, Debug, Default)]
pub struct Mix {
    fails: u64,
    lost: u64,
    cut_off: u64,
    hangs: u64,
    crashes: u64,
    mishaps: u64,
    /// How many starts in a hundred the engine refuses, as if it had been killed during an earlier start.
    pub stuck: u64,
    /// The most faults of a run, so that the run makes progress.
    pub budget: u64,
}

impl Mix {
    pub fn none() -> Self {
        Self::default()
    }

    pub fn random(random: &mut Random) -> Self {
        let mut rate = |most: u64| if random.percent(50) { random.between(1, most) } else { 0 };
        let (fails, lost, cut_off, hangs) = (rate(40), rate(40), rate(30), rate(15));
        let (crashes, mishaps) = (rate(25), rate(40));
        Self { fails, lost, cut_off, hangs, crashes, mishaps, stuck: 0, budget: random.between(1, 5) }
    }
}

/// What the script has done, for judging the run and for the printed history.
#[derive(Debug, Default)]
pub struct Log {
    pub mishaps: u64,
    pub lines: Vec<String>,
    pub is_verbose: bool,
}

/// Decides what happens to each call, and in the world at the same time.
pub struct Script {
    random: Random,
    /// Decides which starts the engine refuses.
    stuck: Random,
    mix: Mix,
    log: Arc<Mutex<Log>>,
}

impl Script {
    pub fn new(random: Random, stuck: Random, mix: Mix, log: Arc<Mutex<Log>>) -> Self {
        Self { random, stuck, mix, log }
    }

    pub fn decide(&mut self, call: &Call, now: Duration) -> Turn {
        let random = &mut self.random;
        let slow = |random: &mut Random, usual: u64| match random.below(100) {
            0 => Duration::from_millis(random.below(5000)),
            _ => Duration::from_millis(random.below(usual)),
        };
        let mut turn = Turn { travel: slow(random, 20), work: slow(random, 60), fault: Fault::None, mishap: None };
        if self.mix.budget > 0 {
            turn.fault = self.fault(call);
            turn.mishap = self.mishap();
            let is_stuck = call.name == "start_container" && self.stuck.percent(self.mix.stuck);
            if is_stuck && turn.fault == Fault::None {
                turn.fault = Fault::Fail(ErrorKind::Stuck);
            }
        }
        let mut log = self.log.lock().unwrap();
        log.mishaps += u64::from(turn.mishap.is_some());
        self.mix.budget -= u64::from(turn.mishap.is_some() || turn.fault != Fault::None).min(self.mix.budget);
        if log.is_verbose {
            let mut line = format!("{:>9.3} run {} {} {}", now.as_secs_f64(), call.client, call.name, call.target);
            if turn.fault != Fault::None {
                line.push_str(&format!("  <== {:?}", turn.fault));
            }
            if let Some(mishap) = &turn.mishap {
                line.push_str(&format!("  <== meanwhile {mishap:?}"));
            }
            log.lines.push(line);
        }
        turn
    }

    fn fault(&mut self, call: &Call) -> Fault {
        let random = &mut self.random;
        let roll = random.below(1000);
        let kinds = [
            (self.mix.fails, 0),
            (self.mix.lost, 1),
            (self.mix.cut_off, 2),
            (self.mix.hangs, 3),
            (self.mix.crashes, 4),
        ];
        let mut end = 0;
        for (rate, kind) in kinds {
            end += rate;
            if roll >= end {
                continue;
            }
            return match kind {
                0 => Fault::Fail(*random.pick(&[ErrorKind::Engine, ErrorKind::Connection, ErrorKind::Garbled])),
                1 => Fault::LoseReply,
                2 if call.is_mutating => Fault::CutOff,
                2 => Fault::Fail(ErrorKind::Connection),
                3 => Fault::Hang { acts: call.is_mutating && random.percent(50) },
                _ if call.is_mutating && random.percent(50) => Fault::CrashAfter,
                _ => Fault::Crash,
            };
        }
        Fault::None
    }

    fn mishap(&mut self) -> Option<Mishap> {
        let random = &mut self.random;
        if random.below(1000) >= self.mix.mishaps {
            return None;
        }
        let which = random.next();
        Some(match random.below(8) {
            0 => Mishap::EngineRestarts { down: Duration::from_millis(random.below(20_000)) },
            1 | 2 => Mishap::Dies(which),
            3 | 4 => Mishap::FallsIll { which, lasts: Duration::from_millis(random.below(20_000)) },
            5 => Mishap::IsStopped(which),
            6 => Mishap::IsRemoved(which),
            _ => Mishap::IsDisconnected(which),
        })
    }
}
