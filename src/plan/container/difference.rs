//! Is a container as the file says? If not: why not, down to the field.

use std::collections::BTreeMap;

use crate::model::Contents;
use crate::model::{
    ContainerId, ContainerState, Definition, ImageId, MountSource, ObservedContainer, Project, Service, ServiceName,
    hash, labels,
};
use crate::plan::container::shares::parents;
use crate::plan::container::{fields, spec};
use crate::plan::{Reason, Recreate};

/// What a container is compared with.
pub(crate) struct Desired<'a> {
    pub project: &'a Project,
    pub service: &'a Service,
    pub contents: &'a Contents,
    /// What containers were made with, where that is known.
    pub definitions: &'a BTreeMap<ContainerId, Definition>,
    /// Id of the image now behind the service's image name; `None` where it is not known.
    pub image_id: Option<&'a ImageId>,
    /// Ids of the expected networks by their names.
    pub network_ids: &'a BTreeMap<crate::model::NetworkName, crate::model::NetworkId>,
    /// Id of the first container of a service that stays.
    pub container_id: &'a dyn Fn(&str) -> Option<String>,
    /// The option that recreates it whatever it is like.
    pub forced_by: &'static str,
    /// Whether a service's containers are being replaced in this plan.
    pub is_replaced: &'a dyn Fn(&ServiceName) -> bool,
}

/// Returns why a container must be recreated, or `None` where it may stay.
pub(crate) fn reason(desired: &Desired<'_>, container: &ObservedContainer, recreate: Recreate) -> Option<Reason> {
    match recreate {
        Recreate::Never => return None,
        Recreate::Force => return Some(Reason::Asked(desired.forced_by)),
        Recreate::Diverged => {}
    }
    let mut reasons = Vec::new();
    if let Some(parent) = parents(desired.service).into_iter().find(|parent| (desired.is_replaced)(parent)) {
        reasons.push(Reason::FollowsParent(parent.clone()));
    } else if container.label(labels::CONFIG_HASH)
        != Some(hash::service_hash(&desired.service.canonical, desired.container_id).as_str())
    {
        let made = desired.definitions.get(&container.id);
        let changes = fields::changes(container.label(labels::FIELDS), made, &desired.service.canonical);
        reasons.push(Reason::Changed(changes));
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

fn image_reason(desired: &Desired<'_>, container: &ObservedContainer) -> Option<Reason> {
    let to = desired.image_id?;
    // Compat: docker compose goes by its label; a container without it was not made by either of us.
    let from = ImageId::new(container.label(labels::IMAGE).unwrap_or_default());
    (from != *to).then(|| Reason::ImageChanged { from, to: to.clone() })
}

/// Containers made by docker compose carry no digests: nothing is said about them, so handing over recreates nothing.
fn content_reasons(desired: &Desired<'_>, container: &ObservedContainer) -> Vec<Reason> {
    let Some(before) = container.label(labels::CONTENTS) else { return Vec::new() };
    let after = spec::contents_label(desired.service, desired.project, desired.contents).unwrap_or_default();
    let before: Vec<&str> = before.split(' ').collect();
    // Of what could not be read before there is nothing to compare with.
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

/// A running container must be on every network of its service; one that is not running must not be bound to a network
/// that is gone, or be on another one instead: its network got another name. The engine tells no network ids of containers
/// that never ran.
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

/// A container that was connected by hand, or by an older version of ours, may have another address than its own.
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
