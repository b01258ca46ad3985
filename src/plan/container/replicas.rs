//! Containers of a service as they were found: which replica is which, what an unfinished run left behind.

use crate::plan::container::naming::temporary_name;
use crate::plan::world::World;
use std::collections::BTreeMap;

use crate::model::{
    Condition, ContainerName, ContainerState, ObservedContainer, Project, Service, ServiceName, labels,
};
use crate::plan::Target;
use crate::plan::container::naming::{container_name, is_temporary_name};

/// One replica number of a service, as found.
#[derive(Debug)]
pub(crate) struct ReplicaSlot<'a> {
    pub number: u32,
    /// The container that serves as this replica.
    pub current: &'a ObservedContainer,
    /// A replacement that an earlier run began and did not finish: made, but the current one is not gone.
    pub successor: Option<&'a ObservedContainer>,
    /// What else carries this number: leftovers.
    pub leftovers: Vec<&'a ObservedContainer>,
}

/// Returns what a step on a found container acts on, with the name it should have.
pub(crate) fn target_of(container: &ObservedContainer) -> Target {
    let service = container.service().map(ServiceName::from);
    let name = container.name.as_str();
    // A temporary name is twelve digits before the final one.
    let last = match name.split_once('_') {
        Some((_, last)) if is_temporary_name(name, &ContainerName::from(last)) => last,
        _ => name,
    };
    Target::Container { service, number: container.number().unwrap_or(0), name: ContainerName::from(last) }
}

/// Returns the containers of a project's service: replicas, not what `run` made, not what is being removed.
pub(crate) fn of_service<'a>(
    world: impl Into<World<'a>>,
    project: &Project,
    service: &str,
) -> impl Iterator<Item = &'a ObservedContainer> {
    let found = world.into().of_service(project.name.as_str(), service);
    found.filter(|container| !container.is_oneoff() && container.state != ContainerState::Removing)
}

/// Groups a service's containers by replica number, in order of numbers.
pub(crate) fn slots<'a>(
    world: impl Into<World<'a>>,
    project: &Project,
    service: &Service,
    separator: char,
) -> Vec<ReplicaSlot<'a>> {
    let mut by_number: BTreeMap<u32, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in of_service(world, project, service.name.as_str()) {
        by_number.entry(container.number().unwrap_or(1)).or_default().push(container);
    }
    by_number.into_iter().map(|(number, found)| slot(project, service, number, found, separator)).collect()
}

/// With several containers of one number, the one that another says it replaces is current and the other its successor.
/// Without such a word (docker compose leaves none) the one with the temporary name is the successor.
fn slot<'a>(
    project: &Project,
    service: &Service,
    number: u32,
    mut found: Vec<&'a ObservedContainer>,
    separator: char,
) -> ReplicaSlot<'a> {
    let last = container_name(project, service, number, separator);
    found.sort_by_key(|container| {
        (is_temporary_name(container.name.as_str(), &last), container.created, container.id.clone())
    });
    let current_index = found
        .iter()
        .position(|candidate| found.iter().any(|other| other.label(labels::REPLACES) == Some(candidate.id.as_str())))
        .unwrap_or(0);
    let current = found.remove(current_index);
    // Of several attempts the newest counts.
    let successor_index = found.iter().rposition(|candidate| {
        candidate.label(labels::REPLACES) == Some(current.id.as_str())
            || candidate.name.as_str() == temporary_name(&current.id, &last).as_str()
    });
    let successor = successor_index.map(|index| found.remove(index));
    ReplicaSlot { number, current, successor, leftovers: found }
}

/// Returns whether a container runs or is about to again.
pub(crate) fn is_up(container: &ObservedContainer) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
}

/// A one-shot service whose work is done: others wait for its success, and it had it.
pub(crate) fn is_completed(project: &Project, service: &Service, container: &ObservedContainer) -> bool {
    let waits = |dependent: &Service| {
        let edge = dependent.depends_on.get(&service.name);
        edge.is_some_and(|edge| edge.condition == Condition::CompletedSuccessfully)
    };
    container.state == ContainerState::Exited && container.exit_code == Some(0) && project.services.values().any(waits)
}
