//! Anonymous volumes: which of them a new container takes over from the one that it replaces.
//!
//! Compat: as in docker compose, these are the volumes that the file declares without a name, and those that the image
//! declares (`VOLUME`). A volume that was removed from the file is not taken over: it would hide the image's files at
//! its path.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ObservedContainer, ObservedMount, Service, VolumeName, VolumesFromSource};
use crate::plan::container::mounts::{anonymous_targets, covered, is_anonymous, plain};
use crate::plan::container::naming::image_of;
use crate::plan::container::replicas;
use crate::plan::up::state::Up;

impl Up<'_> {
    /// Returns the volumes that a new container takes over from the old one, by target. With `--renew-anon-volumes`
    /// there are none.
    pub(crate) fn inherited_volumes(&self, service: &Service, old: &ObservedContainer) -> BTreeMap<String, VolumeName> {
        if self.scope.options.renew_anonymous_volumes {
            return BTreeMap::new();
        }
        let declared: BTreeSet<&str> = anonymous_targets(service).collect();
        let covered = covered(service);
        // An old container that was not inspected keeps all of them: a volume too many is better than a database that
        // starts empty.
        let made = self.scope.world.observed.definitions.get(&old.id);
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

    /// Returns whether a mount is an anonymous volume that the project does not name.
    pub(crate) fn is_anonymous(&self, mount: &ObservedMount) -> bool {
        let mut named = self.scope.project.volumes.values();
        is_anonymous(mount) && !named.any(|volume| volume.name.as_str() == mount.name)
    }

    /// Returns whether a mount comes from a container of `volumes_from`: the new container gets it from there.
    pub(crate) fn is_shared(&self, service: &Service, mount: &ObservedMount) -> bool {
        self.givers(service).any(|giver| giver.mounts.iter().any(|given| given.name == mount.name))
    }

    /// Returns whether `volumes_from` brings a mount at a target, as far as the file and the containers tell.
    pub(crate) fn is_given(&self, service: &Service, target: &str) -> bool {
        let is_declared = service.volumes_from.iter().any(|source| match &source.from {
            VolumesFromSource::Service(parent) => self.scope.project.services.get(parent).is_some_and(|parent| {
                let image = |service| image_of(self.scope.project, service, self.scope.options.separator);
                parent.volumes.iter().any(|mount| plain(&mount.target) == target) || image(parent) == image(service)
            }),
            VolumesFromSource::Container(_) => false,
        });
        is_declared
            || self.givers(service).any(|giver| giver.mounts.iter().any(|given| plain(&given.destination) == target))
    }

    /// Returns the existing containers that `volumes_from` names.
    pub(crate) fn givers(&self, service: &Service) -> impl Iterator<Item = &ObservedContainer> {
        let world = self.scope.world;
        service.volumes_from.iter().flat_map(move |source| -> Vec<&ObservedContainer> {
            match &source.from {
                VolumesFromSource::Service(parent) => {
                    replicas::of_service(self.scope.world, self.scope.project, parent.as_str()).collect()
                }
                VolumesFromSource::Container(name) => world.named(name).into_iter().chain(world.by_id(name)).collect(),
            }
        })
    }
}
