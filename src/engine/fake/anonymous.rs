//! Anonymous volumes, and who shares them by `volumes_from`.
//!
//! Compat: a removal with volumes takes the anonymous volumes of a container, and passes over each that another container has.
//! The last container to have an anonymous volume takes it, whether the container made it or has it by `volumes_from`. A volume
//! that is mounted by its name stays (Engine 20.10).

use super::container::{Anonymous, Container};
use super::state::State;
use crate::engine::EngineResult;
use crate::model::{ContainerSpec, MountKind, VolumeName, VolumeSpec};

impl State {
    /// Makes the anonymous volumes of a new container, and finds those that the container shares.
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

    /// Removes the anonymous volumes of a container that is gone, as far as no other container has them.
    pub(super) fn remove_anonymous(&mut self, volumes: &[Anonymous]) {
        for (_, name) in volumes {
            // A volume in use is passed over without a word.
            let _ = self.remove_volume(name);
        }
    }
}

/// Whether a container has a volume.
pub(super) fn has(container: &Container, name: &VolumeName) -> bool {
    let is_it = |kind: &MountKind| match kind {
        MountKind::Volume { name: used, .. } | MountKind::Anonymous { name: Some(used), .. } => used == name,
        _ => false,
    };
    container.spec.mounts.iter().any(|mount| is_it(&mount.kind))
        || container.anonymous.iter().any(|(_, used)| used == name)
}
