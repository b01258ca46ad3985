//! The options of a command that a plan depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::ServiceName;

/// How long a container without a health check must live before it counts as up.
pub const SETTLE: Duration = Duration::from_millis(300);
/// As [`SETTLE`], for a container that replaces another one: the old container is removed after this time.
pub const SETTLE_REPLACED: Duration = Duration::from_millis(500);

/// When to recreate a container that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreate {
    /// When it differs from the file.
    #[default]
    Diverged,
    /// Always.
    Force,
    /// Never.
    Never,
}

/// The options of `up`, `create` and `scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpOptions {
    /// Services named by the user; empty means all.
    pub services: BTreeSet<ServiceName>,
    /// Leave out the dependencies of the named services (`--no-deps`).
    pub no_dependencies: bool,
    /// When to recreate containers of the named services.
    pub recreate: Recreate,
    /// When to recreate containers of their dependencies (`--always-recreate-deps`).
    pub recreate_dependencies: Recreate,
    /// Give new containers empty anonymous volumes instead of those of the old containers (`-V`).
    pub renew_anonymous_volumes: bool,
    /// Volumes that may lose their data if their definition has changed (`--recreate-volume`): keys or names.
    pub recreate_volumes: BTreeSet<String>,
    /// Start the containers; false for `create` and `--no-start`.
    pub start: bool,
    /// Wait until all services are running or healthy (`--wait`).
    pub wait: bool,
    /// Limit of every wait (`--wait-timeout`); `None` computes the limit from the health check.
    pub wait_limit: Option<Duration>,
    /// Remove containers of services that are not in the file.
    pub remove_orphans: bool,
    /// Do not warn of orphans.
    pub ignore_orphans: bool,
    /// Number of replicas by service (`--scale`).
    pub scale: BTreeMap<ServiceName, u32>,
    /// Grace period of stops (`--timeout`); `None` is the container's own.
    pub grace: Option<Duration>,
    /// How long a container without a health check must live before it counts as up.
    pub settle: Duration,
    /// Separator between project, service and number in names: `-`, or `_` with `--compatibility`.
    pub separator: char,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self {
            services: BTreeSet::new(),
            no_dependencies: false,
            recreate: Recreate::Diverged,
            recreate_dependencies: Recreate::Diverged,
            renew_anonymous_volumes: false,
            recreate_volumes: BTreeSet::new(),
            start: true,
            wait: false,
            wait_limit: None,
            remove_orphans: false,
            ignore_orphans: false,
            scale: BTreeMap::new(),
            grace: None,
            settle: SETTLE,
            separator: '-',
        }
    }
}

/// The options of `down`.
#[derive(Clone, Debug, PartialEq)]
pub struct DownOptions {
    /// Services named by the user; empty means the whole project with its networks.
    pub services: BTreeSet<ServiceName>,
    /// Remove volumes (`-v`).
    pub volumes: bool,
    /// Remove images (`--rmi`).
    pub images: RemoveImages,
    /// Remove containers of services that are not in the file.
    pub remove_orphans: bool,
    /// Grace period of stops (`--timeout`); `None` is the container's own.
    pub grace: Option<Duration>,
    /// Separator between project and service in names of images: `-`, or `_` with `--compatibility`.
    pub separator: char,
}

impl Default for DownOptions {
    fn default() -> Self {
        Self {
            services: BTreeSet::new(),
            volumes: false,
            images: RemoveImages::None,
            remove_orphans: false,
            grace: None,
            separator: '-',
        }
    }
}

/// `down --rmi`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemoveImages {
    /// None.
    #[default]
    None,
    /// Images of services without `image` in the file.
    Local,
    /// All images of the services.
    All,
}
