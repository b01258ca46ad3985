//! Restarts of containers that are as the file says: a dependency was replaced (`restart: true`), or the container
//! whose network they share was started again.

use crate::model::{ContainerState, ObservedContainer, Service, ServiceName, labels};
use crate::plan::container::{replicas, shares};
use crate::plan::resources::joined::joined;
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Reason, StepId, Target, hooks};

impl<'a> Up<'a> {
    /// Plans the restarts of selected services. A dependent with `restart: true` restarts once the replacement of its
    /// dependency works. A container that shares the namespace of another one restarts once that one is started again,
    /// because it has a new namespace then.
    ///
    /// Compat: docker compose stops dependents before the replacement. A restart afterwards keeps them running if the
    /// replacement fails. docker compose leaves containers that share a network without one.
    pub(crate) fn restart_dependents(&mut self, order: &[&'a str]) {
        // A dependency that is only created does not work yet: a restart would cut its dependents off from the old one,
        // which works.
        if !self.scope.options.start {
            return;
        }
        for name in order.iter().filter(|name| self.scope.selected.contains(*name)) {
            let Some(service) = self.scope.project.services.get(*name) else { continue };
            let done = |name: &ServiceName| self.done.get(name);
            let restarts = service.depends_on.iter().filter(|(_, edge)| edge.restart);
            let (replaced, others): (Vec<_>, Vec<_>) =
                restarts.map(|(name, _)| name).partition(|name| done(name).is_some_and(|done| done.is_replaced));
            let mut reasons: Vec<Reason> = replaced.into_iter().cloned().map(Reason::DependencyReplaced).collect();
            for other in others {
                if self.scope.world.observed.known.is_after_crash
                    && self.was_replaced(other)
                    && self.has_lost(service, other)
                {
                    reasons.push(Reason::DependencyReplaced(other.clone()));
                }
            }
            let hosts: Vec<&ServiceName> = shares::hosts(service).collect();
            for host in hosts {
                let is_started = self.done.get(host).is_some_and(|done| done.is_started);
                if self.has_lost(service, host) || is_started {
                    reasons.push(Reason::HostStarted(host.clone()));
                }
            }
            match reasons.len() {
                0 => {}
                1 => self.restart(service, reasons.remove(0)),
                _ => self.restart(service, Reason::Several(reasons)),
            }
        }
    }

    /// Whether the first container of a service has replaced another one.
    fn was_replaced(&self, service: &ServiceName) -> bool {
        let id = self.container_id(service.as_str());
        let first = id.and_then(|id| self.scope.world.by_id(&id));
        first.is_some_and(|one| one.label(labels::REPLACES).is_some())
    }

    /// Returns whether a running replica, which the plan leaves alone, started before the first container of another
    /// service.
    ///
    /// Example: `side` shares the network of `web`. `side` started at 10:00 and `web` at 10:05, so the network of
    /// `side` is gone. In the same way a dependent with `restart: true` that started before its dependency has missed
    /// its restart. Start times need an inspect, so the containers are noted in the plan.
    fn has_lost(&mut self, service: &Service, host: &ServiceName) -> bool {
        let id = self.container_id(host.as_str());
        let is_running = |one: &&ObservedContainer| one.state == ContainerState::Running;
        let host = id.and_then(|id| self.scope.world.by_id(&id)).filter(is_running);
        let (Some(host), Some(done)) = (host, self.done.get(&service.name)) else { return false };
        let kept = done.replicas.iter().filter_map(|replica| match (&replica.container, replica.untouched) {
            (ContainerRef::Existing(id), Some((ContainerState::Running, ..))) => Some(id),
            _ => None,
        });
        let kept: Vec<crate::model::ContainerId> = kept.cloned().collect();
        if kept.is_empty() {
            return false;
        }
        self.builder.joined(kept.iter().chain([&host.id]).cloned());
        let made = |id| self.scope.world.observed.definitions.get(id);
        kept.iter().any(|id| made(id).zip(made(&host.id)).is_some_and(|(one, host)| one.has_started_before(host)))
    }

    /// Returns the service whose network a running container shared before that service's container was started again,
    /// in this plan or by an interrupted run. The second value is the step that starts it in this plan.
    pub(crate) fn lost_host(&mut self, container: &ContainerRef) -> Option<(ServiceName, Option<StepId>)> {
        let ContainerRef::Existing(id) = container else { return None };
        let world = self.scope.world;
        let one = world.by_id(id.as_str()).filter(|one| one.state == ContainerState::Running)?;
        let host = world.by_id(one.network_mode.strip_prefix("container:")?)?;
        let name = host.service()?.into();
        if let Some(started) = self.builder.start_of(&host.id) {
            return Some((name, Some(started)));
        }
        if host.state != ContainerState::Running {
            return None;
        }
        self.builder.joined([one.id.clone(), host.id.clone()]);
        let made = |id| world.observed.definitions.get(id);
        let is_lost = made(&one.id).zip(made(&host.id)).is_some_and(|(one, host)| one.has_started_before(host));
        is_lost.then_some((name, None))
    }

    /// Plans the restart of the running replicas of a service that the plan leaves alone: after the containers whose
    /// namespaces or volumes they share, and once the conditions of `depends_on` hold, as for a start.
    pub(crate) fn restart(&mut self, service: &Service, reason: Reason) {
        let parents = shares::parents(service).into_iter().filter_map(|name| self.done.get(name));
        let started = parents.flat_map(|done| &done.replicas).flat_map(|replica| replica.started.iter().copied());
        let mut requires: Vec<StepId> = started.collect();
        let (needed, optional) = self.conditions(service);
        requires.extend(needed);
        let Some(mut done) = self.done.remove(&service.name) else { return };
        let is_running = |replica: &&mut Replica| matches!(replica.untouched, Some((ContainerState::Running, _, _)));
        for replica in done.replicas.iter_mut().filter(is_running) {
            let conditions = (requires.clone(), optional.clone());
            let last = self.restart_one(service, &replica.target, &replica.container, reason.clone(), conditions);
            replica.started = vec![last];
            done.is_started = true;
        }
        self.done.insert(service.name.clone(), done);
    }

    /// Plans the restart of one container with its hooks and the wait that shows whether it stays up: after steps that
    /// must have succeeded, and after steps that must only have ended. Returns the last step before the wait.
    fn restart_one(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        reason: Reason,
        (requires, optional): (Vec<StepId>, Vec<StepId>),
    ) -> StepId {
        let hooks = hooks::plan_before(&mut self.builder, &service.pre_stop, target, container, &requires);
        hooks.iter().for_each(|hook| self.builder.after(*hook, optional.iter().copied()));
        let action = Action::RestartContainer { container: container.clone(), grace: self.scope.options.grace };
        let restarted = self.builder.step(target, action, reason, requires);
        self.builder.after(restarted, hooks.into_iter().chain(optional));
        self.verify(service, target, container, restarted)
    }

    /// Plans the restart of containers that share the network of a container which is started again, and whose services
    /// are not selected: without a restart they would have no network.
    pub(crate) fn restart_joined(&mut self) {
        for joined in joined(&self.builder, self.scope.project, self.scope.world) {
            let Some(service) = joined.container.service().and_then(|name| self.scope.project.service(name)) else {
                continue;
            };
            let target = replicas::target_of(joined.container);
            let reference = ContainerRef::Existing(joined.container.id.clone());
            let started = (vec![joined.started], Vec::new());
            self.restart_one(service, &target, &reference, Reason::HostStarted(joined.host), started);
        }
    }
}
