//! The output of containers that this run starts, for a reader that must miss no byte.
//!
//! The engine sends output to sessions that are already attached. Earlier output comes only from the log, which may
//! have been rotated, and which not every logging driver keeps. So the step that starts a container attaches first.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::engine::{AttachOptions, Ending, Session, WaitCondition};
use crate::model::{ContainerId, ServiceName};
use crate::plan::{Action, Plan, Target};

/// The services whose output is wanted, and the channel to the reader.
#[derive(Clone, Debug)]
pub struct Outputs {
    services: Arc<BTreeSet<ServiceName>>,
    /// How to attach; whether a container has a terminal, its plan tells.
    pub(super) options: AttachOptions,
    /// The end of a container is told, too, to be waited for until then.
    pub(super) until: Option<WaitCondition>,
    sender: mpsc::UnboundedSender<Output>,
}

/// A message of the run to the reader of output.
pub enum Output {
    /// The containers that will have output once the plan is done: those that the plan starts and those that it leaves
    /// alone.
    Planned(Vec<Target>),
    /// The output of a container that is about to be started.
    Opened {
        /// The container.
        container: ContainerId,
        /// The step's target, for messages.
        target: Target,
        /// Its streams from its start to its end.
        session: Session,
        /// Its end, where that was asked for and the engine has taken the wait.
        ending: Option<Ending>,
    },
    /// The step that starts a container has ended, and this has been reported.
    Begun {
        /// The container.
        container: ContainerId,
        /// Whether the container was started.
        is_started: bool,
    },
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Planned(targets) => f.debug_tuple("Planned").field(targets).finish(),
            Output::Opened { container, .. } => f.debug_tuple("Opened").field(container).finish(),
            Output::Begun { container, .. } => f.debug_tuple("Begun").field(container).finish(),
        }
    }
}

impl Outputs {
    /// Asks for the output of these services. The channel has no bound, so no step waits for the reader; there are few
    /// messages.
    pub fn new(services: BTreeSet<ServiceName>) -> (Self, mpsc::UnboundedReceiver<Output>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let options = AttachOptions::default();
        (Self { services: Arc::new(services), options, until: None, sender }, receiver)
    }

    /// Asks for all streams of the containers of one service, and for their ends.
    pub fn sessions(
        service: ServiceName,
        options: AttachOptions,
        until: WaitCondition,
    ) -> (Self, mpsc::UnboundedReceiver<Output>) {
        let (outputs, receiver) = Self::new([service].into());
        (Self { options, until: Some(until), ..outputs }, receiver)
    }

    /// Returns whether the output of a container is wanted.
    pub(super) fn wants(&self, target: &Target) -> bool {
        let is_container = matches!(target, Target::Container { .. });
        is_container && target.service().is_some_and(|service| self.services.contains(service))
    }

    /// Sends what the reader needs to know before the first step.
    pub(super) fn begin(&self, plan: &Plan) {
        let is_start =
            |action: &Action| matches!(action, Action::StartContainer { .. } | Action::RestartContainer { .. });
        let started = plan.steps.iter().filter(|step| is_start(&step.action)).map(|step| &step.target);
        let all: BTreeSet<&Target> = started.chain(&plan.unchanged).filter(|target| self.wants(target)).collect();
        self.tell(Output::Planned(all.into_iter().cloned().collect()));
    }

    /// Sends a message to the reader. A closed channel means that the reader is gone.
    pub(super) fn tell(&self, output: Output) {
        let _ = self.sender.send(output);
    }
}
