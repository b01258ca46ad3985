//! What each step gets from its run, and what it returns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::outcome::StepError;
use super::settings::ExecSettings;
use super::wait::{Events, SharedList};
use crate::engine::{EngineError, EngineHandle};
use crate::event::StepState;
use crate::model::{ContainerId, ProjectName};
use crate::plan::{ContainerRef, StepId};

/// What all steps of a run share. The calls of the steps are methods of the runner; each kind of step has its own file.
#[derive(Clone)]
pub(super) struct Runner {
    pub engine: EngineHandle,
    pub settings: ExecSettings,
    pub project: ProjectName,
    /// The engine's events; `None` if no step of the plan needs them.
    pub events: Arc<Option<Events>>,
    /// The list of containers that waits share.
    pub list: Arc<SharedList>,
    /// Cancelled once only final waits are left: waits that no other step requires.
    pub others_done: CancellationToken,
    /// Containers that the plan removes together with their anonymous volumes.
    pub given_up: Arc<BTreeSet<ContainerId>>,
    /// How many replies were lost so far.
    pub lost_replies: Arc<AtomicUsize>,
    /// Takes the progress of the steps.
    pub progress: mpsc::Sender<(StepId, StepState)>,
}

impl Runner {
    /// Returns whether the reply of any call of this run was lost: that call may take effect late.
    pub(super) fn has_lost_a_reply(&self) -> bool {
        self.lost_replies.load(Ordering::Relaxed) > 0
    }
}

/// What a step gets from its run.
pub(super) struct StepContext<'a> {
    /// Ids of the containers created so far.
    pub created: &'a Created,
    /// Whether no other step waits for the step.
    pub is_final: bool,
    /// For a wait: how long the start of its container took; `None` if this run has not started it.
    pub start_took: Option<Duration>,
    /// Whether the step's container has a terminal, if the plan tells.
    pub is_tty: Option<bool>,
    /// Cancelled by the first signal.
    pub cancel: &'a CancellationToken,
}

/// The result of a successful step.
#[derive(Debug, Default)]
pub(super) struct Success {
    /// The word to show instead of the past form of the verb: `Healthy`, `Cached`.
    pub note: Option<&'static str>,
    /// The container that the step created.
    pub created: Option<ContainerId>,
    /// Whether the step stopped a container that ran. False if that is unknown after a lost reply.
    pub has_stopped: bool,
    /// Sentences about owners of configs and secrets that the image does not have.
    pub unknown_owners: Vec<String>,
}

/// A failed step: the error, and lines that help to understand it.
pub(super) type Failed = (StepError, Vec<String>);

/// Why a step failed, before its verb and target are added.
pub(super) enum Refusal {
    /// The engine refused or failed; the lines help to understand it.
    Engine(EngineError, Vec<String>),
    /// The step failed by itself.
    Step(Failed),
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Refusal::Engine(error, Vec::new())
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        Refusal::Step(failed)
    }
}

/// Ids of the containers created so far, by the step that created each.
pub(super) type Created = BTreeMap<StepId, ContainerId>;

/// Returns the id behind a reference; `None` for a container that no step has created yet.
pub(super) fn resolve(reference: &ContainerRef, created: &Created) -> Option<ContainerId> {
    match reference {
        ContainerRef::Existing(id) => Some(id.clone()),
        ContainerRef::Planned(step) => created.get(step).cloned(),
    }
}
