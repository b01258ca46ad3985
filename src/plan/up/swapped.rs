//! Names that were exchanged by hand: nobody can get its own back while another one has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ContainerId, ContainerName, Observed, Service};
use crate::plan::builder::Builder;
use crate::plan::container::{naming, replicas};
use crate::plan::scope::Scope;
use crate::plan::{Action, ContainerRef, Reason, StepId, scope};

/// Containers that have got out of the way.
#[derive(Debug, Default)]
pub(crate) struct Cleared {
    /// The steps after which the names are free.
    pub steps: Vec<StepId>,
    /// The names that they have then; each gets its own later.
    pub names: BTreeMap<ContainerId, ContainerName>,
}

/// Gives a temporary name to each container of the selected services that has the name of another replica.
///
/// It is one that the next run knows as such, should this one die.
pub(crate) fn clear(builder: &mut Builder, scope: Scope<'_>) -> Cleared {
    let Scope { project, observed, options, .. } = scope;
    let mut cleared = Cleared::default();
    let names = final_names(scope);
    for service in scope.services() {
        let mut there: Vec<_> = replicas::of_service(observed, project, service.name.as_str()).collect();
        there.sort_by_key(|container| container.number());
        for container in there {
            let number = container.number().unwrap_or(1);
            let last = naming::container_name(project, service, number, options.separator);
            if container.name == last || !names.contains(&container.name) {
                continue;
            }
            let to = naming::spare_name(&container.id, &last);
            let reference = ContainerRef::Existing(container.id.clone());
            let action = Action::RenameContainer { container: reference, to: to.clone() };
            let reason = Reason::Renamed(container.name.clone());
            cleared.steps.push(builder.step(&naming::replica_target(service, number, &last), action, reason, []));
            cleared.names.insert(container.id.clone(), to);
        }
    }
    cleared
}

/// Returns the names that replicas have in the end, one for each that is there or is to be.
fn final_names(scope: Scope<'_>) -> BTreeSet<ContainerName> {
    let names = |service| {
        let name = |number| naming::container_name(scope.project, service, number, scope.options.separator);
        numbers(scope, service).into_iter().map(name).collect::<Vec<_>>()
    };
    scope.services().flat_map(names).collect()
}

/// The numbers of a service's replicas: those that are there, and those that are to be.
fn numbers(scope: Scope<'_>, service: &Service) -> BTreeSet<u32> {
    let there = replicas::of_service(scope.observed, scope.project, service.name.as_str());
    there.map(|one| one.number().unwrap_or(1)).chain(1..=scope::wanted(service, scope.options)).collect()
}

impl Cleared {
    /// Returns what is there with the new names; nothing where all stay.
    pub(crate) fn renamed(&self, observed: &Observed) -> Option<Observed> {
        if self.names.is_empty() {
            return None;
        }
        let mut renamed = observed.clone();
        for container in renamed.containers.iter_mut() {
            if let Some(name) = self.names.get(&container.id) {
                container.name = name.clone();
            }
        }
        Some(renamed)
    }
}
