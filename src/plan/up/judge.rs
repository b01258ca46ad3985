//! Judges the containers of a service: may they stay, or must they be replaced?

use crate::model::{ObservedContainer, ObservedEndpoint, ObservedMount, Service, ServiceName};
use crate::plan::container::difference::{self, Desired, Successor};
use crate::plan::container::replicas::{self, ReplicaSlot};
use crate::plan::up::state::Up;
use crate::plan::{ContainerRef, Reason, Recreate};

impl<'a> Up<'a> {
    /// Returns whether the user named the service. If no service is named, all count as named.
    pub(crate) fn is_named(&self, service: &Service) -> bool {
        self.scope.options.services.is_empty() || self.scope.options.services.contains(&service.name)
    }

    /// Returns the option for recreation that applies to a service: the one of named services, or the one of
    /// dependencies.
    pub(crate) fn recreate(&self, service: &Service) -> Recreate {
        if self.is_named(service) {
            self.scope.options.recreate
        } else if self.scope.options.recreate == Recreate::Never {
            Recreate::Never
        } else {
            self.scope.options.recreate_dependencies
        }
    }

    /// Returns why a replica must be replaced. If an interrupted run created a successor that is as the file says, the
    /// successor is judged instead.
    pub(crate) fn reason(&self, service: &Service, slot: &ReplicaSlot<'_>) -> Option<Reason> {
        if let Some(created) = self.handovers.begun.get(&slot.current.id) {
            return self.builder.reason(*created);
        }
        let judged =
            slot.successor.filter(|successor| self.judge(service, successor).is_none()).unwrap_or(slot.current);
        self.judge(service, judged)
    }

    /// Returns why a container must be replaced; `None` if it is as the file says.
    pub(crate) fn judge(&self, service: &Service, container: &ObservedContainer) -> Option<Reason> {
        if self.scope.world.observed.known.unstartable.contains(&container.id) {
            return Some(Reason::Unstartable);
        }
        let renewed = || self.renewed(service, container);
        let image_id = self.image_id(service);
        let desired = Desired {
            project: self.scope.project,
            service,
            contents: self.contents,
            definitions: &self.scope.world.observed.definitions,
            image_id: image_id.as_ref(),
            network_ids: &self.networks.ids,
            container_id: &|name| self.container_id(name),
            forced_by: if self.is_named(service) { "--force-recreate" } else { "--always-recreate-deps" },
            successor: &|name| self.successor(name),
        };
        if let Some(displaced) = self.builder.displaced(&container.id) {
            // A container that leaves a network because the network is created anew will be connected again. So it is
            // judged as if it were still connected.
            let mut restored = container.clone();
            for network in displaced.networks.iter().filter_map(|key| self.scope.project.networks.get(key)) {
                restored.networks.insert(network.name.clone(), ObservedEndpoint::default());
            }
            return difference::reason(&desired, &restored, self.recreate(service)).or_else(renewed);
        }
        difference::reason(&desired, container, self.recreate(service)).or_else(renewed)
    }

    /// Returns the reason to replace a container that is as the file says, to give it empty anonymous volumes
    /// (`--renew-anon-volumes`). Only for named services: nobody has given up the data of `db` if the user named only
    /// `web`, which depends on `db`.
    fn renewed(&self, service: &Service, container: &ObservedContainer) -> Option<Reason> {
        let options = self.scope.options;
        let is_asked = options.renew_anonymous_volumes && options.recreate != Recreate::Never && self.is_named(service);
        let has_own = |mount: &ObservedMount| self.is_anonymous(mount) && !self.is_shared(service, mount);
        (is_asked && container.mounts.iter().any(has_own)).then_some(Reason::Asked("--renew-anon-volumes"))
    }

    /// Returns what this plan does with the first container of a service that was planned earlier.
    fn successor(&self, name: &ServiceName) -> Successor {
        let Some(done) = self.done.get(name).filter(|done| done.is_replaced) else { return Successor::None };
        let runs = |id| {
            self.builder.displaced(id).is_none() && self.scope.world.by_id(id.as_str()).is_some_and(replicas::is_up)
        };
        match done.replicas.first().map(|replica| &replica.container) {
            Some(ContainerRef::Existing(id)) if runs(id) => Successor::Runs,
            _ => Successor::Coming,
        }
    }
}
