//! Runs a plan: steps in parallel as far as their requirements allow, events out, one outcome.
//!
//! Start at [`run`]. One task owns the state of the run (`scheduler`). The scheduler spawns each step as a task of its own
//! (`steps`); a step reports by channel and shares nothing with other steps. A failed step stops the steps that need it,
//! the containers that were being replaced come back, and all other steps run to their end.
//!
//! - `scheduler`: which step may start, which step is skipped, which replacement is undone;
//! - `steps`: what one step asks of the engine;
//! - `settle`: what a step does when the reply of a call was lost;
//! - `wait`: waits for containers, woken by events and decided by looking.

mod interrupt;
mod no_answer;
mod outcome;
mod outputs;
mod panics;
mod runner;
mod scheduler;
mod settings;
mod settle;
mod steps;
mod wait;

pub use interrupt::{Interrupt, Signal};
pub use outcome::{Outcome, StepError, StepFailure};
pub use outputs::{Output, Outputs};
pub use scheduler::run;
pub use settings::{ExecSettings, parallel_here};
