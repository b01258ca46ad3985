//! The desired state: a whole project as the loader hands it over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Config, Network, NetworkKey, ProjectName, Secret, Service, ServiceName, Volume, VolumeKey};

/// A loaded project: names resolved, defaults filled in, paths absolute, profiles applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The project's name.
    pub name: ProjectName,
    /// The project directory (absolute): base of relative paths.
    pub working_dir: PathBuf,
    /// The files given or found, absolute, in merge order; written to a label.
    pub config_files: Vec<PathBuf>,
    /// Files given by `--env-file`, absolute; written to a label where not empty.
    pub env_files: Vec<PathBuf>,
    /// Services that profiles and selection leave enabled.
    pub services: BTreeMap<ServiceName, Service>,
    /// Services that stand in the file but are not enabled.
    pub disabled_services: BTreeMap<ServiceName, Service>,
    /// Networks in use by key (all of them with `--all-resources`).
    pub networks: BTreeMap<NetworkKey, Network>,
    /// Volumes in use by key (all of them with `--all-resources`).
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
