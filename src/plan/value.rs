//! A plan as a value: its steps, and what an undo and the end of a run need to know.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Condition, ContainerId, EndpointSpec, MountSpec, ProjectName, ServiceName};
use crate::plan::{Action, ContainerRef, Reason, Step, StepId, Target};

/// Everything that one run does. Each step comes after the steps that it requires.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The project.
    pub project: ProjectName,
    /// The steps; `steps[i].id == StepId(i)`.
    pub steps: Vec<Step>,
    /// Replacements, for undo.
    pub replacements: Vec<Replacement>,
    /// Warnings, and errors that forbid the run.
    pub diagnostics: Vec<Diagnostic>,
    /// Containers that are as the file says.
    pub unchanged: Vec<Target>,
    /// Containers that are stopped for a moment. A step of the plan starts each of them again. If the run ends before
    /// that step, the end of the run starts it.
    pub interrupted: Vec<Interrupted>,
    /// Running containers that share a namespace, and the containers that have that namespace: their start times tell
    /// whether they still share it.
    pub joined: BTreeSet<ContainerId>,
}

impl Plan {
    /// Returns whether the plan finishes the work of an interrupted run.
    pub fn finishes_another(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.reason, Reason::Unfinished(_)))
    }

    /// Returns whether a container restarts because its dependency was replaced. After the replacement the engine no
    /// longer shows that the restart is needed.
    pub fn restarts_dependents(&self) -> bool {
        let is_one = |reason: &Reason| matches!(reason, Reason::DependencyReplaced(_));
        self.steps.iter().any(|step| match &step.reason {
            Reason::Several(reasons) => reasons.iter().any(is_one),
            reason => is_one(reason),
        })
    }

    /// Returns the containers that must be inspected to complete the plan: containers that are replaced because their
    /// definition differs (the old definition explains why), or that have anonymous volumes (some are declared by the
    /// image), and containers that share a namespace.
    pub fn redefined(&self) -> BTreeSet<ContainerId> {
        let takes_over = |step: &Step| match &step.action {
            Action::CreateContainer { spec, .. } => spec.mounts.iter().any(MountSpec::is_taken_over),
            _ => false,
        };
        let is_redefined = |replacement: &&Replacement| match &replacement.new {
            ContainerRef::Planned(step) => {
                self.steps.get(step.index()).is_some_and(|step| step.reason.is_redefinition() || takes_over(step))
            }
            ContainerRef::Existing(_) => false,
        };
        let redefined = self.replacements.iter().filter(is_redefined).map(|replacement| &replacement.old);
        redefined.chain(&self.joined).cloned().collect()
    }

    /// Returns whether the plan has no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A running container that is not replaced, but stopped for a moment: one of its networks is created anew, or it holds
/// the host port or address of another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Interrupted {
    /// The container.
    pub container: ContainerId,
    /// The steps that stop the container and disconnect it.
    pub stops: Vec<StepId>,
    /// The step that starts the container again.
    pub start: StepId,
    /// The required dependencies of its service.
    pub needs: Vec<Need>,
}

/// A required dependency of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The service.
    pub service: ServiceName,
    /// The condition that its containers must meet before the dependent starts.
    pub condition: Condition,
    /// How many of its containers must meet the condition.
    pub replicas: usize,
}

/// The replacement of a container by another. Until `commit` has begun, a failure brings the old container back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    /// The old container.
    pub old: ContainerId,
    /// The target of the steps.
    pub target: Target,
    /// The new container.
    pub new: ContainerRef,
    /// Whether the old container ran, and must run again after an undo.
    pub was_running: bool,
    /// The required dependencies of the service.
    pub needs: Vec<Need>,
    /// The endpoints that the old container loses for a moment: an undo connects the container again.
    pub reconnects: Vec<EndpointSpec>,
    /// Services whose namespaces or volumes the old container shares: an undo brings their old containers back first.
    pub shares_with: Vec<ServiceName>,
    /// The steps up to and including the wait. When one of them fails, the replacement is undone.
    pub steps: Vec<StepId>,
    /// The removal of the old container. From this step on there is no way back.
    pub commit: StepId,
    /// The family of services that are given back together, named by its first member; `None` for a service without a
    /// family. An old container of the family may need the host port that the new container of another member has.
    pub family: Option<ServiceName>,
    /// The service. The replacements of its replicas form a group.
    pub group: ServiceName,
    /// Whether a failure also undoes the other replacements of the group (`failure_action: rollback`).
    pub undoes_group: bool,
}
