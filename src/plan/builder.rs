//! Puts steps in order: hands out ids, keeps requirements earlier than the steps that need them.

use super::{Action, ContainerRef, Plan, Reason, Replacement, Step, StepId, Target};
use crate::diag::Diagnostic;
use crate::model::{ContainerId, ProjectName};

/// A plan under construction.
#[derive(Debug, Default)]
pub(super) struct Builder {
    plan: Plan,
}

impl Builder {
    pub(super) fn new(project: &ProjectName) -> Self {
        Self { plan: Plan { project: project.clone(), ..Plan::default() } }
    }

    /// Adds a step that needs `requires` and returns its id.
    pub(super) fn step(
        &mut self,
        target: &Target,
        action: Action,
        reason: Reason,
        requires: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let id = StepId(u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX));
        let mut requires: Vec<StepId> = requires.into_iter().collect();
        requires.sort_unstable();
        requires.dedup();
        self.plan.steps.push(Step {
            id,
            target: target.clone(),
            action,
            reason,
            requires,
            after: Vec::new(),
            is_optional: false,
        });
        id
    }

    /// Lets a step also wait for the end of others, whatever their outcome.
    pub(super) fn after(&mut self, id: StepId, others: impl IntoIterator<Item = StepId>) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.after.extend(others);
            step.after.sort_unstable();
            step.after.dedup();
        }
    }

    /// Returns what a step acts on.
    pub(super) fn target(&self, id: StepId) -> Option<Target> {
        self.plan.steps.get(id.index()).map(|step| step.target.clone())
    }

    /// Returns the step that starts or restarts a container that exists.
    pub(super) fn start_of(&self, container: &ContainerId) -> Option<StepId> {
        let is_start = |step: &&Step| match &step.action {
            Action::StartContainer { container: ContainerRef::Existing(id) }
            | Action::RestartContainer { container: ContainerRef::Existing(id), .. } => id == container,
            _ => false,
        };
        self.plan.steps.iter().rfind(is_start).map(|step| step.id)
    }

    /// Returns whether a container that exists is removed.
    pub(super) fn is_removed(&self, container: &ContainerId) -> bool {
        self.plan.steps.iter().any(|step| match &step.action {
            Action::RemoveContainer { container: ContainerRef::Existing(id), .. } => id == container,
            _ => false,
        })
    }

    /// Returns whether a container that exists is stopped, started or removed.
    pub(super) fn is_moved(&self, container: &ContainerId) -> bool {
        let is_stopped = |step: &Step| match &step.action {
            Action::StopContainer { container: ContainerRef::Existing(id), .. } => id == container,
            _ => false,
        };
        self.start_of(container).is_some() || self.is_removed(container) || self.plan.steps.iter().any(is_stopped)
    }

    /// Makes a step's failure a warning.
    pub(super) fn optional(&mut self, id: StepId) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.is_optional = true;
        }
    }

    pub(super) fn replacement(&mut self, replacement: Replacement) {
        self.plan.replacements.push(replacement);
    }

    pub(super) fn tell(&mut self, diagnostic: Diagnostic) {
        // What is true of each replica is said once.
        if !self.plan.diagnostics.contains(&diagnostic) {
            self.plan.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn joined(&mut self, containers: impl IntoIterator<Item = ContainerId>) {
        self.plan.joined.extend(containers);
    }

    pub(super) fn unchanged(&mut self, target: Target) {
        self.plan.unchanged.push(target);
    }

    pub(super) fn finish(self) -> Plan {
        self.plan
    }
}
