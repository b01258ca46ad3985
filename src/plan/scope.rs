//! What the parts of a plan for `up` are made from.

use crate::plan::container::owned;
use crate::plan::world::World;
use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::model::{MountSource, NetworkKey, ObservedContainer, Project, Service, ServiceName, VolumeKey, labels};
use crate::plan::UpOptions;

/// What `up` is about, and what it is asked.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub project: &'a Project,
    pub world: World<'a>,
    /// The services this run is about.
    pub selected: &'a BTreeSet<&'a str>,
    pub options: &'a UpOptions,
}

impl<'a> Scope<'a> {
    /// Returns the services this run is about.
    pub(crate) fn services(self) -> impl Iterator<Item = &'a Service> {
        self.project.services.values().filter(move |service| self.selected.contains(service.name.as_str()))
    }

    /// Returns those of them of which at least one replica is wanted.
    pub(crate) fn with_replicas(self) -> impl Iterator<Item = &'a Service> {
        self.services().filter(move |service| replicas_wanted(service, self.options) > 0)
    }

    /// Whether a container is one that this run replaces, keeps or removes as the file says.
    pub(crate) fn gives_way(self, container: &ObservedContainer) -> bool {
        let service = container.service().unwrap_or_default();
        let is_orphan = self.project.service(service).is_none();
        container.label(labels::PROJECT) == Some(self.project.name.as_str())
            && !container.is_oneoff()
            && match is_orphan {
                true => self.options.remove_orphans && !owned::is_from_elsewhere(self.project, container),
                false => self.selected.contains(service),
            }
    }
}

/// Returns the services a run is about: the named ones and, unless told otherwise, what they depend on.
pub fn selected<'a>(graph: &Graph<'a>, project: &'a Project, options: &UpOptions) -> BTreeSet<&'a str> {
    if options.services.is_empty() {
        return project.services.keys().map(ServiceName::as_str).collect();
    }
    let named = options.services.iter().map(ServiceName::as_str);
    if options.no_dependencies {
        project.services.keys().map(ServiceName::as_str).filter(|name| options.services.contains(*name)).collect()
    } else {
        graph.with_dependencies(named)
    }
}

pub(crate) fn networks_used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a NetworkKey> {
    let services = project.services.values().filter(|service| selected.contains(service.name.as_str()));
    let used = services.flat_map(|service| service.networks.keys());
    // Networks that no service uses are in the project only when all resources were asked for.
    let unused = project
        .networks
        .keys()
        .filter(|key| !project.services.values().any(|service| service.networks.contains_key(*key)));
    used.chain(unused).collect()
}

pub(crate) fn volumes_used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a VolumeKey> {
    let keys = |service: &'a Service| {
        service.volumes.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { key, .. } => Some(key),
            _ => None,
        })
    };
    let used = project.services.values().filter(|service| selected.contains(service.name.as_str())).flat_map(keys);
    let named: BTreeSet<&VolumeKey> = project.services.values().flat_map(keys).collect();
    let unused = project.volumes.keys().filter(|key| !named.contains(key));
    used.chain(unused).collect()
}

/// More replicas than this are refused: a slip in a number must not take all memory.
pub(crate) const MOST_REPLICAS: u32 = 10_000;

/// Returns how many replicas of a service are wanted. One more than [`MOST_REPLICAS`] stands for all that are too many, so
/// that nothing is ever made in the number that a file or an option says.
pub(crate) fn replicas_wanted(service: &Service, options: &UpOptions) -> u32 {
    options.scale.get(&service.name).copied().unwrap_or(service.replicas).min(MOST_REPLICAS + 1)
}

/// Returns the services that are in a run only for the sake of others, all of which can do without them.
///
/// Where no service is named, all are asked for.
pub(crate) fn spared<'a>(
    graph: &Graph<'a>,
    named: &BTreeSet<ServiceName>,
    selected: &BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    let can_do_without = |name: &str| {
        let dependents = selected.get(name).map(|name| graph.dependents(name)).unwrap_or_default();
        dependents.into_iter().all(|(dependent, edge)| !edge.required || !selected.contains(dependent))
    };
    let is_spared = |name: &&str| !named.is_empty() && !named.contains(*name) && can_do_without(name);
    selected.iter().copied().filter(is_spared).collect()
}
