//! The request for a build: complete, resolved, without references to the compose file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Ulimit;

/// The request to build one image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildRequest {
    /// Source of the files.
    pub context: BuildContext,
    /// Path of the Dockerfile: relative to the context, or absolute and outside the context. Ignored with
    /// `dockerfile_inline`.
    pub dockerfile: Option<String>,
    /// Text of the Dockerfile.
    pub dockerfile_inline: Option<String>,
    /// Names of the image.
    pub tags: Vec<String>,
    /// `--build-arg`. An argument with `None` is not sent, and the default of the Dockerfile holds.
    pub args: BTreeMap<String, Option<String>>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Last stage to build.
    pub target: Option<String>,
    /// Network of the RUN steps.
    pub network: Option<String>,
    /// Images whose layers may be used as a cache.
    pub cache_from: Vec<String>,
    /// Use no cache.
    pub no_cache: bool,
    /// Pull newer versions of the base images.
    pub pull: bool,
    /// Size of `/dev/shm` in bytes; 0 for the engine's default.
    pub shm_size: u64,
    /// `name:address`.
    pub extra_hosts: Vec<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// Ulimits of the RUN steps.
    pub ulimits: BTreeMap<String, Ulimit>,
}

/// The source of the files of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildContext {
    /// A directory of this machine, without the files that its `.dockerignore` names.
    Directory(PathBuf),
    /// A URL that the engine fetches: a git repository or a tar archive.
    Remote(String),
}

impl Default for BuildContext {
    fn default() -> Self {
        BuildContext::Directory(PathBuf::new())
    }
}
