//! The container by which contents of volumes are read. It mounts them and is never started: the engine gives the files of
//! a container that does not run, too, so no program of the image is needed, and engines elsewhere serve as well.
//!
//! Its labels tell the next run of `volume` what a dead run has left: the container itself, and containers that are paused.

use std::collections::BTreeMap;

use super::select::Kept;
use crate::engine::{EngineHandle, ReadEngine, RemoveOptions};
use crate::failure::Failure;
use crate::model::{ContainerId, ContainerSpec, ContainerState, ImageRef, MountKind, MountSpec, ObservedContainer};

/// Label of a helper: the project whose volumes it mounts. Not the label of the project, so that no command takes the helper
/// for a container of the project.
const HELPER: &str = "dev.inception.volume-helper";
/// Label of a helper: ids of the containers that are paused while it exists, joined by commas.
const PAUSED: &str = "dev.inception.volume-paused";
/// The directory in the helper under which each volume is mounted by its key.
const FOLDER: &str = "/inception-volumes";

/// Returns the path of a volume in the helper.
pub(super) fn path_of(key: &str) -> String {
    format!("{FOLDER}/{key}")
}

/// Creates a helper that mounts volumes for reading.
pub(super) async fn create(
    engine: &EngineHandle,
    project: &str,
    image: &str,
    volumes: &[Kept],
    paused: &[&ObservedContainer],
) -> Result<ContainerId, Failure> {
    let mount = |one: &Kept| MountSpec {
        target: path_of(&one.key),
        is_read_only: true,
        consistency: None,
        kind: MountKind::Volume { name: one.name.as_str().into(), nocopy: true, subpath: None },
    };
    let ids: Vec<&str> = paused.iter().map(|one| one.id.as_str()).collect();
    let spec = ContainerSpec {
        name: format!("{project}-volume-helper").as_str().into(),
        image: ImageRef::new(image),
        labels: BTreeMap::from([(HELPER.to_owned(), project.to_owned()), (PAUSED.to_owned(), ids.join(","))]),
        // Never started; an image without a command needs something here.
        entrypoint: Some(vec!["/never-started".to_owned()]),
        network_mode: Some("none".to_owned()),
        mounts: volumes.iter().map(mount).collect(),
        ..ContainerSpec::default()
    };
    Ok(engine.create_container(&spec).await?.0)
}

/// Undoes what a dead run has left: lets containers go on that it paused, and removes its helper. Returns the names of the
/// containers that go on. Called under the project's lock, so no helper of a living run is met.
pub(super) async fn clean_up(engine: &EngineHandle, project: &str) -> Result<Vec<String>, Failure> {
    let mut gone_on = Vec::new();
    for helper in engine.list_containers(&[format!("{HELPER}={project}")]).await? {
        let ids: Vec<&str> = helper.label(PAUSED).unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
        for one in engine.list_containers(&[]).await? {
            if one.state == ContainerState::Paused && ids.contains(&one.id.as_str()) {
                engine.unpause_container(&one.id).await?;
                gone_on.push(one.name.to_string());
            }
        }
        engine.remove_container(&helper.id, RemoveOptions::default()).await?;
    }
    Ok(gone_on)
}

/// Finds an image for the helper that the engine has: of a container that mounts one of the volumes, else any.
pub(super) async fn image(engine: &dyn ReadEngine, volumes: &[Kept]) -> Result<Option<String>, Failure> {
    let of_user = volumes.iter().flat_map(|one| &one.users).map(|user| user.image_id.to_string());
    let ids: Vec<String> = engine.list_images().await?.into_iter().map(|image| image.id.to_string()).collect();
    Ok(of_user.into_iter().find(|id| ids.contains(id)).or_else(|| ids.into_iter().next()))
}
