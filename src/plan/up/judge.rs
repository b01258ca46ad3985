//! Judges the containers of a service: may they stay, or must they be replaced?

use crate::model::{ObservedContainer, ObservedEndpoint, ObservedMount, Service, ServiceName};
use crate::plan::container::difference::{self, Desired, Successor};
use crate::plan::container::replicas::{self, ReplicaSlot};
use crate::plan::up::state::Up;
use crate::plan::{ContainerRef, Reason, Recreate};

impl<'a> Up<'a> {
    /// Whether the user named the service, and did not get it as a dependency of others. Where no service is named, all are meant.
    pub(crate) fn is_named(&self, service: &Service) -> bool {
        self.scope.options.services.is_empty() || self.scope.options.services.contains(&service.name)
    }

    /// Returns which option about recreation holds for a service: that of the named services, or that of their dependencies.
    pub(crate) fn recreate(&self, service: &Service) -> Recreate {
        if self.is_named(service) {
            self.scope.options.recreate
        } else if self.scope.options.recreate == Recreate::Never {
            Recreate::Never
        } else {
            self.scope.options.recreate_dependencies
        }
    }

    /// Returns why a replica must be replaced. Where an interrupted run created a successor that is as the file says, the
    /// successor is judged.
    pub(crate) fn reason(&self, service: &Service, slot: &ReplicaSlot<'_>) -> Option<Reason> {
        if let Some(created) = self.handovers.begun.get(&slot.current.id) {
            return self.builder.reason(*created);
        }
        let judged =
            slot.successor.filter(|successor| self.judge(service, successor).is_none()).unwrap_or(slot.current);
        self.judge(service, judged)
    }

    /// Returns why a container must be replaced; `None` where it is as the file says.
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
            // The container is judged as if it still had the networks that this plan makes anew: it gets those back.
            let mut restored = container.clone();
            for network in displaced.networks.iter().filter_map(|key| self.scope.project.networks.get(key)) {
                restored.networks.insert(network.name.clone(), ObservedEndpoint::default());
            }
            return difference::reason(&desired, &restored, self.recreate(service)).or_else(renewed);
        }
        difference::reason(&desired, container, self.recreate(service)).or_else(renewed)
    }

    /// Returns the reason to replace a container that is as the file says for the sake of its anonymous volumes
    /// (`--renew-anon-volumes`). The volumes of services that the user did not name stay: nobody gave up the data of the `db`
    /// that the named `web` depends on.
    fn renewed(&self, service: &Service, container: &ObservedContainer) -> Option<Reason> {
        let options = self.scope.options;
        let is_asked = options.renew_anonymous_volumes && options.recreate != Recreate::Never && self.is_named(service);
        let has_own = |mount: &ObservedMount| self.is_anonymous(mount) && !self.is_shared(service, mount);
        (is_asked && container.mounts.iter().any(has_own)).then_some(Reason::Asked("--renew-anon-volumes"))
    }

    /// Returns what this plan does with the first container of a service that was planned before.
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
