//! A project from the labels of its containers and volumes.

use std::collections::BTreeMap;
use std::path::Path;

use super::Labelled;
use crate::model::{
    Condition, Dependency, ImageRef, Observed, ObservedContainer, ObservedVolume, Project, Service, ServiceName,
    Volume, VolumeKey, labels,
};

impl Labelled {
    /// Builds the project: its services with their dependencies, and its volumes.
    pub(super) fn project(&self, observed: &Observed) -> Project {
        let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(self.name.as_str());
        let mut services: BTreeMap<ServiceName, Service> = BTreeMap::new();
        for container in observed.containers.iter().filter(is_ours) {
            let Some(name) = container.service() else { continue };
            let entry = services.entry(name.into()).or_insert_with(|| self.service(name, container));
            entry.depends_on.extend(edges(container));
        }
        let directory = observed.containers.iter().filter(is_ours).find_map(|one| one.label(labels::WORKING_DIR));
        Project {
            working_dir: directory.unwrap_or_default().into(),
            config_files: Vec::new(),
            env_files: Vec::new(),
            services,
            disabled_services: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: self.volumes(observed),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            name: self.name.clone(),
        }
    }

    /// Returns the service of a container: from the files if the container was created in their directory, else only
    /// with its name and image.
    fn service(&self, name: &str, container: &ObservedContainer) -> Service {
        let directory = container.label(labels::WORKING_DIR).map(Path::new);
        let own = self.file.as_ref().map(|file| &file.project);
        let own = own.filter(|project| directory == Some(project.working_dir.as_path()));
        let declared = own.and_then(|project| project.services.get(name)).cloned();
        let bare = || Service { name: name.into(), image: self.image(name, container), ..Service::default() };
        Service { attach: true, replicas: 1, depends_on: BTreeMap::new(), ..declared.unwrap_or_else(bare) }
    }

    /// Returns the image of a container that is known only from labels; `None` if the image was built for the service,
    /// or has lost its name.
    fn image(&self, service: &str, container: &ObservedContainer) -> Option<ImageRef> {
        let name = container.image.split(':').next().unwrap_or_default();
        let is_built = ['-', '_'].iter().any(|separator| name == format!("{}{separator}{service}", self.name));
        (!is_built && !container.image_id.begins_with(&container.image)).then(|| ImageRef::new(&container.image))
    }

    /// Returns the volumes whose label says that they were created for the project. Protected and external volumes are
    /// taken from the files.
    fn volumes(&self, observed: &Observed) -> BTreeMap<VolumeKey, Volume> {
        if self.has_broken_file {
            return BTreeMap::new();
        }
        let is_ours =
            |one: &&ObservedVolume| one.labels.get(labels::PROJECT).is_some_and(|found| found == self.name.as_str());
        let mut volumes: BTreeMap<VolumeKey, Volume> = BTreeMap::new();
        for one in observed.volumes.iter().filter(is_ours) {
            // The name on the engine is used as the key: names are unique, but the keys of changed files may not be.
            let key = VolumeKey::from(one.name.as_str());
            let all = self.file.iter().flat_map(|file| file.project.volumes.values());
            let kept = all.filter(|volume| volume.name == one.name && (volume.is_external || volume.is_protected));
            let kept = kept.max_by_key(|volume| (volume.is_external, volume.is_protected)).cloned();
            let bare = || Volume { key: key.clone(), name: one.name.clone(), ..Volume::default() };
            volumes.insert(key.clone(), kept.unwrap_or_else(bare));
        }
        volumes
    }
}

/// Reads the dependencies from a container's label `depends_on`: `db:service_healthy:true,cache:service_started:false`.
/// The last word is `restart`.
fn edges(container: &ObservedContainer) -> impl Iterator<Item = (ServiceName, Dependency)> {
    let label = container.label(labels::DEPENDS_ON).unwrap_or_default();
    label.split(',').filter(|edge| !edge.is_empty()).map(|edge| {
        let mut parts = edge.split(':');
        let (target, condition, restart) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let condition = match condition {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let dependency = Dependency {
            condition,
            required: true,
            restart: restart == Some("true"),
            via: "depends_on",
            ..Dependency::default()
        };
        (target.into(), dependency)
    })
}
