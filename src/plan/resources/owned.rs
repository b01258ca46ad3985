//! Owned.

use crate::model::{Network, ObservedNetwork, Project, hash, labels};
use crate::plan::world::World;

/// Ours comes before others' of the same name: names of networks are not unique. Of several of ours the one in use
/// counts, else the one that is as the file says, else the one with the smallest id.
pub(crate) fn find<'a>(project: &Project, network: &Network, world: World<'a>) -> Option<&'a ObservedNetwork> {
    let named = || world.observed.networks.iter().filter(|candidate| candidate.name == network.name);
    let ours = named().filter(|candidate| is_ours(project, candidate));
    let rank = |candidate: &&ObservedNetwork| {
        (!is_used(world, candidate), !is_unchanged(network, candidate), candidate.id.clone())
    };
    ours.min_by_key(rank).or_else(|| named().next())
}

pub(crate) fn is_used(world: World<'_>, network: &ObservedNetwork) -> bool {
    world.on(&network.id).next().is_some()
}

pub(crate) fn is_ours(project: &Project, network: &ObservedNetwork) -> bool {
    network.labels.get(labels::PROJECT).map(String::as_str) == Some(project.name.as_str())
}

/// Compat: a network without a hash was made by an older tool and is left alone.
pub(crate) fn is_unchanged(network: &Network, existing: &ObservedNetwork) -> bool {
    existing.labels.get(labels::CONFIG_HASH).is_none_or(|label| *label == hash::resource_hash(&network.canonical))
}

/// Whether a network is none that the file wants otherwise: those are removed before any is made.
pub(crate) fn stays(project: &Project, other: &ObservedNetwork) -> bool {
    let is_it = |network: &&Network| network.name == other.name && !network.is_external;
    let wanted = project.networks.values().find(is_it).filter(|_| is_ours(project, other));
    wanted.is_none_or(|network| is_unchanged(network, other))
}
