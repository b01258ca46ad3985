//! The observed state: one snapshot of what the engine has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Containers, Definition, ObservedNetwork, ObservedVolume};
use crate::model::{Builder, ContainerId, ImageId, Proxies, familiar};

/// One snapshot of the engine. Everything after `observe` refers to this snapshot, and nothing lists again in between.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Facts about the engine.
    pub engine: EngineFacts,
    /// Every container of the engine. Containers of other projects matter, too: they hold names, ports and addresses.
    pub containers: Containers,
    /// Every network of the engine.
    pub networks: Vec<ObservedNetwork>,
    /// Every volume of the engine.
    pub volumes: Vec<ObservedVolume>,
    /// Ids of images, by each of their names (`repository:tag`, `repository@digest`) and by id. A snapshot may be
    /// limited to some names.
    pub images: BTreeMap<String, ImageId>,
    /// TCP and UDP ports on which programs of this machine listen. Empty where the engine runs on another machine.
    pub listeners: Vec<Listener>,
    /// Definitions of the inspected containers: of the containers that differ from the file; for `drift`, of all.
    pub definitions: BTreeMap<ContainerId, Definition>,
    /// Drivers and runtimes of the engine, and its machine. `None` if the project needs nothing that an engine may
    /// lack.
    pub plugins: Option<Plugins>,
    /// Facts about images, as far as the plan depends on them. An image that the run will pull or build is not
    /// included.
    pub image_facts: BTreeMap<ImageId, ImageFacts>,
    /// Facts of earlier runs and rounds that no list of the engine tells.
    pub known: Known,
    /// Time of the snapshot in seconds since 1970, by the clock of this machine. Used for ages in output, never for
    /// decisions.
    pub taken_at: i64,
}

impl Observed {
    /// Returns the id of an image by its name, or by at least eight digits of its id. Engines accept fewer digits, but
    /// then a name such as `db` could be taken for an id.
    pub fn image(&self, name: &str) -> Option<&ImageId> {
        self.images.get(&familiar(name)).or_else(|| {
            let is_id = name.len() >= 8 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let mut found = self.images.values().filter(|id| is_id && id.begins_with(name));
            let first = found.next()?;
            found.all(|id| id == first).then_some(first)
        })
    }
}

/// What is known besides the engine's lists: from the project's lock, and from earlier rounds of this run. A new
/// snapshot is without these facts; the run copies them from one snapshot to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the last run on the project died, as its lock tells. Only then the planner looks for restarts that the
    /// dead run did not make: `restart: true` leaves no trace on the engine after the replacement is finished.
    pub is_after_crash: bool,
    /// Containers that have never run and that the engine refused to start in an earlier round. They are recreated.
    pub unstartable: BTreeSet<ContainerId>,
    /// Old containers that an earlier round gave back, since their replacements could not be finished. Where such a container
    /// is as the file says, the plan waits until it stays up: it may be in a crash loop, too.
    pub given_back: BTreeSet<ContainerId>,
}

/// What an image brings along (`GET /images/{name}/json`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// Whether the image has a health check.
    pub has_healthcheck: bool,
    /// Whether the image has a command (`CMD`).
    pub has_command: bool,
    /// Whether the image has an entrypoint.
    pub has_entrypoint: bool,
    /// The user of the image's processes; empty where the image names none.
    pub user: String,
}

/// What an engine tells about its machine and itself (`GET /info`). A blank or empty fact is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Number of processors; 0 if unknown.
    pub processors: u32,
    /// The processors that are online, such as `0-3`; blank if the engine is on another machine.
    pub online: String,
    /// Version of the control groups: `1` or `2`.
    pub cgroup_version: String,
    /// What manages the control groups: `cgroupfs` or `systemd`.
    pub cgroup_driver: String,
    /// Storage driver, such as `overlay2`.
    pub storage_driver: String,
    /// Whether the image store is one of containerd.
    pub has_containerd_store: bool,
    /// The file system below the storage driver, such as `extfs`.
    pub backing_filesystem: String,
    /// Whether the engine manages a swarm; `None` if unknown.
    pub manages_swarm: Option<bool>,
    /// The address ranges from which the engine takes subnets for networks, if its configuration sets them.
    pub pools: Vec<String>,
}

/// Drivers and runtimes of an engine (`GET /info`: `Plugins`, `Runtimes`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugins {
    /// Volume drivers.
    pub volume: BTreeSet<String>,
    /// Network drivers.
    pub network: BTreeSet<String>,
    /// Logging drivers.
    pub log: BTreeSet<String>,
    /// Runtimes.
    pub runtimes: BTreeSet<String>,
    /// Legacy plugins of any kind that are installed but not loaded. The engine does not list them.
    pub installed: BTreeSet<String>,
    /// The engine's machine, from the same answer of the engine.
    pub machine: Machine,
}

/// Facts about the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Address of the engine for messages, such as `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// The engine's own version, such as `28.5.2`.
    pub version: String,
    /// The negotiated API version.
    pub api: ApiVersion,
    /// `linux` or `windows`.
    pub os: String,
    /// Whether the engine is known to be on this machine, so that host paths and ports mean the same for both. Usually
    /// the connection shows that; where it does not, `ReadEngine::is_local` asks the engine, if the answer matters.
    pub is_local: bool,
    /// The proxies that docker's configuration sets for this engine.
    pub proxies: Proxies,
    /// The keys that end a session and leave its process running (`detachKeys` of docker's configuration); `None` leaves them
    /// to the engine.
    pub detach_keys: Option<String>,
    /// The format of listings of containers (`psFormat` of docker's configuration).
    pub ps_format: Option<String>,
    /// The builder of images.
    pub builder: Builder,
    /// Whether the engine limits the processes of containers that ask for no limit, as Podman does.
    pub limits_processes: bool,
}

/// A version of the Engine API, such as 1.41. Versions are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// The number before the dot.
    pub major: u16,
    /// The number after the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// Makes a version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `1.41` or `v1.41`. `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().trim_start_matches('v').split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A program on this machine that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Address; the unspecified address stands for all addresses.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// The program, such as `nginx (pid 812)`; `None` if this user may not see it.
    pub holder: Option<String>,
}
