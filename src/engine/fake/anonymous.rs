//! Anonymous volumes, and who shares them by `volumes_from`.
//!
//! Compat: a removal with volumes removes the anonymous volumes of a container, except those that another container
//! has. The last container that has an anonymous volume removes it, whether it created the volume or has it by
//! `volumes_from`. A volume that is mounted by name stays (Engine 20.10).

use super::container::{Anonymous, Container};
use super::state::State;
use crate::engine::EngineResult;
use crate::model::{ContainerSpec, MountKind, VolumeName, VolumeSpec};

impl State {
    /// Creates the anonymous volumes of a new container, and finds those that the container shares.
    pub(super) fn anonymous_volumes(&mut self, spec: &ContainerSpec) -> EngineResult<Vec<Anonymous>> {
        let mut volumes = Vec::new();
        for entry in &spec.volumes_from {
            let giver = entry.split_once(':').map_or(entry.as_str(), |(giver, _mode)| giver);
            volumes.extend(self.container(giver)?.anonymous.iter().cloned());
        }
        for mount in &spec.mounts {
            if matches!(mount.kind, MountKind::Anonymous { name: None, .. }) {
                let name = VolumeName::new(self.new_id());
                self.create_volume(&name, &VolumeSpec::default());
                volumes.push((mount.target.clone(), name));
            }
        }
        Ok(volumes)
    }

    /// Removes the anonymous volumes of a removed container, except those that another container has.
    pub(super) fn remove_anonymous(&mut self, volumes: &[Anonymous]) {
        for (_, name) in volumes {
            // A volume in use is skipped.
            let _ = self.remove_volume(name);
        }
    }
}

/// Returns whether a container has a volume.
pub(super) fn has(container: &Container, name: &VolumeName) -> bool {
    let is_it = |kind: &MountKind| match kind {
        MountKind::Volume { name: used, .. } | MountKind::Anonymous { name: Some(used), .. } => used == name,
        _ => false,
    };
    container.spec.mounts.iter().any(|mount| is_it(&mount.kind))
        || container.anonymous.iter().any(|(_, used)| used == name)
}
