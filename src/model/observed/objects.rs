//! Containers, networks and volumes as the engine lists them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::{
    ContainerId, ContainerName, ImageId, Ipam, NetworkId, NetworkName, NetworkSpec, VolumeName, labels,
};

/// A container as the list of containers shows it. A plan needs no inspect of each container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedContainer {
    /// Full id of 64 digits.
    pub id: ContainerId,
    /// Name without the leading slash.
    pub name: ContainerName,
    /// Image as given when the container was created. If that name has been removed, or names another image now: the id
    /// of the image.
    pub image: String,
    /// Id of the image that the container was created from.
    pub image_id: ImageId,
    /// Command line, as the engine shows it.
    pub command: String,
    /// Creation time, seconds since 1970.
    pub created: i64,
    /// State.
    pub state: ContainerState,
    /// Health, read from `status`.
    pub health: Health,
    /// Exit code of an exited container.
    pub exit_code: Option<i64>,
    /// State in the engine's words, such as `Up 3 minutes (healthy)`.
    pub status: String,
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// Endpoints by the name of their network.
    pub networks: BTreeMap<NetworkName, ObservedEndpoint>,
    /// `NetworkMode` as given when the container was created.
    pub network_mode: String,
    /// Mounts.
    pub mounts: Vec<ObservedMount>,
    /// Exposed ports, and of a running container its published ports.
    pub ports: Vec<ObservedPort>,
}

impl ObservedContainer {
    /// Returns the value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }

    /// Returns the service that the label names.
    pub fn service(&self) -> Option<&str> {
        self.label(labels::SERVICE)
    }

    /// Returns whether `run` created the container (a one-off).
    pub fn is_oneoff(&self) -> bool {
        self.label(labels::ONEOFF) == Some("True")
    }

    /// Returns the number of the replica that the label names.
    pub fn number(&self) -> Option<u32> {
        self.label(labels::NUMBER)?.parse().ok()
    }
}

/// State of a container, as the engine names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Created, and never started.
    #[default]
    Created,
    /// Running.
    Running,
    /// Running, with its processes frozen.
    Paused,
    /// Between two starts by its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// The process has ended.
    Exited,
    /// The removal failed.
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

/// State of the health check of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// The container has no health check.
    #[default]
    None,
    /// No verdict yet: no probe has passed, and too few probes have failed.
    Starting,
    /// The last probe passed.
    Healthy,
    /// Too many probes failed in a row.
    Unhealthy,
}

impl Health {
    /// Reads the engine's word. `none` and unknown words are [`Health::None`].
    pub fn parse(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::None,
        }
    }

    /// Returns the engine's word, which is empty for [`Health::None`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The endpoint of a container on one network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedEndpoint {
    /// Id of the network. Empty while the container has never run.
    pub network_id: NetworkId,
    /// IPv4 address. Empty where the endpoint has none, as in a container that does not run.
    pub ip_address: String,
    /// Aliases, as far as the list of containers has them.
    pub aliases: Vec<String>,
    /// IPv4 address that the file asks for.
    pub fixed_ipv4: Option<String>,
    /// IPv6 address that the file asks for.
    pub fixed_ipv6: Option<String>,
}

/// One mount of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedMount {
    /// `bind`, `volume`, `tmpfs` and the like.
    pub kind: String,
    /// Volume name; empty for other kinds.
    pub name: String,
    /// Path on the host.
    pub source: String,
    /// Path in the container.
    pub destination: String,
    /// Whether the container may write.
    pub is_writable: bool,
}

/// One port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPort {
    /// Host address; `None` for a port that is not published.
    pub host_ip: Option<IpAddr>,
    /// Host port; `None` for a port that is not published.
    pub published: Option<u16>,
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

impl ObservedPort {
    /// Returns whether two ports cannot be published at the same time.
    pub fn excludes(&self, other: &Self) -> bool {
        self.published.is_some()
            && self.published == other.published
            && self.protocol == other.protocol
            && addresses_overlap(self.host_ip, other.host_ip)
    }
}

/// Returns whether two bindings of one port exclude each other, by their host addresses. `None` is every address. An
/// IPv4 address never excludes an IPv6 address, because the engine binds each separately.
pub fn addresses_overlap(a: Option<IpAddr>, b: Option<IpAddr>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified())),
        _ => true,
    }
}

/// A network of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Id.
    pub id: NetworkId,
    /// Name. Two networks of the engine may have the same name.
    pub name: NetworkName,
    /// Driver.
    pub driver: String,
    /// Scope: `local`, `global` or `swarm`.
    pub scope: String,
    /// Subnets of the address pools.
    pub subnets: Vec<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools, as given or as chosen by the engine.
    pub ipam: Ipam,
    /// No connection to the outside.
    pub internal: bool,
    /// Containers outside services may attach (networks of a Swarm).
    pub attachable: bool,
    /// Whether the network has IPv6.
    pub enable_ipv6: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl ObservedNetwork {
    /// Returns the definition that creates the same network again.
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

/// A volume of the engine.
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
    /// Creation time (RFC 3339).
    pub created: String,
}
