//! Container names that were exchanged by hand.
//!
//! Example: somebody renamed `shop-web-1` to `shop-db-1`, and `shop-db-1` to `shop-web-1`. Neither container can get
//! its own name back while the other one has it, so both first get a temporary name.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ContainerId, ContainerName, ObservedContainer, Service};
use crate::plan::builder::Builder;
use crate::plan::container::{naming, replicas};
use crate::plan::scope::{self, Scope};
use crate::plan::{Action, ContainerRef, Reason, StepId};

/// Containers of the project that give up a name which another replica needs.
#[derive(Debug, Default)]
pub(crate) struct FreedNames {
    /// The steps after which the names are free.
    pub steps: Vec<StepId>,
    /// The temporary names of the containers. Each container gets its own name later in the plan.
    pub names: BTreeMap<ContainerId, ContainerName>,
}

impl FreedNames {
    /// Returns the containers that get a temporary name, each with that name.
    pub(crate) fn renamed<'a>(
        &'a self,
        scope: Scope<'a>,
    ) -> impl Iterator<Item = (&'a ObservedContainer, &'a ContainerName)> {
        self.names.iter().filter_map(move |(id, name)| Some((scope.world.by_id(id.as_str())?, name)))
    }
}

/// Plans a temporary name for each container of the selected services that has the name of another replica. If this run
/// dies, the next run recognizes the temporary name.
pub(crate) fn free(builder: &mut Builder, scope: Scope<'_>) -> FreedNames {
    let Scope { project, world, options, .. } = scope;
    let mut cleared = FreedNames::default();
    let names = final_names(scope);
    for service in scope.services() {
        let mut there: Vec<_> = replicas::of_service(world, project, service.name.as_str()).collect();
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

/// Returns the final names of all replicas that exist or are wanted.
fn final_names(scope: Scope<'_>) -> BTreeSet<ContainerName> {
    let names = |service| {
        let name = |number| naming::container_name(scope.project, service, number, scope.options.separator);
        numbers(scope, service).into_iter().map(name).collect::<Vec<_>>()
    };
    scope.services().flat_map(names).collect()
}

/// Returns the numbers of the replicas of a service that exist or are wanted.
fn numbers(scope: Scope<'_>, service: &Service) -> BTreeSet<u32> {
    let there = replicas::of_service(scope.world, scope.project, service.name.as_str());
    there.map(|one| one.number().unwrap_or(1)).chain(1..=scope::replicas_wanted(service, scope.options)).collect()
}
