//! What the user asked of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::ServiceName;

/// How long a container without a health check must live before it counts as up.
pub const SETTLE: Duration = Duration::from_millis(300);
/// The same for one that takes the place of another, which is removed then.
pub const SETTLE_REPLACED: Duration = Duration::from_millis(500);

/// When to recreate a container that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreate {
    /// When it is not as the file says.
    #[default]
    Diverged,
    /// Always.
    Force,
    /// Never.
    Never,
}

/// What `up`, `create` and `scale` ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct UpOptions {
    /// Services named by the user; empty means all.
    pub services: BTreeSet<ServiceName>,
    /// Leave out what the named services depend on (`--no-deps`).
    pub no_dependencies: bool,
    /// For the named services.
    pub recreate: Recreate,
    /// For what they depend on (`--always-recreate-deps`).
    pub recreate_dependencies: Recreate,
    /// Do not carry anonymous volumes over (`-V`).
    pub renew_anonymous_volumes: bool,
    /// Volumes whose data is given up where their definition has changed (`--recreate-volume`): keys or names.
    pub recreate_volumes: BTreeSet<String>,
    /// Start what is created; false for `create` and `--no-start`.
    pub start: bool,
    /// Wait until everything is running or healthy (`--wait`).
    pub wait: bool,
    /// Limit of every wait (`--wait-timeout`); `None` derives it from the health check.
    pub wait_limit: Option<Duration>,
    /// Remove containers of services that are not in the file.
    pub remove_orphans: bool,
    /// Do not even mention them.
    pub ignore_orphans: bool,
    /// `--scale`.
    pub scale: BTreeMap<ServiceName, u32>,
    /// `--timeout`: grace when stopping; `None` is the container's own.
    pub grace: Option<Duration>,
    /// How long a container without a health check must live before it counts as up.
    pub settle: Duration,
    /// Part between project, service and number in names: `-`, or `_` with `--compatibility`.
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

/// What `down` asks for.
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
    /// `--timeout`.
    pub grace: Option<Duration>,
    /// Part between project and service in names of images: `-`, or `_` with `--compatibility`.
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
    /// Those without a name of their own in the file.
    Local,
    /// All that services use.
    All,
}
