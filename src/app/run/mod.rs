//! A command that may change something, from its first look to its report.
//!
//! | file | what it does |
//! |---|---|
//! | [`session`] | connects, takes the lock, holds what a run may change the engine with |
//! | [`rounds`] | looks, plans, checks, runs, and decides whether to look again |
//! | [`saved`], [`consent`] | guards that every round passes: the plan of a file, and the loss of data |
//! | `lock`, `settle` | one run at a time, and what a run that died has left under way |
//! | `unstartable` | containers that the engine cannot start any more |
//! | [`console`], [`report`] | what people are told and asked, and how a run that has ended is reported |
//!
//! Start at [`rounds`]. The simulator plays the rounds with an engine, an [`rounds::Aim`] and a [`console::Console`] of its
//! own.

pub mod consent;
pub mod console;
mod lock;
pub mod report;
pub mod rounds;
pub mod saved;
pub mod session;
mod settle;
mod unstartable;

use crate::exec::Signal;
use crate::failure::{Exit, Failure};

/// Returns how a command ends that a signal has ended: with 130 for SIGINT, 143 for SIGTERM.
pub(super) fn interrupted(signal: Signal) -> Failure {
    Failure::Interrupted(match signal {
        Signal::Interrupt => Exit::INTERRUPTED,
        Signal::Terminate => Exit::TERMINATED,
    })
}
