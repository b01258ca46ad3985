//! The observed state: one snapshot of what the engine has, in our words.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{ContainerId, ContainerName, Containers, Definition, ImageId, NetworkId, NetworkName, VolumeName, labels};

/// One snapshot. Everything after `observe` refers to it; nobody lists again halfway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The engine itself.
    pub engine: EngineFacts,
    /// Every container on the engine, ours and others'; others matter for names and ports.
    pub containers: Containers,
    /// Every network on the engine.
    pub networks: Vec<ObservedNetwork>,
    /// Every volume on the engine.
    pub volumes: Vec<ObservedVolume>,
    /// Images by each name they have (`repository:tag`, `repository@digest`), and by id; where only some names were of
    /// interest, perhaps no others.
    pub images: BTreeMap<String, ImageId>,
    /// TCP and UDP ports that programs on this machine listen on; empty where the engine is not on this machine.
    pub listeners: Vec<Listener>,
    /// Definitions of the containers that were inspected: those that differ from the file, and for `drift` all.
    pub definitions: BTreeMap<ContainerId, Definition>,
    /// What the engine offers beside what all engines have; `None` where nobody needed to know.
    pub plugins: Option<Plugins>,
    /// What earlier runs, and earlier rounds of this one, have found out and no list of the engine tells.
    pub known: Known,
    /// When the snapshot was taken, seconds since 1970 by this machine's clock; for ages, never for decisions.
    pub taken_at: i64,
}

impl Observed {
    /// Returns the image that a file means by a name, or by at least eight digits of its id. (Engines take fewer, too; a
    /// name such as `db` is none here.)
    pub fn image(&self, name: &str) -> Option<&ImageId> {
        self.images.get(&super::familiar(name)).or_else(|| {
            let is_id = name.len() >= 8 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let mut found = self.images.values().filter(|id| is_id && id.begins_with(name));
            let first = found.next()?;
            found.all(|id| id == first).then_some(first)
        })
    }
}

/// What was found out beside the engine's lists: by the project's lock, and by the rounds of a run that came before this
/// snapshot. A snapshot itself leaves all of it empty; who takes the next snapshot of a run carries it over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the last run on the project died in the middle of its work, as its lock tells. Restarts that the dead run
    /// still owed are looked for then: `restart: true` leaves no sign on the engine once the replacement is over.
    pub is_after_crash: bool,
    /// Containers that have never run and that the engine refused to start in an earlier round. They are recreated.
    pub unstartable: BTreeSet<ContainerId>,
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
}

/// What is known of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Where it answers, for messages: `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// The engine's own version, such as `28.5.2`.
    pub version: String,
    /// The negotiated API version.
    pub api: ApiVersion,
    /// `linux`, `windows`.
    pub os: String,
    /// Whether the engine is known to be this machine's, so that host paths and ports mean the same to the engine as to this
    /// program. The connection mostly tells; what it leaves open, `ReadEngine::is_local` asks where the answer matters.
    pub is_local: bool,
}

/// A version of the Engine API, such as 1.41. Ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// Makes a version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Reads `1.41`; `None` where the text is no such pair.
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

/// A container as a list call shows it; enough to plan without an inspect of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContainer {
    /// Full id.
    pub id: ContainerId,
    /// Name without the slash.
    pub name: ContainerName,
    /// Image as given at create; its id where that name is gone, or is another image's by now.
    pub image: String,
    /// Id of the image it was made from.
    pub image_id: ImageId,
    /// Command line, as the engine shows it.
    pub command: String,
    /// Creation time, seconds since 1970.
    pub created: i64,
    /// State.
    pub state: ContainerState,
    /// Health, as far as a list tells it.
    pub health: Health,
    /// Exit code, where it has exited.
    pub exit_code: Option<i64>,
    /// The engine's sentence, such as `Up 3 minutes (healthy)`.
    pub status: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// Networks by name, with the endpoint's facts.
    pub networks: BTreeMap<NetworkName, ObservedEndpoint>,
    /// `NetworkMode` as given at create.
    pub network_mode: String,
    /// Mounts.
    pub mounts: Vec<ObservedMount>,
    /// Published ports (running containers only) and exposed ones.
    pub ports: Vec<ObservedPort>,
}

impl ObservedContainer {
    /// Returns a label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Returns the service it belongs to, by its label.
    pub fn service(&self) -> Option<&str> {
        self.label(labels::SERVICE)
    }

    /// Returns whether `run` made it.
    pub fn is_oneoff(&self) -> bool {
        self.label(labels::ONEOFF) == Some("True")
    }

    /// Returns the replica's number by its label.
    pub fn number(&self) -> Option<u32> {
        self.label(labels::NUMBER)?.parse().ok()
    }
}

/// State of a container, as the engine names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Never started.
    #[default]
    Created,
    /// Running.
    Running,
    /// Running, frozen.
    Paused,
    /// Between two attempts of its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Its removal failed half way.
    Dead,
    /// A word this program does not know.
    Unknown,
}

impl ContainerState {
    /// Reads the engine's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "created" | "configured" | "initialized" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" | "stopped" => Self::Exited,
            "dead" => Self::Dead,
            _ => Self::Unknown,
        }
    }

    /// Returns the engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

/// Verdict of a container's health check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// It has no check.
    #[default]
    None,
    /// No verdict yet.
    Starting,
    /// The last probe passed.
    Healthy,
    /// Too many probes failed in a row.
    Unhealthy,
}

impl Health {
    /// Reads the engine's word (`none` and anything unknown are [`Health::None`]).
    pub fn parse(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::None,
        }
    }

    /// Returns the engine's word; empty for no check.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// A container's place on one network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedEndpoint {
    /// The network's id; empty while the container has never run.
    pub network_id: NetworkId,
    /// IPv4 address, empty where it has none.
    pub ip_address: String,
    /// Aliases, as far as a list tells them.
    pub aliases: Vec<String>,
    /// IPv4 address that was asked for.
    pub fixed_ipv4: Option<String>,
    /// IPv6 address that was asked for.
    pub fixed_ipv6: Option<String>,
}

/// One mount of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedMount {
    /// `bind`, `volume`, `tmpfs`, ...
    pub kind: String,
    /// Volume name; empty for other kinds.
    pub name: String,
    /// Path on the host.
    pub source: String,
    /// Path inside.
    pub destination: String,
    /// Read-write.
    pub is_writable: bool,
}

/// One port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPort {
    /// Host address, `None` where it is not published.
    pub host_ip: Option<IpAddr>,
    /// Host port, `None` where it is not published.
    pub published: Option<u16>,
    /// Port inside.
    pub target: u16,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
}

impl ObservedPort {
    /// Returns whether two published ports cannot be held at the same time.
    pub fn excludes(&self, other: &Self) -> bool {
        self.published.is_some()
            && self.published == other.published
            && self.protocol == other.protocol
            && addresses_overlap(self.host_ip, other.host_ip)
    }
}

/// Returns whether two host addresses of one port are in each other's way; `None` is every address. The engine binds IPv4
/// and IPv6 each by itself.
pub fn addresses_overlap(a: Option<IpAddr>, b: Option<IpAddr>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified())),
        _ => true,
    }
}

/// A network on the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Id.
    pub id: NetworkId,
    /// Name; not unique in the engine.
    pub name: NetworkName,
    /// Driver.
    pub driver: String,
    /// Scope: `local`, `swarm`.
    pub scope: String,
    /// Subnets of its pools.
    pub subnets: Vec<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools, as given or as the engine chose them.
    pub ipam: super::Ipam,
    /// No way out.
    pub internal: bool,
    /// Containers may attach by hand (swarm networks).
    pub attachable: bool,
    /// IPv6.
    pub enable_ipv6: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl ObservedNetwork {
    /// Returns what it can be made again with.
    pub fn as_made(&self) -> super::NetworkSpec {
        super::NetworkSpec {
            name: self.name.clone(),
            driver: Some(self.driver.clone()).filter(|driver| !driver.is_empty()),
            driver_opts: self.driver_opts.clone(),
            ipam: self.ipam.clone(),
            internal: self.internal,
            attachable: self.attachable,
            enable_ipv4: None,
            enable_ipv6: self.enable_ipv6.then_some(true),
            labels: self.labels.clone(),
        }
    }
}

/// A volume on the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedVolume {
    /// Name.
    pub name: VolumeName,
    /// Driver.
    pub driver: String,
    /// Options.
    pub options: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Path on the engine's machine.
    pub mountpoint: String,
    /// Creation time, RFC 3339.
    pub created: String,
}

/// A program on this machine that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Address; unspecified is all.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// `nginx (pid 812)`, where it can be told.
    pub holder: Option<String>,
}
