//! Replacements that are created before their service is planned.
//!
//! A container that gives up a host port, an address or its network stops before the turn of its service. If the run
//! dies after that stop, only the replacement tells the next run that the old container must run. So the replacement is
//! created first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ContainerId, Network, ObservedContainer, Service};
use crate::plan::StepId;
use crate::plan::container::{replicas, shares};
use crate::plan::resources::networks::Survey;
use crate::plan::scope::replicas_wanted;
use crate::plan::up::replace::Old;
use crate::plan::up::service::split_surplus;
use crate::plan::up::state::Up;

impl<'a> Up<'a> {
    /// Plans the creation of the replacements of all containers that run on a network which is recreated. A container
    /// that stays needs none: it lacks its network after its stop, which tells the next run the same.
    pub(crate) fn begin_on_recreated(&mut self, survey: &Survey<'a>) {
        let recreated: Vec<&Network> = survey.recreated().map(|(network, _)| network).collect();
        let on_them = survey.recreated().flat_map(|(_, existing)| self.scope.world.on(&existing.id));
        let users: BTreeMap<&ContainerId, &ObservedContainer> =
            on_them.filter(|user| replicas::is_up(user)).map(|user| (&user.id, user)).collect();
        let named: BTreeSet<&str> = users.values().filter_map(|user| user.service()).collect();
        let selected: Vec<&Service> = named
            .into_iter()
            .filter(|name| self.scope.selected.contains(name))
            .filter_map(|name| self.scope.project.service(name))
            .collect();
        for service in selected {
            if self.can_attach_now(service, &recreated) {
                self.begin_those(service, &|one| users.contains_key(&one.id));
            }
        }
    }

    /// Whether the engine accepts a new container of a service before the networks in `recreated` are removed.
    ///
    /// The engine notes the networks of a container that has never run by name, and looks them up at the start. But
    /// each network must exist once, and a fixed address must belong to the subnet that the network has now.
    fn can_attach_now(&self, service: &Service, recreated: &[&Network]) -> bool {
        let is_fixed = |key: &crate::model::NetworkKey| {
            let attachment = &service.networks[key];
            attachment.ipv4_address.is_some() || attachment.ipv6_address.is_some()
        };
        service.networks.keys().all(|key| {
            let Some(network) = self.scope.project.networks.get(key) else { return false };
            let named = self.scope.world.observed.networks.iter().filter(|one| one.name == network.name);
            let is_recreated = recreated.iter().any(|one| one.key == *key);
            named.count() == 1 && !(is_recreated && is_fixed(key))
        })
    }

    /// Plans the creation of a container's replacement before the container is stopped early. Returns the creation; none
    /// if the container stays, or if its replacement cannot be created yet.
    pub(crate) fn begin(&mut self, holder: &'a ObservedContainer) -> Vec<StepId> {
        let is_stopped = self.builder.displaced(&holder.id).is_some_and(|displaced| !displaced.steps.is_empty());
        let service = holder.service().and_then(|name| self.scope.project.service(name));
        if let Some(service) = service.filter(|_| !is_stopped && !self.handovers.begun.contains_key(&holder.id)) {
            self.begin_those(service, &|one| one.id == holder.id);
        }
        self.handovers.begun.get(&holder.id).copied().into_iter().collect()
    }

    /// Plans the creation of replacements for containers of a service. A surplus replica is removed, so it has none.
    fn begin_those(&mut self, service: &Service, is_asked: &dyn Fn(&ObservedContainer) -> bool) {
        // The id of the container whose namespace or volumes the service shares must be known, and that container is
        // not planned yet.
        if !shares::parents(service).is_empty() {
            return;
        }
        let (staying, _) = split_surplus(self.judged(service), replicas_wanted(service, self.scope.options) as usize);
        for (slot, reason) in staying {
            let is_one = slot.successor.is_none() && slot.leftovers.is_empty() && is_asked(slot.current);
            if let Some(reason) = reason.filter(|_| is_one) {
                let old = Old { container: slot.current, number: slot.number, obsolete: None };
                let created = self.create_successor(service, &old, reason, Vec::new());
                self.handovers.begun.insert(slot.current.id.clone(), created);
            }
        }
    }
}
