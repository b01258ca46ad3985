//! `up`: one plan that turns the containers, networks and volumes of a project into those of the file.
//!
//! Start at [`up`]. Volumes and networks are planned first, then the services in the order of dependencies. Each
//! service leaves in [`state::Done`] what its dependents need to know. [`state`] holds the plan under construction; the
//! files `create`, `keep`, `replace` and `leave` each plan one thing that can happen to a container.

pub(crate) mod batch;
mod create;
mod endpoints;
pub(crate) mod exchanged_names;
mod families;
mod inherit;
mod judge;
mod keep;
mod leave;
mod replace;
mod restarts;
mod service;
pub(crate) mod state;
mod waits;

use crate::graph::Graph;
use crate::model::{Contents, Observed, Project};
use crate::plan::builder::Builder;
use crate::plan::checks::{addresses, machine, others, plugins, ports};
use crate::plan::resources::{joined, networks, orphans, volumes};
use crate::plan::scope::{self, Scope, networks_used, selected, volumes_used};
use crate::plan::up::state::{Ground, Up};
use crate::plan::world::{FirstChanges, World};
use crate::plan::{Plan, UpOptions};

/// Plans `up`, and also `create` and `scale`. Images are planned before ([`super::images`]).
pub fn up(project: &Project, observed: &Observed, contents: &Contents, options: &UpOptions) -> Plan {
    let graph = Graph::new(&project.services);
    let selected = selected(&graph, project, options);
    let mut builder = Builder::new(&project.name);
    let scope = Scope { project, world: observed.into(), selected: &selected, options };
    let volumes_used = volumes_used(project, &selected);
    let networks_used = networks_used(project, &selected);
    let volumes = volumes::plan(&mut builder, scope, &volumes_used);
    ports::check(&mut builder, scope);
    addresses::check(&mut builder, scope);
    plugins::check(&mut builder, scope, (&volumes_used, &networks_used));
    machine::check(&mut builder, scope, &networks_used);
    others::check(&mut builder, scope);
    let mut changes = FirstChanges::default();
    volumes.users.keys().for_each(|user| changes.remove(user.clone()));
    let freed = exchanged_names::free(&mut builder, Scope { world: World::new(observed, &changes), ..scope });
    freed.renamed(scope).for_each(|(container, name)| changes.rename(container, name.clone()));
    let scope = Scope { world: World::new(observed, &changes), ..scope };
    let survey = networks::survey(&mut builder, scope, &networks_used);
    let networks = survey.staying.clone();
    let mut up = Up::on(Ground { builder, networks, volumes, freed }, scope, contents);
    up.begin_on_recreated(&survey);
    let removals = up.volumes.removals.clone();
    up.networks = networks::make_all(&mut up.builder, scope, survey, &removals, &up.handovers.begun);
    up.spared = scope::spared(&graph, &options.services, &selected);
    up.orphans_gone = orphans::plan(&mut up.builder, project, observed, options);
    let handovers = up.hand_over();
    up.find_families();
    let order = graph.order_after(&up.order_of_handovers(handovers));
    for name in order.iter().copied() {
        if let Some(service) = project.services.get(name).filter(|_| scope.selected.contains(name)) {
            up.service(service);
        }
    }
    for batches in std::mem::take(&mut up.families.waiting).into_values() {
        up.commit(batches);
    }
    up.restart_dependents(&order);
    up.bring_back();
    up.restart_joined();
    joined::tell_cut_off(&mut up.builder, project, scope.world);
    up.builder.finish()
}
