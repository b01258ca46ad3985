//! What `up` restarts because something else was replaced or started: dependents that ask for it, and what shares a namespace.

use super::builder::Builder;
use super::up::{Replica, Up};
use super::{Action, ContainerRef, Reason, StepId, Target, containers, hooks, recreate};
use crate::diag::Diagnostic;
use crate::model::{ContainerState, Observed, ObservedContainer, Project, Service, ServiceName, Span, labels};

impl<'a> Up<'a> {
    /// Dependents with `restart: true` restart once what they depend on has been replaced and works; so does what shares a
    /// namespace with a container that is started again, for that namespace is another one.
    ///
    /// Compat: docker compose stops dependents before; restarting them after keeps them up if the replacement fails. What
    /// shares a network it leaves without one.
    pub(super) fn restart_dependents(&mut self, order: &[&'a str]) {
        // What is only created does not work yet, and what depends on it would lose what still does.
        if !self.options.start {
            return;
        }
        for name in order.iter().filter(|name| self.selected.contains(*name)) {
            let Some(service) = self.project.services.get(*name) else { continue };
            let done = |name: &ServiceName| self.done.get(name);
            let restarts = service.depends_on.iter().filter(|(_, edge)| edge.restart);
            let (replaced, others): (Vec<_>, Vec<_>) =
                restarts.map(|(name, _)| name).partition(|name| done(name).is_some_and(|done| done.is_replaced));
            let mut reasons: Vec<Reason> = replaced.into_iter().cloned().map(Reason::DependencyReplaced).collect();
            for other in others {
                if self.observed.known.is_after_crash && self.was_replaced(other) && self.has_lost(service, other) {
                    reasons.push(Reason::DependencyReplaced(other.clone()));
                }
            }
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

    /// Whether the first container of a service has taken the place of another one.
    fn was_replaced(&self, service: &ServiceName) -> bool {
        let id = self.container_id(service.as_str());
        let first = id.and_then(|id| self.observed.containers.by_id(&id));
        first.is_some_and(|one| one.label(labels::REPLACES).is_some())
    }

    /// Whether a running replica that is left alone has started before the first container of another service did: where it
    /// shares that one's namespace it has lost it, and where it was to be restarted after it, it was not. Notes which
    /// containers must be looked at to know.
    fn has_lost(&mut self, service: &Service, host: &ServiceName) -> bool {
        let id = self.container_id(host.as_str());
        let is_running = |one: &&ObservedContainer| one.state == ContainerState::Running;
        let host = id.and_then(|id| self.observed.containers.by_id(&id)).filter(is_running);
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

    /// Restarts what is left alone of a service, after all that it shares something with, and once its conditions hold as
    /// for a start.
    fn restart(&mut self, service: &Service, reason: Reason) {
        let parents = recreate::parents(service).into_iter().filter_map(|name| self.done.get(name));
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

    /// Restarts a container, with its hooks and a look whether it stays up: after steps that must succeed, and after the end
    /// of others. Returns the last step before that look.
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
        let action = Action::RestartContainer { container: container.clone(), grace: self.options.grace };
        let restarted = self.builder.step(target, action, reason, requires);
        self.builder.after(restarted, hooks.into_iter().chain(optional));
        self.verify(service, target, container, restarted)
    }

    /// Restarts what shares the network of a container that is started again, and is not among the selected services: it
    /// would be left without one.
    pub(super) fn restart_joined(&mut self) {
        for joined in joined(&self.builder, self.project, self.observed) {
            let Some(service) = joined.container.service().and_then(|name| self.project.service(name)) else {
                continue;
            };
            let target = containers::target_of(joined.container);
            let reference = ContainerRef::Existing(joined.container.id.clone());
            let started = (vec![joined.started], Vec::new());
            self.restart_one(service, &target, &reference, Reason::HostStarted(joined.host), started);
        }
    }
}

/// A running container that shares the network of one which the plan starts again.
pub(super) struct Joined<'a> {
    pub container: &'a ObservedContainer,
    /// The service of the other one.
    pub host: ServiceName,
    /// The step that starts it.
    pub started: StepId,
}

/// Returns the running containers of the project that share the network of one which is started again, and that nothing is
/// planned for: they would be left without one.
pub(super) fn joined<'a>(builder: &Builder, project: &Project, observed: &'a Observed) -> Vec<Joined<'a>> {
    let is_ours = |one: &&ObservedContainer| {
        one.label(labels::PROJECT) == Some(project.name.as_str()) && one.state == ContainerState::Running
    };
    let join = |container: &'a ObservedContainer| {
        let host = host_of(container, observed)?;
        let started = builder.start_of(&host.id)?;
        Some(Joined { container, host: host.service()?.into(), started })
    };
    let joined = observed.containers.iter().filter(is_ours).filter_map(join);
    joined.filter(|one| !builder.is_moved(&one.container.id)).collect()
}

/// Returns the container whose network another one shares.
fn host_of<'a>(container: &ObservedContainer, observed: &'a Observed) -> Option<&'a ObservedContainer> {
    let host = container.network_mode.strip_prefix("container:")?;
    observed.containers.by_id(host)
}

/// Tells which running containers lose their network because the one that has it is removed. They are not among the
/// selected services, so they cannot be made anew here.
pub(super) fn tell_cut_off(builder: &mut Builder, project: &Project, observed: &Observed) {
    for container in observed.containers.iter().filter(|one| containers::is_up(one)) {
        let host = host_of(container, observed).filter(|host| builder.is_removed(&host.id));
        if let Some(host) = host.filter(|_| !builder.is_moved(&container.id)) {
            builder.tell(cut_off(project, container, host));
        }
    }
}

fn cut_off(project: &Project, container: &ObservedContainer, host: &ObservedContainer) -> Diagnostic {
    let name = |one: &ObservedContainer| crate::text::escape_controls(one.name.as_str()).into_owned();
    let message = format!(
        "container `{}` will have no network: it shares that of `{}`, which is removed",
        name(container),
        name(host)
    );
    let is_ours = container.label(labels::PROJECT) == Some(project.name.as_str()) && !container.is_oneoff();
    let service = container.service().filter(|_| is_ours).and_then(|name| project.service(name));
    match service {
        Some(service) => Diagnostic::warning("joined-cut-off", service.span, message)
            .at(format!("services.{}.network_mode", service.name))
            .help(format!("afterwards make it anew: `inception up -d {}`", service.name)),
        None => Diagnostic::warning("joined-cut-off", Span::NONE, message).help("afterwards make it anew"),
    }
}
