//! Compares a container that was found with its service in the file, and says why the container must be recreated, down
//! to the changed field.
//!
//! Nothing here adds a step to a plan: `plan::up` decides what follows from the answer. Start at [`reason`].

use std::collections::BTreeMap;

use crate::model::{
    ContainerId, ContainerState, Contents, Definition, ImageId, MountSource, ObservedContainer, Project, Service,
    ServiceName, hash, labels,
};
use crate::plan::container::shares::parents;
use crate::plan::container::{fields, spec};
use crate::plan::{Reason, Recreate};

/// The service that a container is compared with, and the state of the plan that the comparison needs.
pub(crate) struct Desired<'a> {
    pub project: &'a Project,
    pub service: &'a Service,
    pub contents: &'a Contents,
    /// The definitions of the containers that were inspected.
    pub definitions: &'a BTreeMap<ContainerId, Definition>,
    /// The id of the image that the service's image name now stands for; `None` where the engine has no such image.
    pub image_id: Option<&'a ImageId>,
    /// The ids of the networks that exist and stay, by name.
    pub network_ids: &'a BTreeMap<crate::model::NetworkName, crate::model::NetworkId>,
    /// Returns the id of the first container of a service; `None` where the plan replaces or removes that container.
    pub container_id: &'a dyn Fn(&str) -> Option<String>,
    /// The option that recreates every container, for the reason of a forced recreation: `--force-recreate`.
    pub forced_by: &'static str,
    /// Returns whether this plan replaces a container of a service, and whether the new container runs already.
    pub successor: &'a dyn Fn(&ServiceName) -> Successor,
}

/// What the plan does with the first container of a service whose namespaces or volumes another service shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Successor {
    /// The container stays.
    None,
    /// The container is replaced, and its successor does not run yet.
    Coming,
    /// An interrupted run has started a replacement. A container that was created to share with that replacement may
    /// stay.
    Runs,
}

/// Returns why a container must be recreated, or `None` where the container may stay.
///
/// Example: `web` has `network_mode: service:db`, and `db` is replaced. The config hash of `web` covers the id of the
/// container of `db`, so the hash changes with every replacement of `db`. The reason is then that `web` follows `db`,
/// and the hash is not compared.
pub(crate) fn reason(desired: &Desired<'_>, container: &ObservedContainer, recreate: Recreate) -> Option<Reason> {
    match recreate {
        Recreate::Never => return None,
        Recreate::Force => return Some(Reason::Asked(desired.forced_by)),
        Recreate::Diverged => {}
    }
    let mut reasons = Vec::new();
    let has_hash = |hash: String| container.label(labels::CONFIG_HASH) == Some(hash.as_str());
    let is_same = || has_hash(hash::service_hash(&desired.service.canonical, desired.container_id));
    let replaced = parents(desired.service)
        .into_iter()
        .map(|parent| (parent, (desired.successor)(parent)))
        .find(|(_, successor)| *successor != Successor::None);
    match replaced {
        Some((_, Successor::Runs)) if is_same() => {}
        Some((parent, _)) => reasons.push(Reason::FollowsParent(parent.clone())),
        None if is_same() => {}
        None => {
            let made = desired.definitions.get(&container.id);
            let changes = fields::changes(container.label(labels::FIELDS), made, &desired.service.canonical);
            reasons.push(Reason::Changed(changes));
        }
    }
    reasons.extend(image_reason(desired, container));
    reasons.extend(content_reasons(desired, container));
    reasons.extend(network_reason(desired, container));
    reasons.extend(volume_reason(desired, container));
    match reasons.len() {
        0 => None,
        1 => reasons.pop(),
        _ => Some(Reason::Several(reasons)),
    }
}

/// Returns the change of the image that the service's image name stands for.
fn image_reason(desired: &Desired<'_>, container: &ObservedContainer) -> Option<Reason> {
    let to = desired.image_id?;
    // Compat: docker compose compares this label, too. A container without the label was created by another tool, and
    // is recreated.
    let from = ImageId::new(container.label(labels::IMAGE).unwrap_or_default());
    (from != *to).then(|| Reason::ImageChanged { from, to: to.clone() })
}

/// Returns the configs and secrets whose content has changed.
///
/// A container that docker compose created carries no digests of contents. Its contents count as unchanged, so that a
/// project can pass from docker compose to Inception without any container being recreated.
fn content_reasons(desired: &Desired<'_>, container: &ObservedContainer) -> Vec<Reason> {
    let Some(before) = container.label(labels::CONTENTS) else { return Vec::new() };
    let after = spec::contents_label(desired.service, desired.project, desired.contents).unwrap_or_default();
    let before: Vec<&str> = before.split(' ').collect();
    // A content that could not be read when the container was created has no digest to compare with.
    let is_known = |entry: &str| {
        let key = entry.rsplit_once('=').map_or(entry, |(key, _)| key);
        before.iter().any(|one| one.rsplit_once('=').is_some_and(|(known, _)| known == key))
    };
    let changed = after.split(' ').filter(|entry| !entry.is_empty() && is_known(entry) && !before.contains(entry));
    let reason = |entry: &str| {
        let (kind, rest) = entry.split_once('/')?;
        let key = rest.rsplit_once('=').map_or(rest, |(key, _)| key).to_owned();
        Some(Reason::ContentChanged { kind: if kind == "config" { "config" } else { "secret" }, key })
    };
    changed.filter_map(reason).collect()
}

/// Returns the network that a container reaches only when it is recreated.
///
/// A running container must be attached to every network of its service. A stopped container must not be bound to a
/// network that no longer exists. Nor may it lack one of its networks while it is attached to another one: then the
/// `name` of the network has changed in the file. The engine tells no network ids for a container that has never run,
/// so any id is accepted.
fn network_reason(desired: &Desired<'_>, container: &ObservedContainer) -> Option<Reason> {
    if desired.service.network_mode.is_some() {
        return None;
    }
    let names = desired.service.networks.keys().filter_map(|key| desired.project.networks.get(key));
    let names: Vec<_> = names.map(|network| &network.name).collect();
    let is_elsewhere = container.networks.keys().any(|name| !names.contains(&name));
    let is_attached = |key: &crate::model::NetworkKey| {
        let Some(network) = desired.project.networks.get(key) else { return true };
        let attached = container.networks.get(&network.name).map(|endpoint| endpoint.network_id.as_str());
        match (attached, desired.network_ids.get(&network.name)) {
            (Some(""), _) => true,
            (Some(actual), Some(expected)) => actual == expected.as_str(),
            (Some(_), None) => false,
            (None, _) => container.state != ContainerState::Running && !is_elsewhere,
        }
    };
    let lost =
        desired.service.networks.keys().find(|key| !is_attached(key)).map(|key| Reason::NotAttached(key.clone()));
    lost.or_else(|| address_reason(desired, container))
}

/// Returns the network on which a running container has another IPv4 address than the file sets.
///
/// That happens after `docker network connect` without `--ip`, or after a connection by an older version of Inception.
fn address_reason(desired: &Desired<'_>, container: &ObservedContainer) -> Option<Reason> {
    let address = |text: &str| text.parse::<std::net::Ipv4Addr>().ok();
    desired.service.networks.iter().find_map(|(key, attachment)| {
        let network = desired.project.networks.get(key)?;
        let wanted = address(attachment.ipv4_address.as_deref()?)?;
        let found = address(&container.networks.get(&network.name)?.ip_address)?;
        let is_lost = container.state == ContainerState::Running && wanted != found;
        is_lost.then(|| Reason::NotAtAddress { network: key.clone(), address: wanted })
    })
}

/// Returns a named volume of the service that the container does not mount.
fn volume_reason(desired: &Desired<'_>, container: &ObservedContainer) -> Option<Reason> {
    let missing = desired.service.volumes.iter().find_map(|mount| match &mount.source {
        MountSource::Volume { key, .. } => {
            let volume = desired.project.volumes.get(key)?;
            let is_mounted = container.mounts.iter().any(|mounted| mounted.name == volume.name.as_str());
            (!is_mounted).then(|| key.clone())
        }
        _ => None,
    });
    missing.map(Reason::NotMounted)
}
