//! What happened during a run, as values. One task emits them in one order; `ui` turns them into text.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::plan::{StepId, Target, Verb};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run begins: every step it may take, in plan order.
    Planned {
        /// The steps.
        steps: Vec<StepHeader>,
        /// Whether nothing will be changed really.
        is_dry_run: bool,
    },
    /// Something about one step.
    Step {
        /// Which.
        id: StepId,
        /// What.
        state: StepState,
    },
    /// Something to tell that belongs to no step.
    Note(Diagnostic),
    /// The run has ended; every step has had its last event.
    Finished {
        /// How long it took.
        elapsed: Duration,
    },
}

/// What listeners need to know of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepHeader {
    /// Which.
    pub id: StepId,
    /// What it acts on.
    pub target: Target,
    /// What it does.
    pub verb: Verb,
    /// Why, one line, for people.
    pub reason: String,
    /// Steps it waits for.
    pub requires: Vec<StepId>,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// It runs.
    Started,
    /// It goes on: what it is doing or waiting for, one line, may come often.
    Progress {
        /// One line, without control characters.
        text: String,
        /// How much is done, where that is known.
        current: Option<u64>,
        /// How much there is, where that is known.
        total: Option<u64>,
    },
    /// A line of output (a build step's, a hook's), without control characters.
    Output(String),
    /// It succeeded. `note` replaces the past word where it says more: `Healthy`, `Exited`, `Cached`.
    Done {
        /// The word, or `None` for the verb's own.
        note: Option<&'static str>,
        /// How long it took.
        elapsed: Duration,
    },
    /// It failed; the message is the first line for people, the whole is in the outcome.
    Failed {
        /// One line.
        message: String,
        /// How long it took.
        elapsed: Duration,
    },
    /// It never ran because another step failed or the run was interrupted.
    Skipped {
        /// The step that failed; `None` for an interrupt.
        because: Option<StepId>,
    },
    /// It was undone after a failure.
    Undone,
}

impl StepState {
    /// Returns whether a step may have this state any number of times.
    pub fn may_repeat(&self) -> bool {
        matches!(self, StepState::Progress { .. } | StepState::Output(_))
    }
}

/// Receives events in order. Never blocks for long: it is called by the task that owns the run.
pub trait Listener: Send {
    /// Takes one event.
    fn on_event(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send> Listener for F {
    fn on_event(&mut self, event: &Event) {
        self(event);
    }
}
