//! `up`: everything between what is there and what the file says, in one plan.
//!
//! Services are planned in dependency order; each leaves in [`Done`] what its dependents must wait for.

pub(crate) mod batch;
mod create;
mod endpoints;
mod families;
mod inherit;
mod judge;
mod keep;
mod leave;
mod replace;
mod restarts;
mod service;
mod state;
mod swapped;
mod waits;

use crate::plan::scope;
use crate::plan::scope::{networks_used, volumes_used};
use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::model::{Observed, ObservedContainer, Project};
use crate::plan::builder::Builder;
use crate::plan::checks::{addresses, plugins, ports};
use crate::plan::container::contents::Contents;
use crate::plan::resources::{joined, networks, orphans, volumes};
use crate::plan::scope::{Scope, selected};
use crate::plan::up::state::Up;
use crate::plan::{Plan, UpOptions};

/// Plans `up` (also `create` and `scale`). Images are there, or their absence is told as an error of the run.
pub fn up(project: &Project, observed: &Observed, contents: &Contents, options: &UpOptions) -> Plan {
    let graph = Graph::new(&project.services);
    let selected = selected(&graph, project, options);
    let mut builder = Builder::new(&project.name);
    let volumes_used = volumes_used(project, &selected);
    let scope = Scope { project, observed, selected: &selected, options };
    let volumes = volumes::plan(&mut builder, scope, &volumes_used);
    ports::check(&mut builder, scope);
    addresses::check(&mut builder, scope);
    // What gives way to a new volume is gone for everything that follows.
    let (given_way, staying) = without(observed, &volumes);
    let observed = staying.as_ref().unwrap_or(observed);
    let cleared = swapped::clear(&mut builder, Scope { observed, ..scope });
    let renamed = cleared.renamed(observed);
    let observed = renamed.as_ref().unwrap_or(observed);
    let networks_used = networks_used(project, &selected);
    plugins::check(&mut builder, project, observed, &selected, (&volumes_used, &networks_used));
    let gone = volumes.removals.clone();
    let networks = networks::plan(&mut builder, project, observed, &networks_used, options.grace, gone);
    let mut up = Up {
        project,
        observed,
        contents,
        options,
        selected: &selected,
        builder,
        networks,
        volumes,
        given_way,
        cleared,
        spared: scope::spared(&graph, &options.services, &selected),
        done: BTreeMap::new(),
        handed_over: BTreeMap::new(),
        givers: BTreeMap::new(),
        families: BTreeMap::new(),
        waiting: BTreeMap::new(),
        begun: BTreeMap::new(),
        orphans_gone: BTreeMap::new(),
    };
    up.orphans_gone = orphans::plan(&mut up.builder, project, observed, options);
    let handovers = up.hand_over();
    up.find_families();
    let order = graph.order_after(&up.order_of_handovers(handovers));
    for name in order.iter().copied() {
        if let Some(service) = project.services.get(name).filter(|_| up.selected.contains(name)) {
            up.service(service);
        }
    }
    for batches in std::mem::take(&mut up.waiting).into_values() {
        up.commit(batches);
    }
    up.restart_dependents(&order);
    up.bring_back();
    up.restart_joined();
    joined::tell_cut_off(&mut up.builder, project, observed);
    up.builder.finish()
}

/// Splits off the containers that are removed because a volume of theirs is made anew; the rest only where there are any.
fn without(observed: &Observed, volumes: &volumes::Volumes) -> (Vec<ObservedContainer>, Option<Observed>) {
    if volumes.users.is_empty() {
        return (Vec::new(), None);
    }
    let mut staying = observed.clone();
    let is_user = |one: &ObservedContainer| volumes.users.contains_key(&one.id);
    let (users, rest) = std::mem::take(&mut *staying.containers).into_iter().partition(is_user);
    staying.containers = Vec::into(rest);
    (users, Some(staying))
}
