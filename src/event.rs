//! What happened during a run, as values. One task emits them in one order; [`crate::ui`] turns them into text.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::plan::{StepId, Target};

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

/// What a step does, in docker compose's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Pull an image.
    Pull,
    /// Build an image.
    Build,
    /// Create anything.
    Create,
    /// Create the replacement of a container.
    Recreate,
    /// Start a container.
    Start,
    /// Stop a container.
    Stop,
    /// Kill a container.
    Kill,
    /// Restart a container.
    Restart,
    /// Freeze a container.
    Pause,
    /// Thaw a container.
    Unpause,
    /// Remove anything.
    Remove,
    /// Rename a container.
    Rename,
    /// Wait for a container.
    Wait,
    /// Run a hook.
    Run,
    /// Connect to a network.
    Connect,
    /// Disconnect from a network.
    Disconnect,
    /// Let time pass.
    Delay,
    /// Give back what a failed replacement had taken away.
    Restore,
}

impl Verb {
    /// Returns the word while it happens: `Creating`.
    pub fn present(self) -> &'static str {
        self.words().0
    }

    /// Returns the word when it is done: `Created`.
    pub fn past(self) -> &'static str {
        self.words().1
    }

    /// Returns the plain word: `create`.
    pub fn plain(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Verb::Pull => ("Pulling", "Pulled", "pull"),
            Verb::Build => ("Building", "Built", "build"),
            Verb::Create => ("Creating", "Created", "create"),
            Verb::Recreate => ("Recreate", "Recreated", "recreate"),
            Verb::Start => ("Starting", "Started", "start"),
            Verb::Stop => ("Stopping", "Stopped", "stop"),
            Verb::Kill => ("Killing", "Killed", "kill"),
            Verb::Restart => ("Restarting", "Restarted", "restart"),
            Verb::Pause => ("Pausing", "Paused", "pause"),
            Verb::Unpause => ("Unpausing", "Unpaused", "unpause"),
            Verb::Remove => ("Removing", "Removed", "remove"),
            Verb::Rename => ("Renaming", "Renamed", "rename"),
            Verb::Wait => ("Waiting", "Ready", "wait"),
            Verb::Run => ("Running", "Ran", "run"),
            Verb::Connect => ("Connecting", "Connected", "connect"),
            Verb::Disconnect => ("Disconnecting", "Disconnected", "disconnect"),
            Verb::Delay => ("Delaying", "Delayed", "delay"),
            Verb::Restore => ("Restoring", "Restored", "restore"),
        }
    }
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
