//! What to build: complete, resolved, and free of the compose file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Ulimit;

/// One image to build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRequest {
    /// Where the files come from.
    pub context: BuildContext,
    /// Dockerfile: relative to the context, or absolute and outside it; ignored with `dockerfile_inline`.
    pub dockerfile: Option<String>,
    /// The Dockerfile's text.
    pub dockerfile_inline: Option<String>,
    /// Names to give the image.
    pub tags: Vec<String>,
    /// `--build-arg`; `None` values are left out.
    pub args: BTreeMap<String, Option<String>>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Stage to stop at.
    pub target: Option<String>,
    /// Network of RUN steps.
    pub network: Option<String>,
    /// Images to take layers from.
    pub cache_from: Vec<String>,
    /// Use no cache.
    pub no_cache: bool,
    /// Pull the base images again.
    pub pull: bool,
    /// `/dev/shm` in bytes; 0 is the default.
    pub shm_size: u64,
    /// `name:address`.
    pub extra_hosts: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// ulimits of RUN steps.
    pub ulimits: BTreeMap<String, Ulimit>,
}

/// Where a build's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildContext {
    /// A directory of this machine, without what its `.dockerignore` names.
    Directory(PathBuf),
    /// A URL that the engine fetches itself (git or tar).
    Remote(String),
}

impl Default for BuildContext {
    fn default() -> Self {
        BuildContext::Directory(PathBuf::new())
    }
}
