//! Endpoints: containers are connected again to networks that they have lost, or that are created anew.

use std::collections::BTreeMap;

use crate::model::{EndpointSpec, NetworkKey, NetworkName, ObservedContainer, Service};
use crate::plan::builder::Displaced;
use crate::plan::container::{fixed, replicas};
use crate::plan::resources::displaced;
use crate::plan::up::state::Up;
use crate::plan::{Action, ContainerRef, Interrupted, Reason, StepId, Target};

impl Up<'_> {
    /// Returns the networks of a service to which a stopped container is not connected: an interrupted run disconnected
    /// it, or died before it connected it.
    pub(crate) fn lost_networks(
        &self,
        service: &Service,
        container: &ObservedContainer,
        known: &[NetworkKey],
    ) -> Vec<NetworkKey> {
        if service.network_mode.is_some() {
            return Vec::new();
        }
        let is_lost = |key: &&NetworkKey| {
            let name = self.scope.project.networks.get(*key).map(|network| &network.name);
            !known.contains(key) && name.is_some_and(|name| !container.networks.contains_key(name))
        };
        service.networks.keys().filter(is_lost).cloned().collect()
    }

    /// Plans that a container is connected again to the networks of its early stop.
    pub(crate) fn reconnect(
        &mut self,
        service: &Service,
        target: &Target,
        container: &ContainerRef,
        displaced: &Displaced,
    ) -> Vec<StepId> {
        if displaced.networks.is_empty() {
            return Vec::new();
        }
        let number = match target {
            Target::Container { number, .. } => *number,
            _ => 1,
        };
        let mut steps = Vec::new();
        for key in &displaced.networks {
            let network = self.scope.project.networks.get(key);
            if let Some(endpoint) = network.and_then(|network| self.endpoint(service, number, &network.name)) {
                let endpoint = Box::new(endpoint);
                let action = Action::ConnectNetwork { container: container.clone(), endpoint };
                steps.push(self.connect_again(target, action, key, displaced));
            }
        }
        steps
    }

    /// Returns the endpoint that the file gives a replica on a network.
    pub(crate) fn endpoint(&self, service: &Service, number: u32, network: &NetworkName) -> Option<EndpointSpec> {
        let (spec, _, _) = self.specify(service, number, BTreeMap::new());
        spec.networks.into_iter().find(|endpoint| endpoint.network == *network)
    }

    /// Returns the endpoint with which an old container is connected again. For a service of the file it has all
    /// aliases of the file; for an orphan it has what the list of containers tells. The fixed address is always the one
    /// that the container had: the address of today's file may belong to another service, or may be the mistake that
    /// led to the undo.
    pub(crate) fn endpoint_again(&self, container: &ObservedContainer, network: &NetworkName) -> EndpointSpec {
        let service = container.service().filter(|_| !container.is_oneoff());
        let service = service.and_then(|name| self.scope.project.service(name));
        let declared = service.and_then(|service| self.endpoint(service, container.number().unwrap_or(1), network));
        let Some(mut endpoint) = declared else { return displaced::endpoint_again(container, network) };
        if let Some(had) = fixed::of(container, network) {
            (endpoint.ipv4_address, endpoint.ipv6_address) = (had.ipv4, had.ipv6);
        }
        endpoint
    }

    /// Plans one connection, after the network is created anew. The connection waits only for the end of those steps:
    /// if the old network could not be removed, it still exists, and its containers are connected to it again.
    fn connect_again(&mut self, target: &Target, action: Action, key: &NetworkKey, displaced: &Displaced) -> StepId {
        let ready = self.networks.ready.get(key).cloned().unwrap_or_default();
        let step = self.builder.step(target, action, Reason::NotAttached(key.clone()), displaced.steps.iter().copied());
        self.builder.after(step, ready);
        step
    }

    /// Plans that early stopped containers which no planner has taken over are connected and started again. These are
    /// the orphans that stay.
    pub(crate) fn bring_back(&mut self) {
        for (id, displaced) in self.builder.not_taken_over() {
            let Some(container) = self.scope.world.by_id(id.as_str()) else { continue };
            let target = replicas::target_of(container);
            let reference = ContainerRef::Existing(id);
            let mut requires = displaced.steps.clone();
            for key in &displaced.networks {
                let Some(network) = self.scope.project.networks.get(key) else { continue };
                let endpoint = Box::new(self.endpoint_again(container, &network.name));
                let action = Action::ConnectNetwork { container: reference.clone(), endpoint };
                requires.push(self.connect_again(&target, action, key, &displaced));
            }
            if displaced.was_running {
                let start = Action::StartContainer { container: reference };
                let start = self.builder.step(&target, start, Reason::NotRunning, requires);
                let (container, stops) = (container.id.clone(), displaced.steps);
                self.builder.interrupted(Interrupted { container, stops, start, needs: Vec::new() });
            }
        }
    }
}
