//! One snapshot of what the engine has. Everything later refers to it.
//!
//! Four list calls side by side, whatever the number of services; programs that listen on this machine come from the
//! kernel's tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{EngineResult, ImageSummary, ReadEngine};
use crate::model::{ImageId, Observed};

mod listeners;

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
    })
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
