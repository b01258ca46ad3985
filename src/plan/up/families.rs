//! Host ports and addresses that pass from one service to another, and families: services that are replaced and given
//! back together.

use std::collections::BTreeSet;

use crate::model::{ContainerState, Health, ObservedContainer, Service, ServiceName, labels};
use crate::plan::StepId;
use crate::plan::builder::Displaced;
use crate::plan::checks::claims::{self, Handover};
use crate::plan::checks::{addresses, ports};
use crate::plan::container::{replicas, shares};
use crate::plan::resources::displaced::{self, End};
use crate::plan::up::state::Up;

impl<'a> Up<'a> {
    /// Plans the early stops of containers that hold a host port or an address which another service claims; the other
    /// service starts after them. Returns pairs: the service that takes over, and the service that gives up.
    pub(crate) fn hand_over(&mut self) -> Vec<(ServiceName, ServiceName)> {
        let mut pairs = Vec::new();
        let of_ports = claims::handovers(self.scope, &ports::claims(self.scope));
        let of_addresses = claims::handovers(self.scope, &addresses::claims(self.scope));
        for Handover { holder, taker, reason } in of_ports.into_iter().chain(of_addresses) {
            let begun = self.begin(holder);
            let end = End { grace: self.scope.options.grace, reason };
            let stopped = displaced::stop_early(&mut self.builder, self.scope.project, holder, end, &begun);
            self.handovers.steps.entry(taker.clone()).or_default().extend(stopped);
            if let Some((giver, _)) = holder.service().and_then(|name| self.scope.project.services.get_key_value(name))
            {
                self.families.unite(&taker, giver);
                self.handovers.givers.entry(taker.clone()).or_default().push(giver.clone());
                pairs.push((taker, giver.clone()));
            }
        }
        pairs
    }

    /// Returns the steps after which the old holders of a host port or an address are removed, so that none of them can
    /// come back and find the port taken.
    ///
    /// Example: the new service `proxy` takes port 443 over from `web`, and `side` shares the network of `web`. If the
    /// new `side` fails, the old `web` and `side` come back together and need the port. So `proxy` starts after the
    /// removal of both old containers. If `web` depends on `proxy`, that order is impossible: then `proxy` starts
    /// first, and gives the port back if the old `web` must come back (`exec::undo`).
    pub(crate) fn departures_of_givers(&mut self, service: &Service) -> Vec<StepId> {
        let mut steps = Vec::new();
        for giver in self.handovers.givers.get(&service.name).cloned().unwrap_or_default() {
            self.commit_family(&giver, service);
            let Some(done) = self.done.get(&giver).filter(|done| done.is_replaced) else { continue };
            match done.departures.is_empty() {
                false => steps.extend(&done.departures),
                true => steps.extend(done.replicas.iter().flat_map(|replica| &replica.started)),
            }
        }
        steps
    }

    /// Plans the removals of the old containers of a family, once all members that may be replaced are planned.
    fn commit_family(&mut self, member: &ServiceName, except: &Service) {
        let Some(family) = self.families.of(member).cloned() else { return };
        let is_open =
            |name: &ServiceName| *name != except.name && !self.done.contains_key(name) && self.may_be_replaced(name);
        if !self.families.members(&family).any(is_open)
            && let Some(batches) = self.families.waiting.remove(&family)
        {
            self.commit(batches);
        }
    }

    /// Whether any container of a service runs.
    pub(crate) fn is_running(&self, name: &ServiceName) -> bool {
        replicas::of_service(self.scope.world, self.scope.project, name.as_str()).any(replicas::is_up)
    }

    /// Whether a service is part of this run and has containers.
    fn may_be_replaced(&self, name: &ServiceName) -> bool {
        self.scope.selected.contains(name.as_str())
            && replicas::of_service(self.scope.world, self.scope.project, name.as_str()).next().is_some()
    }

    /// Returns pairs of services; the first of a pair is planned after the second. A service that takes over a host
    /// port or an address comes after the service that gives it up, and after the whole family of that service.
    pub(crate) fn order_of_handovers(
        &self,
        handovers: Vec<(ServiceName, ServiceName)>,
    ) -> Vec<(ServiceName, ServiceName)> {
        let mut pairs = handovers;
        for index in 0..pairs.len() {
            let (taker, giver) = pairs[index].clone();
            // A running service is replaced and undone together with the others.
            if self.is_running(&taker) {
                continue;
            }
            let Some(family) = self.families.of(&giver) else { continue };
            let others = self.families.members(family).filter(|name| **name != taker && self.may_be_replaced(name));
            let others: Vec<_> = others.map(|name| (taker.clone(), name.clone())).collect();
            pairs.extend(others);
        }
        pairs
    }

    /// Finds the services that must be given back together because they share namespaces or volumes: a container that
    /// shares the network of a removed container cannot start again.
    pub(crate) fn find_families(&mut self) {
        self.unite_unfinished();
        for service in
            self.scope.project.services.values().filter(|service| self.scope.selected.contains(service.name.as_str()))
        {
            for parent in shares::parents(service) {
                self.families.unite(&service.name, parent);
            }
            for container in replicas::of_service(self.scope.world, self.scope.project, service.name.as_str()) {
                if let Some(parent) = self.joined(container) {
                    self.families.unite(&service.name, &parent);
                }
            }
        }
    }

    /// Makes one family of all services whose replacement an interrupted run has begun and all services that claim a
    /// fixed host port or address. A container that lacks its own network is a sign of such a run, too. The engine does
    /// not tell the ports of a stopped container, so nobody can say which port the stopped containers need.
    ///
    /// Example: port 443 passes from `proxy` to `web`. The new `proxy` fails, and for a moment the old `proxy` cannot
    /// be started. The next run sees the old `proxy` stopped, without its port. If `web` were replaced alone, its new
    /// container would take port 443, and the old `proxy` could not come back. Only where the new `proxy` works already,
    /// the old one will not come back. It then may not: another run may have given its port away for good.
    fn unite_unfinished(&mut self) {
        let of_project =
            |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(self.scope.project.name.as_str());
        let is_there = |id: &str| self.scope.world.by_id(id).is_some();
        let successors = self.scope.world.containers().filter(of_project);
        let successors = successors.filter(|one| one.label(labels::REPLACES).is_some_and(is_there));
        let works = |one: &&ObservedContainer| {
            one.state == ContainerState::Running && matches!(one.health, Health::None | Health::Healthy)
        };
        let mut unfinished: BTreeSet<&str> =
            successors.filter(|one| !works(one)).filter_map(ObservedContainer::service).collect();
        let is_disconnected = |service: &&Service| {
            let mut all = replicas::of_service(self.scope.world, self.scope.project, service.name.as_str());
            all.any(|one| !self.lost_with_its_network(one, &Displaced::default()).is_empty())
        };
        unfinished.extend(self.scope.services().filter(is_disconnected).map(|service| service.name.as_str()));
        let claims = |service: &Service| {
            service.ports.iter().any(|port| port.fixed_published().is_some()) || addresses::has_any(service)
        };
        let is_concerned = |service: &&Service| unfinished.contains(service.name.as_str()) || claims(service);
        let concerned: Vec<&Service> = self.scope.services().filter(is_concerned).collect();
        if !unfinished.is_empty() && concerned.iter().any(|service| claims(service)) {
            for pair in concerned.windows(2) {
                self.families.unite(&pair[0].name, &pair[1].name);
            }
        }
    }

    /// Returns the service whose network an existing container shares, whatever today's file says.
    pub(crate) fn joined(&self, container: &ObservedContainer) -> Option<ServiceName> {
        let id = container.network_mode.strip_prefix("container:")?;
        let parent = self.scope.world.by_id(id)?;
        let (name, _) = self.scope.project.services.get_key_value(parent.service()?)?;
        (parent.label(labels::PROJECT) == Some(self.scope.project.name.as_str())).then(|| name.clone())
    }
}
