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

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct ExecSettings {
    /// How many engine calls may run at once; waits do not count.
    pub parallel: usize,
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
            parallel: 16,
            own_probes: true,
            patience: Duration::from_secs(600),
            reconnect: Duration::from_secs(30),
            is_after_crash: true,
        }
    }
}
