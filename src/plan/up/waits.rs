//! The waits of `up`: for the conditions of `depends_on`, and for started containers to stay up.

use std::collections::BTreeSet;

use crate::model::{Condition, ContainerState, Health, Service, ServiceName};
use crate::plan::checks::image;
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Need, Reason, StepId, Target, Until, hooks};

impl Up<'_> {
    /// Returns the steps that must have succeeded before a service starts, and the steps that must only have ended
    /// (`required: false`).
    pub(crate) fn conditions(&mut self, service: &Service) -> (Vec<StepId>, Vec<StepId>) {
        let (mut needed, mut optional) = (Vec::new(), Vec::new());
        for (name, edge) in &service.depends_on {
            let Some(mut done) = self.done.remove(name) else { continue };
            for replica in &mut done.replicas {
                let steps = self.condition(replica, edge.condition, &service.name, !edge.required);
                if edge.condition == Condition::Healthy && !steps.is_empty() {
                    image::healthcheck(&mut self.builder, self.scope, service, name);
                }
                if edge.required { needed.extend(steps) } else { optional.extend(steps) }
            }
            self.done.insert(name.clone(), done);
        }
        (needed, optional)
    }

    /// Returns the required dependencies of a service, which are checked again before an old container is started.
    pub(crate) fn needs(&self, service: &Service) -> Vec<Need> {
        let required = service.depends_on.iter().filter(|(_, edge)| edge.required);
        let need = |(name, condition): (&ServiceName, Condition)| {
            let replicas = self.done.get(name)?.replicas.len();
            Some(Need { service: name.clone(), condition, replicas })
        };
        required.filter_map(|(name, edge)| need((name, edge.condition))).collect()
    }

    /// Returns the steps after which a replica meets a condition. A wait is planned once for all dependents.
    pub(crate) fn condition(
        &mut self,
        replica: &mut Replica,
        condition: Condition,
        dependent: &ServiceName,
        is_optional: bool,
    ) -> Vec<StepId> {
        let is_met = match (condition, replica.untouched) {
            (Condition::Started, _) => return replica.started.clone(),
            (Condition::Healthy, Some((state, health, _))) => {
                state == ContainerState::Running && health == Health::Healthy
            }
            (Condition::CompletedSuccessfully, Some((state, _, code))) => {
                state == ContainerState::Exited && code == Some(0)
            }
            (_, None) => false,
        };
        if is_met {
            return Vec::new();
        }
        if let Some(wait) = replica.waits.get(&condition) {
            return vec![*wait];
        }
        let until = Until::Condition(condition);
        let action =
            Action::WaitFor { container: replica.container.clone(), until, limit: self.scope.options.wait_limit };
        let wait =
            self.builder.step(&replica.target, action, Reason::NeededBy(dependent.clone()), replica.started.clone());
        if is_optional {
            self.builder.optional(wait);
        } else {
            replica.waits.insert(condition, wait);
        }
        vec![wait]
    }

    /// Plans the `post_start` hooks of a started container, then the wait that shows whether the container stays up.
    /// Returns the last step before the wait: dependents with `service_started` come after that step.
    pub(crate) fn verify(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        started: StepId,
    ) -> StepId {
        let hooks = hooks::plan_after(&mut self.builder, &service.post_start, target, container, &[started]);
        let last = hooks.last().copied().unwrap_or(started);
        let settle = self.scope.options.settle;
        let until = if self.scope.options.wait { Until::Ready(settle) } else { Until::Alive(settle) };
        let wait = Action::WaitFor { container: container.clone(), until, limit: self.scope.options.wait_limit };
        let wait = self.builder.step(target, wait, Reason::Verify, [last]);
        self.spare(service, wait);
        last
    }

    /// Makes the failure of a wait a warning if all dependents have `required: false`. With `--wait` it stays an error,
    /// because `--wait` asks for all services.
    pub(crate) fn spare(&mut self, service: &Service, wait: StepId) {
        if self.spared.contains(service.name.as_str()) && !self.scope.options.wait {
            self.builder.optional(wait);
        }
    }

    /// Plans waits that show whether the replicas of these numbers are up, and returns them.
    pub(crate) fn seen_up(&mut self, service: &Service, numbers: &BTreeSet<u32>) -> Vec<StepId> {
        let Some(done) = self.done.get(&service.name) else { return Vec::new() };
        let is_meant = |replica: &&Replica| numbers.contains(&replica.number());
        let replicas = done.replicas.iter().filter(is_meant);
        let replicas: Vec<_> = replicas
            .map(|replica| (replica.target.clone(), replica.container.clone(), replica.started.clone()))
            .collect();
        let limit = self.scope.options.wait_limit;
        let until = Until::Ready(self.scope.options.settle);
        let wait = |(target, container, started): (Target, ContainerRef, Vec<StepId>)| {
            self.builder.step(&target, Action::WaitFor { container, until, limit }, Reason::Verify, started)
        };
        replicas.into_iter().map(wait).collect()
    }

    /// Plans waits for the replicas that the plan leaves alone: `--wait` asks for them, too.
    pub(crate) fn verify_untouched(&mut self, service: &Service) {
        let Some(done) = self.done.get(&service.name) else { return };
        let waits: Vec<(Target, ContainerRef)> = done
            .replicas
            .iter()
            .filter(|replica| match replica.untouched {
                Some((ContainerState::Running, Health::Healthy | Health::None, _)) => false,
                Some((ContainerState::Exited, _, Some(0))) | None => false,
                Some(_) => true,
            })
            .map(|replica| (replica.target.clone(), replica.container.clone()))
            .collect();
        for (target, container) in waits {
            let until = Until::Ready(self.scope.options.settle);
            self.builder.step(
                &target,
                Action::WaitFor { container, until, limit: self.scope.options.wait_limit },
                Reason::Verify,
                [],
            );
        }
    }
}
