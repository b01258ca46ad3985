//! What happens during a run, as values. One task emits the events of a run in one order; `ui` turns events into text.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::plan::{StepId, Target, Verb};

/// Something that happens during a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run begins.
    Planned {
        /// Every step of the plan, in plan order.
        steps: Vec<StepHeader>,
        /// Whether no step will be carried out (`--dry-run`).
        is_dry_run: bool,
    },
    /// One step has begun, goes on or has ended.
    Step {
        /// Which step.
        id: StepId,
        /// Where the step stands now.
        state: StepState,
    },
    /// A diagnostic that belongs to no step.
    Note(Diagnostic),
    /// The run has ended; every step has had its last event.
    Finished {
        /// Duration of the run.
        elapsed: Duration,
    },
}

/// What a listener needs to know of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepHeader {
    /// Which step.
    pub id: StepId,
    /// What the step acts on.
    pub target: Target,
    /// What the step does.
    pub verb: Verb,
    /// Why the step is in the plan; one line for people.
    pub reason: String,
    /// Steps that must succeed before this step begins.
    pub requires: Vec<StepId>,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// The step has begun.
    Started,
    /// The step goes on. May come often.
    Progress {
        /// What the step does or waits for: one line, without control characters.
        text: String,
        /// How much is done, in the unit of `total`: bytes of a pull or of a build context, instructions of a build.
        /// `None` if unknown.
        current: Option<u64>,
        /// How much there is in all; `None` if unknown.
        total: Option<u64>,
    },
    /// A part of the step has begun or ended: an instruction of a build. Parts may run at the same time.
    Part(Part),
    /// A wait takes long. The text says why, and how long the wait may take at most: one line, without control
    /// characters.
    Delayed(String),
    /// A line of output of a hook, or the result of a build, without control characters.
    Output(String),
    /// A line that an instruction of a build printed, without control characters. The error of a failed build repeats
    /// the last of these lines, so a listener need not show them.
    BuildOutput(String),
    /// The step has succeeded.
    Done {
        /// The word to show instead of the past form of the verb, if there is a better one: `Healthy`, `Exited`,
        /// `Cached`.
        note: Option<&'static str>,
        /// How long the step took.
        elapsed: Duration,
    },
    /// The step has failed. The outcome of the run tells more.
    Failed {
        /// The error and its cause in one line.
        message: String,
        /// How long the step took.
        elapsed: Duration,
    },
    /// The step never ran, or a signal ended its wait.
    Skipped {
        /// The step whose failure is the reason; `None` for a signal.
        because: Option<StepId>,
    },
    /// The step had succeeded, and was undone after the failure of another step.
    Undone,
}

/// A part of a step that has begun, or has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Number of the part in its step, from 1.
    pub id: u32,
    /// What the part does, on one line, without control characters: `step 2/3 RUN make`.
    pub name: String,
    /// Whether the part is an instruction of the user, rather than work of the builder.
    pub is_instruction: bool,
    /// How the part has ended; `None` where it begins.
    pub end: Option<PartEnd>,
    /// How long the part took, where that is known.
    pub elapsed: Option<Duration>,
}

/// How a part of a step has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartEnd {
    /// Its result was in the cache.
    Cached,
    /// It was carried out.
    Done,
    /// It has failed.
    Failed,
}

impl StepState {
    /// Returns whether a step may have this state any number of times.
    pub fn may_repeat(&self) -> bool {
        matches!(
            self,
            StepState::Progress { .. }
                | StepState::Part(_)
                | StepState::Delayed(_)
                | StepState::Output(_)
                | StepState::BuildOutput(_)
        )
    }
}

/// Receives the events of a run in their order. The task that owns the run calls the listener, so a listener that
/// blocks holds up the run.
pub trait Listener: Send {
    /// Takes the next event.
    fn on_event(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send> Listener for F {
    fn on_event(&mut self, event: &Event) {
        self(event);
    }
}
