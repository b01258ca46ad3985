//! What there is before a plan is made: one snapshot of the engine ([`observe`]), and the files that a plan needs to
//! know ([`files`]). Everything later refers to the snapshot.
//!
//! A snapshot is three list requests at the same time, whatever the number of services. If the lists contradict each
//! other, one of them is requested again. Images are listed only if the containers do not tell the ids of all images of
//! interest. The kernel's tables tell which programs of this machine listen on a port.

#![expect(clippy::disallowed_methods, reason = "a snapshot knows when it was taken")]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;

use crate::engine::{EngineResult, ImageDetails, ImageSummary, ReadEngine};
use crate::model::{
    ContainerId, Definition, ImageFacts, ImageId, Known, NetworkId, Observed, ObservedContainer, ObservedNetwork,
    ObservedVolume,
};

pub mod binds;
pub mod builds;
pub mod clients;
mod dockerfile_syntax;
pub mod files;
mod ignore_file;
mod image_files;
pub mod kernel;
mod listeners;
pub mod plugins;
pub mod probe;
pub mod processes;
pub mod processors;
pub mod texts;
pub mod volumes;

/// How many containers are inspected at the same time.
const PARALLEL: usize = 8;

/// What the caller needs from a snapshot besides its fixed parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Host ports for which the name of the listening program is needed.
    pub ports: BTreeSet<u16>,
    /// Names of the images that the caller will look up, in their familiar form (`app:1`, not
    /// `docker.io/library/app:1`). `None`: any image.
    pub images: Option<BTreeSet<String>>,
}

/// Takes the snapshot. `Observed::known` and `Observed::definitions` stay empty.
pub async fn observe(engine: &dyn ReadEngine, interest: &Interest) -> EngineResult<Observed> {
    let (containers, mut networks, mut volumes) =
        tokio::try_join!(engine.list_containers(&[]), engine.list_networks(), engine.list_volumes())?;
    // The lists are taken at different moments. If another run creates a network in between, the list of containers
    // names a network that the list of networks does not have.
    if names_unknown_networks(&containers, &networks) {
        networks = engine.list_networks().await?;
    }
    if names_unknown_volumes(&containers, &volumes) {
        volumes = engine.list_volumes().await?;
    }
    let images = match names_in_use(&containers) {
        told if interest.images.as_ref().is_some_and(|all| all.iter().all(|name| told.contains_key(name))) => told,
        // The slowest of all lists: the engine counts the uses of the layers of every image.
        _ => names(&engine.list_images().await?),
    };
    let ports = &interest.ports;
    // Only listeners need a certain answer. If the connection does not show where the engine is, that costs one more
    // request.
    let has_our_ports = !ports.is_empty() && engine.shares_ports().await;
    Ok(Observed {
        engine: engine.facts().clone(),
        containers: containers.into(),
        networks,
        volumes,
        images,
        listeners: if has_our_ports { listeners::listeners(ports) } else { Vec::new() },
        definitions: BTreeMap::new(),
        plugins: None,
        image_facts: BTreeMap::new(),
        known: Known::default(),
        taken_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64),
    })
}

/// Returns whether a container is on a network that the list of networks does not have. A container that has exited may
/// name a removed network, but also one that another run has just created: a job can end within a second.
fn names_unknown_networks(containers: &[ObservedContainer], networks: &[ObservedNetwork]) -> bool {
    let known: HashSet<&NetworkId> = networks.iter().map(|network| &network.id).collect();
    containers
        .iter()
        .flat_map(|one| one.networks.values())
        .any(|endpoint| !endpoint.network_id.as_str().is_empty() && !known.contains(&endpoint.network_id))
}

/// Returns whether a container has a volume that the list does not have. A volume in use cannot have been removed.
fn names_unknown_volumes(containers: &[ObservedContainer], volumes: &[ObservedVolume]) -> bool {
    let known: HashSet<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    let mounts = containers.iter().flat_map(|one| &one.mounts);
    mounts.filter(|mount| mount.kind == "volume").any(|mount| !known.contains(mount.name.as_str()))
}

/// Inspects containers for their definitions, which a list does not tell. Containers that no longer exist are left out.
pub async fn definitions(
    engine: &dyn ReadEngine,
    containers: BTreeSet<ContainerId>,
) -> EngineResult<BTreeMap<ContainerId, Definition>> {
    let look = |id: ContainerId| async move {
        match engine.inspect_container(id.as_str()).await {
            Ok(details) => Ok(Some((id, details.definition))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    };
    let found: Vec<_> = futures_util::stream::iter(containers.into_iter().map(look)).buffered(PARALLEL).collect().await;
    found.into_iter().filter_map(EngineResult::transpose).collect()
}

/// Inspects images for facts that a list does not tell. Images that no longer exist are left out.
pub async fn image_facts(
    engine: &dyn ReadEngine,
    images: BTreeSet<String>,
) -> EngineResult<BTreeMap<ImageId, ImageFacts>> {
    let look = |name: String| async move {
        let details = engine.inspect_image(&name).await?;
        Ok(details.map(|details| {
            let has_healthcheck = details.healthcheck.is_some_and(|check| !check.is_disabled);
            let ImageDetails { id, has_command, has_entrypoint, user, .. } = details;
            (id, ImageFacts { has_healthcheck, has_command, has_entrypoint, user })
        }))
    };
    let found: Vec<_> = futures_util::stream::iter(images.into_iter().map(look)).buffered(PARALLEL).collect().await;
    found.into_iter().filter_map(EngineResult::transpose).collect()
}

/// Returns the images that containers were created from, by name. The engine checks each name for its list: if the name
/// has been removed, or means another image now, the list shows the image's id instead.
fn names_in_use(containers: &[ObservedContainer]) -> BTreeMap<String, ImageId> {
    let by_name = containers.iter().filter(|one| !one.image_id.begins_with(&one.image));
    by_name.map(|one| (crate::model::familiar(&one.image), one.image_id.clone())).collect()
}

/// Returns images by each of their names and by id.
fn names(images: &[ImageSummary]) -> BTreeMap<String, ImageId> {
    let mut map = BTreeMap::new();
    for image in images {
        for name in image.tags.iter().chain(&image.digests) {
            map.insert(crate::model::familiar(name), image.id.clone());
        }
        map.insert(image.id.to_string(), image.id.clone());
    }
    map
}
