//! Runs a plan: steps in parallel as far as their requirements allow, events out, one outcome.
//!
//! Start at [`run`]. One task owns the run's state (`scheduler`); steps are spawned, report by channel and share
//! nothing. A failure stops what is downstream of it, gives back replaced containers, and lets the rest end.

mod action;
mod hub;
mod interrupt;
mod look;
mod outcome;
mod probe;
mod roll;
mod scheduler;
mod silence;
mod transfer;
mod undo;
mod wait;

pub use interrupt::{Interrupt, Signal};
pub use outcome::{Outcome, StepError, StepFailure};
pub use scheduler::run;

use std::time::Duration;

/// More engine calls at once than this gain nothing.
const PARALLEL_MOST: usize = 16;
/// Connections that wait for stops.
const STOPS: usize = 64;

/// Returns how many calls to make at once of an engine on this machine. Creating and starting is work for processors:
/// more than two calls for each only make all of them slow (measured with 50 containers on two), and engine 20.10
/// miscounts the endpoints of a network the sooner the more of them come and go at once.
pub fn parallel_here() -> usize {
    let processors = std::thread::available_parallelism().map_or(PARALLEL_MOST, std::num::NonZero::get);
    (2 * processors).clamp(4, PARALLEL_MOST)
}

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct ExecSettings {
    /// How many engine calls may run at once; waits do not count, and stops have a bound of their own.
    pub parallel: usize,
    /// How many stops may run at once: these mostly wait for what they stop.
    pub stops: usize,
    /// Whether health checks are run by us too, at short intervals, while something waits for them.
    pub own_probes: bool,
    /// How long a wait without a health check and without output may last.
    pub patience: Duration,
    /// How long a lost engine is waited for.
    pub reconnect: Duration,
    /// Whether calls of a run that has died may still be under way: then what was made is looked for doubles.
    pub is_after_crash: bool,
}

impl Default for ExecSettings {
    fn default() -> Self {
        Self {
            parallel: PARALLEL_MOST,
            stops: STOPS,
            own_probes: true,
            patience: Duration::from_secs(600),
            reconnect: Duration::from_secs(30),
            is_after_crash: true,
        }
    }
}
