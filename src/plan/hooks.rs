//! Stops and starts with their hooks: commands that run in a container before its stop and after its start.

use std::time::Duration;

use crate::model::{Hook, ObservedContainer, Project};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;
use crate::plan::{Action, ContainerRef, HookPhase, Reason, StepId, Target};

/// The stop of a container with its `pre_stop` hooks.
pub(crate) struct Stop<'a> {
    /// The `pre_stop` hooks.
    pub hooks: &'a [Hook],
    pub target: Target,
    pub container: ContainerRef,
    /// Grace period; `None` is the container's own.
    pub grace: Option<Duration>,
    pub reason: Reason,
}

impl<'a> Stop<'a> {
    /// Returns the stop of a running container.
    pub(crate) fn of(
        project: &'a Project,
        container: &ObservedContainer,
        grace: Option<Duration>,
        reason: Reason,
    ) -> Self {
        Self {
            hooks: before_stop(project, container),
            target: replicas::target_of(container),
            container: ContainerRef::Existing(container.id.clone()),
            grace,
            reason,
        }
    }

    /// Plans the hooks and the stop. Returns the steps, the stop last. A hook that fails does not prevent the stop.
    pub(crate) fn plan(self, builder: &mut Builder, requires: &[StepId]) -> Vec<StepId> {
        let mut steps = plan_before(builder, self.hooks, &self.target, &self.container, requires);
        let action = Action::StopContainer { container: self.container, grace: self.grace };
        let stop = builder.step(&self.target, action, self.reason, requires.iter().copied());
        builder.after(stop, steps.iter().copied());
        steps.push(stop);
        steps
    }
}

/// Returns the `pre_stop` hooks of a container's service; none where the file does not have the service.
pub(crate) fn before_stop<'a>(project: &'a Project, container: &ObservedContainer) -> &'a [Hook] {
    let service = container.service().and_then(|name| project.service(name));
    service.map_or(&[], |service| &service.pre_stop)
}

/// Returns the `post_start` hooks of a container's service; none where the file does not have the service.
pub(crate) fn after_start<'a>(project: &'a Project, container: &ObservedContainer) -> &'a [Hook] {
    let service = container.service().and_then(|name| project.service(name));
    service.map_or(&[], |service| &service.post_start)
}

/// Plans `pre_stop` hooks, one after the other. Returns their steps. The stop waits for their end, whatever their
/// outcome.
pub(crate) fn plan_before(
    builder: &mut Builder,
    hooks: &[Hook],
    target: &Target,
    container: &ContainerRef,
    requires: &[StepId],
) -> Vec<StepId> {
    let mut steps: Vec<StepId> = Vec::new();
    for hook in hooks {
        let action =
            Action::RunHook { container: container.clone(), hook: Box::new(hook.clone()), phase: HookPhase::PreStop };
        let step = builder.step(target, action, Reason::Hook(HookPhase::PreStop), requires.iter().copied());
        builder.after(step, steps.last().copied());
        builder.optional(step);
        steps.push(step);
    }
    steps
}

/// Plans `post_start` hooks, one after the other, after the start of a container. Returns their steps.
pub(crate) fn plan_after(
    builder: &mut Builder,
    hooks: &[Hook],
    target: &Target,
    container: &ContainerRef,
    requires: &[StepId],
) -> Vec<StepId> {
    let mut steps: Vec<StepId> = Vec::new();
    for hook in hooks {
        let action =
            Action::RunHook { container: container.clone(), hook: Box::new(hook.clone()), phase: HookPhase::PostStart };
        let needed = steps.last().map_or_else(|| requires.to_vec(), |last| vec![*last]);
        steps.push(builder.step(target, action, Reason::Hook(HookPhase::PostStart), needed));
    }
    steps
}
