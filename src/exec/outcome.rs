//! How a run ended: which steps failed and why, which containers were restored, what is left on the engine.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use super::interrupt::Signal;
use crate::engine::{EngineError, ErrorKind};
use crate::plan::{HookPhase, StepId, Target, Verb};

/// How a step can fail.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepError {
    /// The engine refused or failed.
    #[error("cannot {} {target}", verb.plain())]
    Engine {
        /// What the step does.
        verb: Verb,
        /// What the step acts on.
        target: Target,
        /// The engine's error.
        #[source]
        source: EngineError,
    },
    /// A container ended or became unhealthy during a wait.
    #[error("{target} {what}")]
    NotUp {
        /// Which container.
        target: Target,
        /// What happened to the container: `exited with code 3`, `is unhealthy`, ...
        what: String,
        /// The kind of error that the engine recorded for the container's last start; `None` if the start succeeded.
        start_failure: Option<ErrorKind>,
    },
    /// A wait has reached its limit.
    #[error("{target} was not {until} after {} s", limit.as_secs())]
    WaitExpired {
        /// Which container.
        target: Target,
        /// The state that the wait was for: `healthy`, `running`, ...
        until: String,
        /// The limit.
        limit: Duration,
    },
    /// The command of a hook ended with another code than 0.
    #[error("{phase} hook of {target} ended with code {code}")]
    Hook {
        /// Which container.
        target: Target,
        /// Which list the hook stands in.
        phase: HookPhase,
        /// Exit code.
        code: i64,
    },
    /// A hook did not end within its limit, or before the first signal.
    #[error("{phase} hook of {target} {}; its command may go on in the container", given_up(*after))]
    HookGivenUp {
        /// Which container.
        target: Target,
        /// Which list the hook stands in.
        phase: HookPhase,
        /// The limit; `None` for a hook that a signal interrupted.
        after: Option<Duration>,
    },
    /// A fault of this program: an invalid plan, or a step that panicked.
    #[error("internal: {0}")]
    Internal(String),
}

/// Returns why a hook was given up.
fn given_up(after: Option<Duration>) -> String {
    match after {
        Some(limit) => format!("has not ended after {} s", limit.as_secs()),
        None => "was interrupted".to_owned(),
    }
}

/// A failed step.
#[derive(Clone, Debug)]
pub struct StepFailure {
    /// Which step.
    pub step: StepId,
    /// What the step acted on.
    pub target: Target,
    /// The error.
    pub error: StepError,
    /// Lines that help to understand the error: last probes, last lines of output. No control characters.
    pub details: Vec<String>,
    /// What the user can do; `None` if nothing is known. No control characters.
    pub help: Option<String>,
    /// Whether the run goes on as if the step had succeeded.
    pub is_optional: bool,
}

impl StepFailure {
    /// Returns the kind of the engine's error; `None` for a failure that is not the engine's.
    pub fn engine_kind(&self) -> Option<ErrorKind> {
        match &self.error {
            StepError::Engine { source, .. } => Some(source.kind),
            StepError::NotUp { start_failure, .. } => *start_failure,
            _ => None,
        }
    }

    /// Returns whether the step failed because the engine cannot start its container any more.
    pub fn is_unstartable(&self) -> bool {
        matches!(self.engine_kind(), Some(ErrorKind::Stuck | ErrorKind::Occupied))
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Whether a reply of the engine was lost: a request may take effect after the run.
    pub has_lost_a_reply: bool,
    /// Number of steps that succeeded.
    pub done: usize,
    /// Steps that failed, in the order in which they failed.
    pub failures: Vec<StepFailure>,
    /// Number of steps that never ran.
    pub skipped: usize,
    /// Old containers that run again after their replacement failed.
    pub restored: Vec<Target>,
    /// Sentences for the user about objects that should not be on the engine any more, each with a command to clean up.
    pub leftovers: Vec<String>,
    /// Sentences about owners of configs and secrets that are unknown to the image.
    pub unknown_owners: Vec<String>,
    /// The signal that ended the run early.
    pub interrupted: Option<Signal>,
    /// Work that the engine may still be doing, because the run did not wait for it after the signal: `stop container
    /// \`x\``.
    pub under_way: Vec<String>,
}

impl Outcome {
    /// Returns whether every required step succeeded.
    pub fn is_success(&self) -> bool {
        self.interrupted.is_none()
            && self.leftovers.is_empty()
            && self.failures.iter().all(|failure| failure.is_optional)
    }

    /// Returns whether the run failed only because the engine's state had changed since the plan was made.
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

    /// Returns whether the run failed only because of containers that the engine cannot start any more.
    pub fn is_only_unstartable(&self) -> bool {
        let mut failures = self.failures.iter().filter(|failure| !failure.is_optional);
        self.has_unstartable() && failures.all(StepFailure::is_unstartable)
    }

    /// Returns whether the engine may still be at work on a call of this run.
    pub fn is_uncertain(&self) -> bool {
        !self.under_way.is_empty()
            || self.failures.iter().any(|failure| match &failure.error {
                StepError::Engine { source, .. } => source.is_uncertain(),
                // A step that panicked may have left a call under way.
                StepError::Internal(_) => true,
                StepError::NotUp { .. }
                | StepError::WaitExpired { .. }
                | StepError::Hook { .. }
                | StepError::HookGivenUp { .. } => false,
            })
    }

    /// Returns the failures, without repetitions: the end of one container may fail several waits with the same
    /// message. Of these, the failure of a required step is returned, if there is one.
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
