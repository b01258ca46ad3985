//! The observed state: one snapshot of what the engine has, in our words.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{ContainerId, ContainerName, ImageId, Ipam, NetworkId, NetworkName, NetworkSpec, VolumeName, labels};

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
    pub ipam: Ipam,
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
    pub fn as_made(&self) -> NetworkSpec {
        NetworkSpec {
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
