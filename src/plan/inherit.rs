//! Anonymous volumes: which of them go with a replica when its container is replaced.
//!
//! Compat: as docker compose, those that the file declares without a name and those that the image declares (`VOLUME`).
//! What the file has dropped goes with the old container, else it would shadow what is to be there now.

use std::collections::{BTreeMap, BTreeSet};

use super::containers;
use super::naming::image_of;
use super::spec;
use super::up::Up;
use crate::model::{MountSource, ObservedContainer, ObservedMount, Service, VolumeName, VolumesFromSource};

impl Up<'_> {
    /// Returns the volumes that a new container takes over from the old one, by target; none where the user wants new ones.
    pub(super) fn inherited_volumes(&self, service: &Service, old: &ObservedContainer) -> BTreeMap<String, VolumeName> {
        if self.options.renew_anonymous_volumes {
            return BTreeMap::new();
        }
        let declared: BTreeSet<&str> = anonymous_targets(service).collect();
        let covered = covered(service);
        // Without a look at the old container all are kept: rather too much than a database that begins empty.
        let made = self.observed.definitions.get(&old.id);
        let is_of_image = |target: &str| made.is_none_or(|made| made.has_volume_of_image(target));
        let is_kept = |mount: &&ObservedMount| {
            let target = plain(&mount.destination);
            let is_wanted = declared.contains(target)
                || (is_of_image(target) && !covered.contains(target) && !self.is_given(service, target));
            is_wanted && self.is_anonymous(mount) && !self.is_shared(service, mount)
        };
        let kept = old.mounts.iter().filter(is_kept);
        kept.map(|mount| (plain(&mount.destination).to_owned(), VolumeName::new(mount.name.clone()))).collect()
    }

    fn is_anonymous(&self, mount: &ObservedMount) -> bool {
        let mut named = self.project.volumes.values();
        is_anonymous(mount) && !named.any(|volume| volume.name.as_str() == mount.name)
    }

    /// Whether a mount is that of a container whose volumes the service takes: it follows that one.
    fn is_shared(&self, service: &Service, mount: &ObservedMount) -> bool {
        self.givers(service).any(|giver| giver.mounts.iter().any(|given| given.name == mount.name))
    }

    /// Whether a target is mounted by `volumes_from`, as far as the file and the containers tell.
    fn is_given(&self, service: &Service, target: &str) -> bool {
        let is_declared = service.volumes_from.iter().any(|source| match &source.from {
            VolumesFromSource::Service(parent) => self.project.services.get(parent).is_some_and(|parent| {
                let image = |service| image_of(self.project, service, self.options.separator);
                parent.volumes.iter().any(|mount| plain(&mount.target) == target) || image(parent) == image(service)
            }),
            VolumesFromSource::Container(_) => false,
        });
        is_declared
            || self.givers(service).any(|giver| giver.mounts.iter().any(|given| plain(&given.destination) == target))
    }

    /// The containers that `volumes_from` means, as far as they are there.
    fn givers(&self, service: &Service) -> impl Iterator<Item = &ObservedContainer> {
        let all = &self.observed.containers;
        service.volumes_from.iter().flat_map(move |source| -> Vec<&ObservedContainer> {
            match &source.from {
                VolumesFromSource::Service(parent) => {
                    containers::of_service(self.observed, self.project, parent.as_str()).collect()
                }
                VolumesFromSource::Container(name) => all.named(name).chain(all.by_id(name)).collect(),
            }
        })
    }
}

/// Whether a mount has a name that the engine gave.
pub(super) fn is_anonymous(mount: &ObservedMount) -> bool {
    mount.kind == "volume" && mount.name.len() == 64 && mount.name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the paths at which the file asks for a volume without a name.
fn anonymous_targets(service: &Service) -> impl Iterator<Item = &str> {
    let anonymous = service.volumes.iter().filter(|mount| matches!(mount.source, MountSource::Anonymous { .. }));
    anonymous.map(|mount| plain(&mount.target))
}

/// Returns the paths at which the file wants something else.
fn covered(service: &Service) -> BTreeSet<String> {
    let named = service.volumes.iter().filter(|mount| !matches!(mount.source, MountSource::Anonymous { .. }));
    let tmpfs = service.tmpfs.iter().map(|entry| entry.split_once(':').map_or(entry.as_str(), |(path, _)| path));
    let paths = named.map(|mount| mount.target.as_str()).chain(tmpfs).map(|path| plain(path).to_owned());
    paths.chain(spec::file_targets(service).map(|path| plain(&path).to_owned())).collect()
}

/// A path as the engine keeps it.
pub(super) fn plain(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        plain => plain,
    }
}
