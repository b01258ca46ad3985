//! The desired state: a project as the loader returns it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Config, Network, NetworkKey, ProjectName, Secret, Service, ServiceName, Volume, VolumeKey};

/// A loaded project: names resolved, defaults filled in, paths absolute, profiles applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The project's name.
    pub name: ProjectName,
    /// The project directory (absolute). Relative paths of the files start there.
    pub working_dir: PathBuf,
    /// The compose files, absolute, in the order of the merge. A label of each container holds them.
    pub config_files: Vec<PathBuf>,
    /// Files given by `--env-file`, absolute. A label of each container holds them, if there are any.
    pub env_files: Vec<PathBuf>,
    /// Services that are enabled and selected.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services that no active profile enables.
    pub disabled_services: BTreeMap<ServiceName, Service>,
    /// Networks by key: those in use, or all networks with `--all-resources`.
    pub networks: BTreeMap<NetworkKey, Network>,
    /// Volumes by key: those in use, or all volumes with `--all-resources`.
    pub volumes: BTreeMap<VolumeKey, Volume>,
    /// Secrets by key.
    pub secrets: BTreeMap<String, Secret>,
    /// Configs by key.
    pub configs: BTreeMap<String, Config>,
}

impl Project {
    /// Returns a service by name, enabled or not.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name).or_else(|| self.disabled_services.get(name))
    }
}
