//! Decides what must happen for the engine to match the project.
//!
//! Pure: no I/O, no clock, no environment. A [`Plan`] holds a whole run; each resource kind has its own file.

mod builder;
mod checks;
mod container;
mod down;
mod hook_phase;
mod hooks;
mod lifecycle;
mod options;
mod reason;
mod report;
mod resources;
mod scope;
mod step;
mod up;
mod verb;
mod world;

pub use crate::model::{Content, Contents};
pub use checks::plugins::plugins_named;
pub use container::fields::looks_secret;
pub use container::naming::{final_name, image_names, image_of};
pub use down::down;
pub use hook_phase::HookPhase;
pub use lifecycle::{Lifecycle, lifecycle};
pub use options::{DownOptions, Recreate, RemoveImages, SETTLE, SETTLE_REPLACED, UpOptions};
pub use reason::{FieldChange, Reason};
pub use report::drift::{Drift, drift};
pub use report::impact::{Downtime, Impact, Loss, impacts};
pub use report::lint::lint;
pub use report::text::{describe, render};
pub use resources::images::{ImageOptions, PullPolicy, images};
pub use scope::selected;
pub use step::{
    Action, ContainerRef, Effect, Endpoints, IdField, Load, Nature, OnSignal, Reference, Step, StepId, Target, Until,
};
pub use up::up;
pub use verb::Verb;

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{ContainerId, MountSpec, ProjectName};

/// Everything one run will do, in an order in which each step comes after those it needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The project.
    pub project: ProjectName,
    /// The steps; `steps[i].id == StepId(i)`.
    pub steps: Vec<Step>,
    /// Replacements, for undo.
    pub replacements: Vec<Replacement>,
    /// What the user should know before: warnings, and errors that forbid the run.
    pub diagnostics: Vec<Diagnostic>,
    /// Containers that are as they should be.
    pub unchanged: Vec<Target>,
    /// Containers that are stopped for a moment: each is started again by a step of the plan, and where the run does not come
    /// to that step, in its end.
    pub interrupted: Vec<Interrupted>,
    /// Running containers that share a namespace, and those that have it: when they started tells whether they still do.
    pub joined: BTreeSet<ContainerId>,
}

impl Plan {
    /// Returns whether it ends what an earlier run had begun.
    pub fn finishes_another(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.reason, Reason::Unfinished(_)))
    }

    /// Returns whether something restarts because what it depends on was replaced. Nothing on the engine says so once the
    /// replacement is over.
    pub fn restarts_dependents(&self) -> bool {
        let is_one = |reason: &Reason| matches!(reason, Reason::DependencyReplaced(_));
        self.steps.iter().any(|step| match &step.reason {
            Reason::Several(reasons) => reasons.iter().any(is_one),
            reason => is_one(reason),
        })
    }

    /// Returns the containers that a look at each would tell more of: those that give way because their definition differs
    /// (what they were made with explains it), or with volumes that have no name (some are the image's), and those that
    /// share a namespace.
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

    /// Returns whether nothing needs doing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A container that runs, is not replaced, and is stopped for a moment: a network of it is made anew, or it had the host
/// port or the address of another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Interrupted {
    /// The container.
    pub container: ContainerId,
    /// The steps that stop it and take its networks away.
    pub stops: Vec<StepId>,
    /// The step that starts it again.
    pub start: StepId,
    /// What its service depends on.
    pub needs: Vec<Need>,
}

/// A service that another one cannot do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The service.
    pub service: crate::model::ServiceName,
    /// What its containers must be before the other one starts.
    pub condition: crate::model::Condition,
    /// How many of them there are to be.
    pub replicas: usize,
}

/// A container that takes the place of another. Until `commit` has begun, a failure gives the old one back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    /// The old container.
    pub old: ContainerId,
    /// What the steps act on.
    pub target: Target,
    /// The new container.
    pub new: ContainerRef,
    /// Whether the old one ran and must run again after an undo.
    pub was_running: bool,
    /// What the service depends on.
    pub needs: Vec<Need>,
    /// The networks that the old one loses for a moment: an undo connects it again.
    pub reconnects: Vec<crate::model::EndpointSpec>,
    /// Services whose namespaces or volumes it shares: what they give back must be there first.
    pub shares_with: Vec<crate::model::ServiceName>,
    /// Steps up to and including the wait; when one of them fails, the replacement is undone.
    pub steps: Vec<StepId>,
    /// The removal of the old container: from here on there is no way back.
    pub commit: StepId,
    /// The first of the services that are given back together with this one (`None`: it stands alone). One of them may
    /// need the host port that the new container of another has.
    pub family: Option<crate::model::ServiceName>,
    /// The service, which holds together the replacements of its replicas.
    pub group: crate::model::ServiceName,
    /// Whether a failure also undoes the other replacements of the group (`failure_action: rollback`).
    pub undoes_group: bool,
}
