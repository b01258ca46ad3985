//! Puts steps in order: hands out ids, keeps requirements earlier than the steps that need them.

use std::collections::HashMap;

use super::{Action, ContainerRef, Effect, Interrupted, Plan, Reason, Replacement, Step, StepId, Target};
use crate::diag::Diagnostic;
use crate::model::{ContainerId, ProjectName};

/// A plan under construction.
#[derive(Debug, Default)]
pub(super) struct Builder {
    plan: Plan,
    /// What is planned for containers that exist.
    moves: HashMap<ContainerId, Moves>,
}

/// What is planned for a container that exists, and is stopped, started or removed.
#[derive(Debug, Default)]
struct Moves {
    /// The last step that starts or restarts it.
    start: Option<StepId>,
    is_removed: bool,
}

impl Builder {
    pub(super) fn new(project: &ProjectName) -> Self {
        Self { plan: Plan { project: project.clone(), ..Plan::default() }, moves: HashMap::new() }
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
        self.note(id, &action);
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

    fn note(&mut self, id: StepId, action: &Action) {
        let effect = action.nature().effect;
        let moves = matches!(effect, Effect::Started | Effect::Restarted | Effect::Stopped | Effect::Removed);
        let Some(ContainerRef::Existing(container)) = action.container().filter(|_| moves) else { return };
        let moves = self.moves.entry(container.clone()).or_default();
        match effect {
            Effect::Removed => moves.is_removed = true,
            Effect::Started | Effect::Restarted => moves.start = Some(id),
            _ => {}
        }
    }

    /// Lets a step also wait for the end of others, whatever their outcome.
    pub(super) fn after(&mut self, id: StepId, others: impl IntoIterator<Item = StepId>) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.after.extend(others);
            step.after.sort_unstable();
            step.after.dedup();
        }
    }

    /// Returns why a step is there.
    pub(super) fn reason(&self, id: StepId) -> Option<Reason> {
        self.plan.steps.get(id.index()).map(|step| step.reason.clone())
    }

    /// Returns what a step acts on.
    pub(super) fn target(&self, id: StepId) -> Option<Target> {
        self.plan.steps.get(id.index()).map(|step| step.target.clone())
    }

    /// Returns the step that starts or restarts a container that exists.
    pub(super) fn start_of(&self, container: &ContainerId) -> Option<StepId> {
        self.moves.get(container).and_then(|moves| moves.start)
    }

    /// Returns whether a container that exists is removed.
    pub(super) fn is_removed(&self, container: &ContainerId) -> bool {
        self.moves.get(container).is_some_and(|moves| moves.is_removed)
    }

    /// Returns whether a container that exists is stopped, started or removed.
    pub(super) fn is_moved(&self, container: &ContainerId) -> bool {
        self.moves.contains_key(container)
    }

    /// Makes a step's failure a warning.
    pub(super) fn optional(&mut self, id: StepId) {
        if let Some(step) = self.plan.steps.get_mut(id.index()) {
            step.is_optional = true;
        }
    }

    pub(super) fn interrupted(&mut self, interrupted: Interrupted) {
        self.plan.interrupted.push(interrupted);
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
