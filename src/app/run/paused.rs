//! Containers that `volume backup` pauses while it reads their volumes, and that a run which died has left paused.
//!
//! A helper container exists as long as they are paused. Its labels tell which they are.

use crate::engine::{EngineHandle, RemoveOptions};
use crate::failure::Failure;
use crate::model::ContainerState;

/// Label of a helper: the project whose volumes it mounts. Not the label of the project, so that no command takes the helper
/// for a container of the project.
pub(in crate::app) const HELPER: &str = "dev.inception.volume-helper";
/// Label of a helper: ids of the containers that are paused while it exists, joined by commas.
pub(in crate::app) const PAUSED: &str = "dev.inception.volume-paused";

/// Lets containers go on that a dead run has paused, and removes its helper. Returns the names of the containers that go on.
/// Called under the project's lock, so no helper of a living run is met.
pub(in crate::app) async fn let_go_on(engine: &EngineHandle, project: &str) -> Result<Vec<String>, Failure> {
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
