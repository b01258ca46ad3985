//! What `up` restarts because something else was replaced or started: dependents that ask for it, and what shares a namespace.

use std::collections::BTreeSet;

use super::up::{Replica, Up};
use super::{Action, ContainerRef, Reason, StepId, Target, containers, hooks, recreate};
use crate::model::{ContainerState, ObservedContainer, Service, ServiceName, labels};

impl<'a> Up<'a> {
    /// Dependents with `restart: true` restart once what they depend on has been replaced and works; so does what shares a
    /// namespace with a container that is started again, for that namespace is another one.
    ///
    /// Compat: docker compose stops dependents before; restarting them after keeps them up if the replacement fails. What
    /// shares a network it leaves without one.
    pub(super) fn restart_dependents(&mut self, order: &[&'a str], selected: &BTreeSet<&str>) {
        // What is only created does not work yet, and what depends on it would lose what still does.
        if !self.options.start {
            return;
        }
        for name in order.iter().filter(|name| selected.contains(*name)) {
            let Some(service) = self.project.services.get(*name) else { continue };
            let done = |name: &ServiceName| self.done.get(name);
            let restarts = service.depends_on.iter().filter(|(_, edge)| edge.restart);
            let replaced = restarts.filter(|(name, _)| done(name).is_some_and(|done| done.is_replaced));
            let mut reasons: Vec<Reason> = replaced.map(|(name, _)| Reason::DependencyReplaced(name.clone())).collect();
            let hosts: Vec<&ServiceName> = recreate::hosts(service).collect();
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

    /// Whether a running replica that is left alone has started before the container whose namespace it shares did: that one
    /// has another now. Notes which containers must be looked at to know.
    fn has_lost(&mut self, service: &Service, host: &ServiceName) -> bool {
        let id = self.container_id(host.as_str()).map(crate::model::ContainerId::from);
        let is_running = |one: &&ObservedContainer| one.state == ContainerState::Running;
        let host = self.observed.containers.iter().filter(is_running).find(|one| Some(&one.id) == id.as_ref());
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
        let made = |id| self.observed.definitions.get(id);
        kept.iter().any(|id| made(id).zip(made(&host.id)).is_some_and(|(one, host)| one.has_started_before(host)))
    }

    /// Restarts what is left alone of a service, after all that it depends on or shares something with.
    fn restart(&mut self, service: &Service, reason: Reason) {
        let others = service.depends_on.keys().chain(recreate::parents(service));
        let started = others.filter_map(|name| self.done.get(name)).flat_map(|done| &done.replicas);
        let requires: Vec<StepId> = started.flat_map(|replica| replica.started.iter().copied()).collect();
        let Some(mut done) = self.done.remove(&service.name) else { return };
        let is_running = |replica: &&mut Replica| matches!(replica.untouched, Some((ContainerState::Running, _, _)));
        for replica in done.replicas.iter_mut().filter(is_running) {
            let last = self.restart_one(service, &replica.target, &replica.container, reason.clone(), requires.clone());
            replica.started = vec![last];
            done.is_started = true;
        }
        self.done.insert(service.name.clone(), done);
    }

    /// Restarts a container, with its hooks and a look whether it stays up. Returns the last step before that look.
    fn restart_one(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        reason: Reason,
        requires: Vec<StepId>,
    ) -> StepId {
        let hooks = hooks::plan_before(&mut self.builder, &service.pre_stop, target, container, &requires);
        let action = Action::RestartContainer { container: container.clone(), grace: self.options.grace };
        let restarted = self.builder.step(target, action, reason, requires);
        self.builder.after(restarted, hooks);
        self.verify(service, target, container, restarted)
    }

    /// Restarts what shares the network of a container that is started again, and is not among the selected services: it
    /// would be left without one.
    pub(super) fn restart_joined(&mut self) {
        let (project, observed) = (self.project, self.observed);
        let joined = observed.containers.iter().filter(|one| {
            one.label(labels::PROJECT) == Some(project.name.as_str()) && one.state == ContainerState::Running
        });
        for container in joined {
            let Some(host) = container.network_mode.strip_prefix("container:") else { continue };
            let Some(started) = self.builder.start_of(&host.into()) else { continue };
            let host =
                observed.containers.iter().find(|one| one.id.as_str() == host).and_then(ObservedContainer::service);
            let service = container.service().and_then(|name| project.service(name));
            if let (Some(host), Some(service), false) = (host, service, self.builder.is_moved(&container.id)) {
                let target = containers::target_of(container);
                let reference = ContainerRef::Existing(container.id.clone());
                self.restart_one(service, &target, &reference, Reason::HostStarted(host.into()), vec![started]);
            }
        }
    }
}
