//! The observed containers of a service: which of them serve as which replica, and which an interrupted run left
//! behind.
//!
//! Start at [`slots`]. This file does not decide what happens to a container.

use std::collections::BTreeMap;

use crate::model::{
    Condition, ContainerName, ContainerState, ObservedContainer, Project, Service, ServiceName, labels,
};
use crate::plan::Target;
use crate::plan::container::naming::{container_name, is_temporary_name, temporary_name};
use crate::plan::world::World;

/// All containers of one replica number of a service.
#[derive(Debug)]
pub(crate) struct ReplicaSlot<'a> {
    pub number: u32,
    /// The container that serves as this replica.
    pub current: &'a ObservedContainer,
    /// The replacement of the current container that an interrupted run created. That run did not remove the current
    /// container.
    pub successor: Option<&'a ObservedContainer>,
    /// All other containers of this number.
    pub leftovers: Vec<&'a ObservedContainer>,
}

/// Returns the target of a step on a container that exists. The target has the final name where the container has a
/// temporary one.
pub(crate) fn target_of(container: &ObservedContainer) -> Target {
    let service = container.service().map(ServiceName::from);
    let name = container.name.as_str();
    // A temporary name is twelve digits and `_` before the final name.
    let last = match name.split_once('_') {
        Some((_, last)) if is_temporary_name(name, &ContainerName::from(last)) => last,
        _ => name,
    };
    Target::Container { service, number: container.number().unwrap_or(0), name: ContainerName::from(last) }
}

/// Returns the replicas of a project's service. One-off containers and containers that the engine is removing are left
/// out.
pub(crate) fn of_service<'a>(
    world: impl Into<World<'a>>,
    project: &Project,
    service: &str,
) -> impl Iterator<Item = &'a ObservedContainer> {
    let found = world.into().of_service(project.name.as_str(), service);
    found.filter(|container| !container.is_oneoff() && container.state != ContainerState::Removing)
}

/// Returns the containers of a service, grouped by replica number, in order of numbers.
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

/// Says which of the containers of one number is current and which its successor.
///
/// The label `dev.inception.replaces` of a successor names the current container. docker compose sets no such label:
/// then the temporary name tells the successor. Example: of `shop-web-1` and `0123456789ab_shop-web-1`, the first is
/// current, and the second its successor where the id of `shop-web-1` begins with these digits.
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
    // Several interrupted runs may each have created a successor. The newest counts; the others are leftovers.
    let successor_index = found.iter().rposition(|candidate| {
        candidate.label(labels::REPLACES) == Some(current.id.as_str())
            || candidate.name.as_str() == temporary_name(&current.id, &last).as_str()
    });
    let successor = successor_index.map(|index| found.remove(index));
    ReplicaSlot { number, current, successor, leftovers: found }
}

/// Returns whether a container is running, restarting or paused.
pub(crate) fn is_up(container: &ObservedContainer) -> bool {
    matches!(container.state, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
}

/// Returns whether a container has done the work of a one-shot service: it ended with code 0, and some service depends
/// on `service` with the condition `service_completed_successfully`.
pub(crate) fn is_completed(project: &Project, service: &Service, container: &ObservedContainer) -> bool {
    let waits = |dependent: &Service| {
        let edge = dependent.depends_on.get(&service.name);
        edge.is_some_and(|edge| edge.condition == Condition::CompletedSuccessfully)
    };
    container.state == ContainerState::Exited && container.exit_code == Some(0) && project.services.values().any(waits)
}
