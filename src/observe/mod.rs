//! One snapshot of what the engine has. Everything later refers to it.
//!
//! Four list calls side by side, whatever the number of services; programs that listen on this machine come from the
//! kernel's tables.

use std::collections::{BTreeMap, BTreeSet};

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;

use crate::engine::{EngineResult, ImageSummary, ReadEngine};
use crate::model::{ContainerId, Definition, ImageId, Observed};

mod listeners;

/// How many containers are looked at at once.
const PARALLEL: usize = 8;

/// Takes the snapshot. `ports` are the host ports whose holders are worth naming.
pub async fn observe(engine: &dyn ReadEngine, ports: &BTreeSet<u16>) -> EngineResult<Observed> {
    let (containers, networks, volumes, images) = tokio::try_join!(
        engine.list_containers(&[]),
        engine.list_networks(),
        engine.list_volumes(),
        engine.list_images()
    )?;
    let is_local = engine.facts().is_local;
    Ok(Observed {
        engine: engine.facts().clone(),
        containers,
        networks,
        volumes,
        images: names(&images),
        listeners: if is_local && !ports.is_empty() { listeners::listeners(ports) } else { Vec::new() },
        definitions: BTreeMap::new(),
        taken_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64),
    })
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

/// Takes only the images anew: after pulls and builds.
pub async fn images(engine: &dyn ReadEngine) -> EngineResult<BTreeMap<String, ImageId>> {
    Ok(names(&engine.list_images().await?))
}

fn names(images: &[ImageSummary]) -> BTreeMap<String, ImageId> {
    let mut map = BTreeMap::new();
    for image in images {
        for name in image.tags.iter().chain(&image.digests) {
            map.insert(crate::model::familiar(name), image.id.clone());
        }
        map.insert(image.id.to_string(), image.id.clone());
        map.insert(image.id.short().to_owned(), image.id.clone());
    }
    map
}
