//! Services that are given back together, and host ports and addresses that go from one service to another.

use std::collections::BTreeSet;

use super::scope::Scope;
use super::up::Up;
use super::{Reason, StepId, addresses, containers, ports, recreate};
use crate::model::{ObservedContainer, Service, ServiceName, labels};

impl Up<'_> {
    /// Stops what holds a host port or an address that another service has from now on; that one starts after it. Returns
    /// who takes from whom.
    pub(super) fn hand_over(&mut self, selected: &BTreeSet<&str>) -> Vec<(ServiceName, ServiceName)> {
        let mut pairs = Vec::new();
        let scope = Scope { project: self.project, observed: self.observed, selected, options: self.options };
        let of_ports = ports::handovers(scope).into_iter();
        let of_ports = of_ports.map(|(taker, holder)| (Reason::PortNeededBy(taker.clone()), taker, holder));
        let of_addresses = addresses::handovers(scope).into_iter();
        let of_addresses = of_addresses.map(|(taker, holder)| (Reason::AddressNeededBy(taker.clone()), taker, holder));
        for (reason, taker, holder) in of_ports.chain(of_addresses) {
            let displaced = self.networks.displaced.entry(holder.id.clone()).or_default();
            displaced.stop(&mut self.builder, self.project, holder, reason, self.options.grace);
            self.handed_over.entry(taker.clone()).or_default().extend(displaced.steps.iter().copied());
            if let Some((giver, _)) = holder.service().and_then(|name| self.project.services.get_key_value(name)) {
                self.unite(&taker, giver);
                self.givers.entry(taker.clone()).or_default().push(giver.clone());
                pairs.push((taker, giver.clone()));
            }
        }
        pairs
    }

    /// Returns the steps after which those that gave a host port or an address up do without it for good: had one of them to
    /// come back, it would find it taken.
    pub(super) fn successors_of_givers(&self, service: &Service) -> Vec<StepId> {
        let givers = self.givers.get(&service.name).into_iter().flatten();
        let replaced = givers.filter_map(|giver| self.done.get(giver)).filter(|done| done.is_replaced);
        replaced.flat_map(|done| &done.replicas).flat_map(|replica| replica.started.iter().copied()).collect()
    }

    /// Services that share namespaces or volumes can only be given back together: what joined a container that is
    /// gone cannot start again.
    pub(super) fn find_families(&mut self, selected: &BTreeSet<&str>) {
        self.unite_unfinished(selected);
        for service in self.project.services.values().filter(|service| selected.contains(service.name.as_str())) {
            for parent in recreate::parents(service) {
                self.unite(&service.name, parent);
            }
            for container in containers::of_service(self.observed, self.project, service.name.as_str()) {
                if let Some(parent) = self.joined(container) {
                    self.unite(&service.name, &parent);
                }
            }
        }
    }

    /// A run that died while ports or addresses went from one service to another has stopped those that held them, and the
    /// engine does not tell the ports of what is stopped. So what it left unfinished is given back together where any has
    /// such at all.
    fn unite_unfinished(&mut self, selected: &BTreeSet<&str>) {
        let of_project = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(self.project.name.as_str());
        let is_there = |id: &str| self.observed.containers.by_id(id).is_some();
        let successors = self.observed.containers.iter().filter(of_project);
        let successors = successors.filter(|one| one.label(labels::REPLACES).is_some_and(is_there));
        let names: BTreeSet<&str> = successors.filter_map(ObservedContainer::service).collect();
        let services = names.iter().filter(|name| selected.contains(*name));
        let services: Vec<&Service> = services.filter_map(|name| self.project.service(name)).collect();
        let has_such = |service: &&Service| {
            service.ports.iter().any(|port| port.fixed_published().is_some()) || addresses::has_any(service)
        };
        if services.iter().any(has_such) {
            for pair in services.windows(2) {
                self.unite(&pair[0].name, &pair[1].name);
            }
        }
    }

    /// Returns the service whose network a container that exists shares, whatever the file says by now.
    pub(super) fn joined(&self, container: &ObservedContainer) -> Option<ServiceName> {
        let id = container.network_mode.strip_prefix("container:")?;
        let parent = self.observed.containers.by_id(id)?;
        let (name, _) = self.project.services.get_key_value(parent.service()?)?;
        (parent.label(labels::PROJECT) == Some(self.project.name.as_str())).then(|| name.clone())
    }

    fn unite(&mut self, one: &ServiceName, other: &ServiceName) {
        let of = |name: &ServiceName| self.families.get(name).unwrap_or(name).clone();
        let (first, second) = (of(one), of(other));
        let (kept, lost) = if first <= second { (first, second) } else { (second, first) };
        for family in self.families.values_mut().filter(|family| **family == lost) {
            *family = kept.clone();
        }
        self.families.insert(one.clone(), kept.clone());
        self.families.insert(other.clone(), kept.clone());
        self.families.insert(lost, kept);
    }
}
