//! The observed state: one snapshot of what the engine has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Containers, Definition, ObservedNetwork, ObservedVolume};
use crate::model::{ContainerId, ImageId, Proxies, familiar};

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
    /// Images by each of their names (`repository:tag`, `repository@digest`) and by id. A snapshot for some names may
    /// have the images of these names only.
    pub images: BTreeMap<String, ImageId>,
    /// TCP and UDP ports on which programs of this machine listen. Empty where the engine runs on another machine.
    pub listeners: Vec<Listener>,
    /// Definitions of the inspected containers: the containers that differ from the file, and for `drift` all
    /// containers.
    pub definitions: BTreeMap<ContainerId, Definition>,
    /// Drivers and runtimes of the engine, and its machine; `None` where the project asks for nothing that an engine may
    /// lack.
    pub plugins: Option<Plugins>,
    /// What images bring along, as far as the plan depends on it. An image that a run is about to pull or to build is
    /// not among them.
    pub image_facts: BTreeMap<ImageId, ImageFacts>,
    /// Facts that earlier runs, and earlier rounds of this run, have found out, and that no list of the engine tells.
    pub known: Known,
    /// Time of the snapshot in seconds since 1970, by the clock of this machine. Used for ages in output, never for
    /// decisions.
    pub taken_at: i64,
}

impl Observed {
    /// Returns the image of a name, or of an id of which at least eight digits are given. Engines take fewer digits,
    /// too, but a name such as `db` would be the beginning of an id then.
    pub fn image(&self, name: &str) -> Option<&ImageId> {
        self.images.get(&familiar(name)).or_else(|| {
            let is_id = name.len() >= 8 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let mut found = self.images.values().filter(|id| is_id && id.begins_with(name));
            let first = found.next()?;
            found.all(|id| id == first).then_some(first)
        })
    }
}

/// What was found out beside the engine's lists: by the project's lock, and by the rounds of a run that came before this
/// snapshot. A snapshot leaves all of it empty; the run carries it over from one snapshot to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the last run on the project died in the middle of its work, as its lock tells. Restarts that the dead run
    /// still owed are looked for then: `restart: true` leaves no sign on the engine once the replacement is over.
    pub is_after_crash: bool,
    /// Containers that have never run and that the engine refused to start in an earlier round. They are recreated.
    pub unstartable: BTreeSet<ContainerId>,
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

/// What an engine says of its machine and of itself (`GET /info`). A blank fact is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Number of processors; 0 where it is not known.
    pub processors: u32,
    /// The processors that are online, such as `0-3`; blank where the engine is another machine's.
    pub online: String,
    /// Version of the control groups: `1` or `2`.
    pub cgroup_version: String,
    /// What manages the control groups: `cgroupfs` or `systemd`.
    pub cgroup_driver: String,
    /// Storage driver, such as `overlay2`.
    pub storage_driver: String,
    /// The file system below the storage driver, such as `extfs`.
    pub backing_filesystem: String,
    /// Whether the engine manages a swarm; `None` where it does not tell.
    pub manages_swarm: Option<bool>,
    /// The subnets that the engine takes pools for networks from, where its configuration names them.
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
    /// Plugins of the older kind, of whatever sort, that are installed but not loaded: the engine does not list them.
    pub installed: BTreeSet<String>,
    /// The engine's machine, which the same answer describes.
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
    /// Whether the engine is known to be this machine's, so that host paths and ports mean the same to the engine as to this
    /// program. The connection mostly tells; what it leaves open, `ReadEngine::is_local` asks where the answer matters.
    pub is_local: bool,
    /// The proxies that docker's configuration has for this engine.
    pub proxies: Proxies,
    /// The keys that end a session and leave its process running (`detachKeys` of docker's configuration); `None` leaves them
    /// to the engine.
    pub detach_keys: Option<String>,
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
    /// The program, such as `nginx (pid 812)`; `None` where the kernel does not show it to this user.
    pub holder: Option<String>,
}
