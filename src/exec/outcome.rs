//! How a run ended: what failed and why, what was given back, what is left.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use super::Signal;
use crate::engine::{EngineError, ErrorKind};
use crate::plan::Verb;
use crate::plan::{StepId, Target};

/// How a step can fail.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepError {
    /// The engine refused or failed.
    #[error("cannot {} {target}", verb.plain())]
    Engine {
        /// What was tried.
        verb: Verb,
        /// With what.
        target: Target,
        /// Why not.
        #[source]
        source: EngineError,
    },
    /// A container ended or fell ill while it was waited for.
    #[error("{target} {what}")]
    NotUp {
        /// Which container.
        target: Target,
        /// What happened to it: `exited with code 3`, `is unhealthy`, ...
        what: String,
    },
    /// A wait took too long.
    #[error("{target} was not {until} after {} s", limit.as_secs())]
    WaitExpired {
        /// Which container.
        target: Target,
        /// What was waited for.
        until: String,
        /// The limit.
        limit: Duration,
    },
    /// A hook's command failed.
    #[error("{phase} hook of {target} ended with code {code}")]
    Hook {
        /// Which container.
        target: Target,
        /// `post_start` or `pre_stop`.
        phase: &'static str,
        /// Exit code.
        code: i64,
    },
    /// The plan is wrong: a fault of this program.
    #[error("internal: {0}")]
    Internal(String),
}

/// A failed step.
#[derive(Clone, Debug)]
pub struct StepFailure {
    /// Which step.
    pub step: StepId,
    /// What it acted on.
    pub target: Target,
    /// Why it failed.
    pub error: StepError,
    /// What helps to understand it: last probes, last lines of output. No control characters.
    pub details: Vec<String>,
    /// What to do about it, where somebody has looked. No control characters.
    pub help: Option<String>,
    /// Whether the run goes on as if it had succeeded.
    pub is_optional: bool,
}

impl StepFailure {
    /// Returns what kind of failure the engine's was, where it was the engine's.
    pub fn engine_kind(&self) -> Option<ErrorKind> {
        match &self.error {
            StepError::Engine { source, .. } => Some(source.kind),
            _ => None,
        }
    }

    /// Returns whether the engine cannot start a container any more.
    pub fn is_unstartable(&self) -> bool {
        matches!(self.engine_kind(), Some(ErrorKind::Stuck | ErrorKind::Occupied))
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Steps that succeeded.
    pub done: usize,
    /// Steps that failed, in the order they did.
    pub failures: Vec<StepFailure>,
    /// Steps that never ran.
    pub skipped: usize,
    /// Containers that were given back.
    pub restored: Vec<Target>,
    /// What is left on the engine that should not be, with the command that cleans it.
    pub leftovers: Vec<String>,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
}

impl Outcome {
    /// Returns whether everything was done.
    pub fn is_success(&self) -> bool {
        self.interrupted.is_none()
            && self.leftovers.is_empty()
            && self.failures.iter().all(|failure| failure.is_optional)
    }

    /// Returns whether it failed only because something was no longer as it had been when the plan was made.
    pub fn has_world_moved(&self) -> bool {
        let kinds = [ErrorKind::Conflict, ErrorKind::NetworkInUse, ErrorKind::NotFound, ErrorKind::Denied];
        let is_moved = |failure: &StepFailure| {
            failure.is_unstartable() || failure.engine_kind().is_some_and(|kind| kinds.contains(&kind))
        };
        let mut failures = self.failures.iter().filter(|failure| !failure.is_optional).peekable();
        self.interrupted.is_none() && failures.peek().is_some() && failures.all(is_moved)
    }

    /// Returns whether there is a container that the engine cannot start any more.
    pub fn has_unstartable(&self) -> bool {
        self.failures.iter().any(StepFailure::is_unstartable)
    }

    /// Returns whether that is all that failed.
    pub fn is_only_unstartable(&self) -> bool {
        let mut failures = self.failures.iter().filter(|failure| !failure.is_optional);
        self.has_unstartable() && failures.all(StepFailure::is_unstartable)
    }

    /// Returns whether the engine may go on with something that it was asked for.
    pub fn is_uncertain(&self) -> bool {
        let is_uncertain =
            |failure: &StepFailure| matches!(&failure.error, StepError::Engine { source, .. } if source.is_uncertain());
        self.failures.iter().any(is_uncertain)
    }

    /// Returns the failures, each event once: the end of one container may be that of several waits. It is an error where
    /// one of them was needed.
    pub fn events(&self) -> Vec<&StepFailure> {
        let key = |failure: &StepFailure| (failure.target.to_string(), failure.error.to_string());
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        let mut found: Vec<&StepFailure> = Vec::new();
        for failure in &self.failures {
            match places.entry(key(failure)) {
                Entry::Vacant(entry) => {
                    entry.insert(found.len());
                    found.push(failure);
                }
                Entry::Occupied(entry) => {
                    let told = &mut found[*entry.get()];
                    if told.is_optional {
                        *told = failure;
                    }
                }
            }
        }
        found
    }
}
