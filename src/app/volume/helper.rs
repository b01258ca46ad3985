//! The container by which contents of volumes are read. It mounts them and is never started: the engine gives the files of
//! a container that does not run, too, so no program of the image is needed, and engines elsewhere serve as well.
//!
//! Its labels tell the next run on the project what a dead run has left: the container itself, and containers that are
//! paused.

use std::collections::BTreeMap;

use super::select::Kept;
use crate::app::run::paused::{HELPER, PAUSED};
use crate::engine::{EngineHandle, ReadEngine};
use crate::failure::Failure;
use crate::model::{ContainerId, ContainerSpec, ImageRef, MountKind, MountSpec, ObservedContainer};

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

/// Finds an image for the helper that the engine has: of a container that mounts one of the volumes, else any.
pub(super) async fn image(engine: &dyn ReadEngine, volumes: &[Kept]) -> Result<Option<String>, Failure> {
    let of_user = volumes.iter().flat_map(|one| &one.users).map(|user| user.image_id.to_string());
    let ids: Vec<String> = engine.list_images().await?.into_iter().map(|image| image.id.to_string()).collect();
    Ok(of_user.into_iter().find(|id| ids.contains(id)).or_else(|| ids.into_iter().next()))
}
