//! What `up` waits for: what dependencies must reach, and whether what was started stays up.

use crate::model::{Condition, ContainerState, Health, Service, ServiceName};
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Need, Reason, StepId, Target, Until, hooks};

impl Up<'_> {
    /// Returns the steps a start of `service` needs, and those it only waits to end (`required: false`).
    pub(crate) fn conditions(&mut self, service: &Service) -> (Vec<StepId>, Vec<StepId>) {
        let (mut needed, mut optional) = (Vec::new(), Vec::new());
        for (name, edge) in &service.depends_on {
            let Some(mut done) = self.done.remove(name) else { continue };
            for replica in &mut done.replicas {
                let steps = self.condition(replica, edge.condition, &service.name, !edge.required);
                if edge.required { needed.extend(steps) } else { optional.extend(steps) }
            }
            self.done.insert(name.clone(), done);
        }
        (needed, optional)
    }

    /// Returns the services that a service cannot do without.
    pub(crate) fn needs(&self, service: &Service) -> Vec<Need> {
        let required = service.depends_on.iter().filter(|(_, edge)| edge.required);
        let need = |(name, condition): (&ServiceName, Condition)| {
            let replicas = self.done.get(name)?.replicas.len();
            Some(Need { service: name.clone(), condition, replicas })
        };
        required.filter_map(|(name, edge)| need((name, edge.condition))).collect()
    }

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

    /// Plans what follows a start: its hooks, then a look whether it stays up. Returns the last step before that look.
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

    /// Makes the end of what others can do without a warning; `--wait` waits for all of it.
    pub(crate) fn spare(&mut self, service: &Service, wait: StepId) {
        if self.spared.contains(service.name.as_str()) && !self.scope.options.wait {
            self.builder.optional(wait);
        }
    }

    /// `--wait` looks also at what runs already.
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
