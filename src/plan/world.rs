//! The containers as a planner may count on them.
//!
//! [`Observed`] stays as it was observed. But the first steps of a plan for `up` change some containers: those whose
//! volume is created anew are removed, and those whose names were exchanged by hand get temporary names. A later
//! planner sees the containers through a [`World`]: without the removed ones, and with the new names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{ContainerId, ContainerName, NetworkId, Observed, ObservedContainer};

/// The changes that the first steps of a plan make to the observed containers.
#[derive(Debug, Default)]
pub(crate) struct FirstChanges {
    removed: BTreeSet<ContainerId>,
    /// Containers under their new names.
    renamed: BTreeMap<ContainerId, ObservedContainer>,
}

static NO_CHANGES: FirstChanges = FirstChanges { removed: BTreeSet::new(), renamed: BTreeMap::new() };

impl FirstChanges {
    /// Notes that a container is removed.
    pub(crate) fn remove(&mut self, container: ContainerId) {
        self.removed.insert(container);
    }

    /// Notes that a container is renamed.
    pub(crate) fn rename(&mut self, container: &ObservedContainer, to: ContainerName) {
        self.renamed.insert(container.id.clone(), ObservedContainer { name: to, ..container.clone() });
    }
}

/// The observed state after the first steps of the plan.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    /// The observed state. Its networks, volumes, images and listeners hold; for containers use the methods of
    /// [`World`].
    pub observed: &'a Observed,
    changes: &'a FirstChanges,
}

impl<'a> From<&'a Observed> for World<'a> {
    fn from(observed: &'a Observed) -> Self {
        Self { observed, changes: &NO_CHANGES }
    }
}

impl<'a> World<'a> {
    /// Returns what was observed, with these changes.
    pub(crate) fn new(observed: &'a Observed, changes: &'a FirstChanges) -> Self {
        Self { observed, changes }
    }

    /// Returns all containers, in the order in which the engine listed them.
    pub(crate) fn containers(self) -> impl Iterator<Item = &'a ObservedContainer> {
        self.seen(self.observed.containers.iter())
    }

    /// Returns the container of an id.
    pub(crate) fn by_id(self, id: &str) -> Option<&'a ObservedContainer> {
        self.seen(self.observed.containers.by_id(id).into_iter()).next()
    }

    /// Returns the container that has a name, if any.
    pub(crate) fn named(self, name: &str) -> Option<&'a ObservedContainer> {
        let is_so = |one: &&ObservedContainer| one.name.as_str() == name;
        let renamed = self.changes.renamed.values().filter(|one| !self.changes.removed.contains(&one.id)).find(is_so);
        renamed.or_else(|| self.seen(self.observed.containers.named(name)).find(is_so))
    }

    /// Returns the containers whose labels say that they are of a project's service; those that `run` made, too.
    pub(crate) fn of_service(self, project: &str, service: &str) -> impl Iterator<Item = &'a ObservedContainer> {
        self.seen(self.observed.containers.of_service(project, service))
    }

    /// Returns the containers that have a host port, of whatever protocol and address.
    pub(crate) fn publishing(self, port: u16) -> impl Iterator<Item = &'a ObservedContainer> {
        self.seen(self.observed.containers.publishing(port))
    }

    /// Returns the containers that have an address on some network, or were given it by a file.
    pub(crate) fn at(self, address: IpAddr) -> impl Iterator<Item = &'a ObservedContainer> {
        self.seen(self.observed.containers.at(address))
    }

    /// Returns the containers that are attached to a network.
    pub(crate) fn on(self, network: &NetworkId) -> impl Iterator<Item = &'a ObservedContainer> {
        self.seen(self.observed.containers.on(network))
    }

    fn seen(
        self,
        containers: impl Iterator<Item = &'a ObservedContainer>,
    ) -> impl Iterator<Item = &'a ObservedContainer> {
        let changes = self.changes;
        let stays = containers.filter(move |one| !changes.removed.contains(&one.id));
        stays.map(move |one| changes.renamed.get(&one.id).unwrap_or(one))
    }
}
