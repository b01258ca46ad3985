//! The scope of a run: the selected services, and the networks, volumes and replicas that they use.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::model::{MountSource, NetworkKey, ObservedContainer, Project, Service, ServiceName, VolumeKey, labels};
use crate::plan::UpOptions;
use crate::plan::container::owned;
use crate::plan::world::World;

/// The input of a plan for `up`, as every planner gets it.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub project: &'a Project,
    pub world: World<'a>,
    /// The names of the selected services.
    pub selected: &'a BTreeSet<&'a str>,
    pub options: &'a UpOptions,
}

impl<'a> Scope<'a> {
    /// Returns the selected services.
    pub(crate) fn services(self) -> impl Iterator<Item = &'a Service> {
        self.project.services.values().filter(move |service| self.selected.contains(service.name.as_str()))
    }

    /// Returns the selected services of which at least one replica is wanted.
    pub(crate) fn with_replicas(self) -> impl Iterator<Item = &'a Service> {
        self.services().filter(move |service| replicas_wanted(service, self.options) > 0)
    }

    /// Returns whether this run may replace or remove a container: a replica of a selected service, or an orphan that
    /// is removed.
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

/// Returns the selected services: the named services with their dependencies (without them after `--no-deps`). If no
/// service is named, all services are selected.
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

/// Returns the networks that the selected services use, and those that no service of the file uses.
pub(crate) fn networks_used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a NetworkKey> {
    let services = project.services.values().filter(|service| selected.contains(service.name.as_str()));
    let used = services.flat_map(|service| service.networks.keys());
    // Networks that no service uses are in the project only with `--all-resources`.
    let unused = project
        .networks
        .keys()
        .filter(|key| !project.services.values().any(|service| service.networks.contains_key(*key)));
    used.chain(unused).collect()
}

/// Returns the volumes that the selected services use, and those that no service of the file uses.
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

/// The most replicas of one service. More are refused, so that a mistyped number does not exhaust the memory.
pub(crate) const MOST_REPLICAS: u32 = 10_000;

/// Returns how many replicas of a service are wanted, at most one more than [`MOST_REPLICAS`]. So no loop of the
/// planner depends on an unbounded number of the file or of an option.
pub(crate) fn replicas_wanted(service: &Service, options: &UpOptions) -> u32 {
    options.scale.get(&service.name).copied().unwrap_or(service.replicas).min(MOST_REPLICAS + 1)
}

/// Returns the selected services that the user did not name and that every dependent only wants with `required: false`.
/// If no service is named, there are none.
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
