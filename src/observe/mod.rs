//! One snapshot of what the engine has. Everything later refers to it.
//!
//! Three list calls side by side, whatever the number of services, one more where they contradict each other, and one
//! for images where the containers do not tell all that is asked of them; programs that listen on this machine come from
//! the kernel's tables.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;

use crate::engine::{EngineResult, ImageSummary, ReadEngine};
use crate::model::{
    ContainerId, ContainerState, Definition, ImageId, Known, NetworkId, Observed, ObservedContainer, ObservedNetwork,
    ObservedVolume,
};

pub mod files;
mod listeners;
pub mod processes;

/// How many containers are looked at at once.
const PARALLEL: usize = 8;

/// What a snapshot is taken for, beside what it always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Host ports whose holders are worth naming.
    pub ports: BTreeSet<u16>,
    /// Names of images, in their familiar form: only these are looked up in the snapshot. `None`: any may be.
    pub images: Option<BTreeSet<String>>,
}

/// Takes the snapshot.
pub async fn observe(engine: &dyn ReadEngine, interest: &Interest) -> EngineResult<Observed> {
    let (containers, mut networks, mut volumes) =
        tokio::try_join!(engine.list_containers(&[]), engine.list_networks(), engine.list_volumes())?;
    // The lists are of different moments: what another run has made in between is looked at again.
    if names_unknown_networks(&containers, &networks) {
        networks = engine.list_networks().await?;
    }
    if names_unknown_volumes(&containers, &volumes) {
        volumes = engine.list_volumes().await?;
    }
    let images = match names_in_use(&containers) {
        told if interest.images.as_ref().is_some_and(|all| all.iter().all(|name| told.contains_key(name))) => told,
        // The engine counts the layers of every image that it has for it: the slowest of all lists.
        _ => names(&engine.list_images().await?),
    };
    let ports = &interest.ports;
    let is_local = engine.facts().is_local;
    Ok(Observed {
        engine: engine.facts().clone(),
        containers: containers.into(),
        networks,
        volumes,
        images,
        listeners: if is_local && !ports.is_empty() { listeners::listeners(ports) } else { Vec::new() },
        definitions: BTreeMap::new(),
        plugins: None,
        known: Known::default(),
        taken_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64),
    })
}

/// What runs is on networks that are there; what has ended may remember some that are gone.
fn names_unknown_networks(containers: &[ObservedContainer], networks: &[ObservedNetwork]) -> bool {
    let known: HashSet<&NetworkId> = networks.iter().map(|network| &network.id).collect();
    let running = containers.iter().filter(|one| one.state == ContainerState::Running);
    running
        .flat_map(|one| one.networks.values())
        .any(|endpoint| !endpoint.network_id.as_str().is_empty() && !known.contains(&endpoint.network_id))
}

/// No volume is removed while a container has it.
fn names_unknown_volumes(containers: &[ObservedContainer], volumes: &[ObservedVolume]) -> bool {
    let known: HashSet<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    let mounts = containers.iter().flat_map(|one| &one.mounts);
    mounts.filter(|mount| mount.kind == "volume").any(|mount| !known.contains(mount.name.as_str()))
}

/// Looks at containers one by one, for what a list does not tell: what they were made with. Those that are gone are
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

/// The names that the list of containers gives images by. The engine looks each of them up: it tells the image's id
/// instead where the name is gone, or is another image's by now.
fn names_in_use(containers: &[ObservedContainer]) -> BTreeMap<String, ImageId> {
    let by_name = containers.iter().filter(|one| !one.image_id.begins_with(&one.image));
    by_name.map(|one| (crate::model::familiar(&one.image), one.image_id.clone())).collect()
}

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
