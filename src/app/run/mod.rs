//! A command that may change something, from its first observation to its report.
//!
//! | file | what it does |
//! |---|---|
//! | [`session`] | connects, takes the lock, holds the engine for reading or for changing |
//! | [`rounds`] | observes, plans, checks, runs, and decides whether another round follows |
//! | [`saved`], [`consent`] | guards that every round must pass: the saved plan, and consent for the loss of data |
//! | `lock`, `settle` | one run at a time, and the requests of a dead run that are still under way |
//! | `unstartable` | containers that the engine cannot start any more |
//! | [`console`], [`report`] | messages and questions to the user, and the report at the end of a run |
//!
//! Start at [`rounds`]. The simulator plays the rounds with its own engine, [`rounds::Aim`] and [`console::Console`].

pub mod consent;
pub mod console;
mod lock;
pub mod paused;
pub mod report;
pub mod rounds;
pub mod saved;
pub mod session;
mod settle;
mod unstartable;

use crate::exec::Signal;
use crate::failure::{Exit, Failure};

/// Returns the exit of a command that a signal has ended: 130 for SIGINT, 143 for SIGTERM.
pub(super) fn interrupted(signal: Signal) -> Failure {
    Failure::Interrupted(match signal {
        Signal::Interrupt => Exit::INTERRUPTED,
        Signal::Terminate => Exit::TERMINATED,
    })
}
