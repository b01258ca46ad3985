//! What there is before a plan is made: one snapshot of the engine ([`observe`]), and the files that a plan needs to know
//! ([`files`]). Everything later refers to the snapshot.
//!
//! A snapshot is three list requests side by side, whatever the number of services. A list is asked for once more where the
//! lists contradict each other, and images are listed only where the containers do not tell the ids of all images of interest.
//! The kernel's tables tell which programs of this machine listen on a port.

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
pub mod clients;
pub mod files;
mod ignore_file;
mod image_files;
mod listeners;
pub mod plugins;
pub mod processes;
pub mod processors;

/// How many containers are inspected at the same time.
const PARALLEL: usize = 8;

/// What a snapshot is taken for, beside what it always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Host ports whose holders are worth naming.
    pub ports: BTreeSet<u16>,
    /// Names of images, in their familiar form (`app:1`, not `docker.io/library/app:1`): only these are looked up in the
    /// snapshot. `None`: any name may be.
    pub images: Option<BTreeSet<String>>,
}

/// Takes the snapshot. `Observed::known` and `Observed::definitions` are left empty.
pub async fn observe(engine: &dyn ReadEngine, interest: &Interest) -> EngineResult<Observed> {
    let (containers, mut networks, mut volumes) =
        tokio::try_join!(engine.list_containers(&[]), engine.list_networks(), engine.list_volumes())?;
    // The lists are of different moments. Where another run has created a network between them, the list of containers names
    // a network that the list of networks does not have.
    if names_unknown_networks(&containers, &networks) {
        networks = engine.list_networks().await?;
    }
    if names_unknown_volumes(&containers, &volumes) {
        volumes = engine.list_volumes().await?;
    }
    let images = match names_in_use(&containers) {
        told if interest.images.as_ref().is_some_and(|all| all.iter().all(|name| told.contains_key(name))) => told,
        // The slowest of all lists: the engine counts the layers of every image that it has.
        _ => names(&engine.list_images().await?),
    };
    let ports = &interest.ports;
    // Only listeners need an answer for certain; a connection that leaves it open would cost one request more.
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

/// Whether a container is on a network that the list of networks does not hold. A container that has ended may remember a
/// network that is gone; but its network may also have been made since, by another run: a job ends within a second.
fn names_unknown_networks(containers: &[ObservedContainer], networks: &[ObservedNetwork]) -> bool {
    let known: HashSet<&NetworkId> = networks.iter().map(|network| &network.id).collect();
    containers
        .iter()
        .flat_map(|one| one.networks.values())
        .any(|endpoint| !endpoint.network_id.as_str().is_empty() && !known.contains(&endpoint.network_id))
}

/// Whether a container has a volume that is not in the list: no volume is removed while a container has it.
fn names_unknown_volumes(containers: &[ObservedContainer], volumes: &[ObservedVolume]) -> bool {
    let known: HashSet<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    let mounts = containers.iter().flat_map(|one| &one.mounts);
    mounts.filter(|mount| mount.kind == "volume").any(|mount| !known.contains(mount.name.as_str()))
}

/// Inspects containers, for what a list does not tell: the definition that each was created with. Containers that are gone are
/// left out.
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

/// Inspects images, for what a list does not tell. Images that are gone are left out.
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

/// Returns the images that containers were created from, by name. The engine has looked up each of these names: where the name
/// is gone, or means another image by now, its list shows the image's id instead of the name.
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
