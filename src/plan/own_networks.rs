//! Which network of the engine belongs to a network of the file, and whether it is as the file says.
//!
//! Labels tell the project and the definition of a network. This file plans no step.

use crate::model::{Network, ObservedNetwork, Project, hash, labels};
use crate::plan::world::World;

/// Returns the network of the engine for a network of the file. Names of networks are not unique in the engine, so
/// several may match.
///
/// A network of the project has priority over a network of others. Of several networks of the project, one with
/// containers comes first, then one that is as the file says, then the one with the smallest id. Of the networks of
/// others, one that was made for this file ([`is_lent`]) comes first.
pub(crate) fn find<'a>(project: &Project, network: &Network, world: World<'a>) -> Option<&'a ObservedNetwork> {
    let named = || world.observed.networks.iter().filter(|candidate| candidate.name == network.name);
    let ours = named().filter(|candidate| is_ours(project, candidate));
    let rank = |candidate: &&ObservedNetwork| {
        (!is_used(world, candidate), !is_unchanged(network, candidate), candidate.id.clone())
    };
    let lent = || named().find(|candidate| is_lent(network, candidate));
    ours.min_by_key(rank).or_else(lent).or_else(|| named().next())
}

/// Returns whether somebody created a network by hand for this network of the file: its label names the key in the
/// file, and the network belongs to no project.
///
/// Compat: as in docker compose, such a network is used as it is, and never changed or removed.
pub(crate) fn is_lent(network: &Network, existing: &ObservedNetwork) -> bool {
    let label = |name: &str| existing.labels.get(name).map(String::as_str);
    label(labels::PROJECT).is_none() && label(labels::NETWORK) == Some(network.key.as_str())
}

/// Returns whether a container is attached to a network.
pub(crate) fn is_used(world: World<'_>, network: &ObservedNetwork) -> bool {
    world.on(&network.id).next().is_some()
}

/// Returns whether a network belongs to the project, by its label.
pub(crate) fn is_ours(project: &Project, network: &ObservedNetwork) -> bool {
    labels::are_of(&network.labels, &project.name)
}

/// Returns whether a network is as the file says. Compat: a network without a config hash was created by an older tool
/// and counts as unchanged.
pub(crate) fn is_unchanged(network: &Network, existing: &ObservedNetwork) -> bool {
    existing.labels.get(labels::CONFIG_HASH).is_none_or(|label| *label == hash::resource_hash(&network.canonical))
}

/// Returns whether a network stays as it is. A network of the project with a changed definition does not stay: if the
/// run uses that network, its removal is planned before any network is created.
pub(crate) fn stays(project: &Project, other: &ObservedNetwork) -> bool {
    let is_it = |network: &&Network| network.name == other.name && !network.is_external;
    let wanted = project.networks.values().find(is_it).filter(|_| is_ours(project, other));
    wanted.is_none_or(|network| is_unchanged(network, other))
}
