//! Definitions for the engine to create: complete, resolved, without references to the compose file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{
    Blkio, ContainerName, Device, DeviceRequest, Healthcheck, ImageRef, Ipam, Limits, Logging, NetworkName,
    RestartPolicy, VolumeName,
};

/// The definition of a container to create (`POST /containers/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerSpec {
    /// Name of the container when it is created. A replacement is renamed later.
    pub name: ContainerName,
    /// Image as written in the file, or the name of the built image.
    pub image: ImageRef,
    /// `os/arch/variant`; sent as the query parameter `platform`.
    pub platform: Option<String>,
    /// Labels of the file and labels of this program.
    pub labels: BTreeMap<String, String>,
    /// Annotations (API 1.43).
    pub annotations: BTreeMap<String, String>,
    /// Command; `None` for the image's command, an empty list for no command.
    pub command: Option<Vec<String>>,
    /// Entrypoint; `None` for the image's entrypoint, an empty list for no entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// `KEY=value`, in order.
    pub environment: Vec<String>,
    /// Host name in the container.
    pub hostname: Option<String>,
    /// Domain name in the container.
    pub domainname: Option<String>,
    /// User that the process runs as.
    pub user: Option<String>,
    /// Working directory of the process.
    pub working_dir: Option<String>,
    /// Allocate a terminal.
    pub tty: bool,
    /// Keep standard input open.
    pub stdin_open: bool,
    /// Close standard input when the first attached client leaves.
    pub stdin_once: bool,
    /// Declare the standard streams as attached (`run`).
    pub attach: bool,
    /// Read-only root file system.
    pub read_only: bool,
    /// All capabilities and devices.
    pub privileged: bool,
    /// Run an init process; `None` for the engine's default.
    pub init: Option<bool>,
    /// OCI runtime.
    pub runtime: Option<String>,
    /// Isolation technology (Windows).
    pub isolation: Option<String>,
    /// Signal that stops the container.
    pub stop_signal: Option<String>,
    /// Time between that signal and SIGKILL. The engine takes whole seconds.
    pub stop_timeout: Option<Duration>,
    /// What the engine does when the container exits.
    pub restart: RestartPolicy,
    /// The engine removes the container when it exits (`run --rm`).
    pub auto_remove: bool,
    /// `host`, `none`, `bridge`, `container:ID`, or the name of the first network.
    pub network_mode: Option<String>,
    /// Networks in the order of attachment. Before API 1.44 the request that creates the container names the first
    /// network only, and the other networks are connected afterwards.
    pub networks: Vec<EndpointSpec>,
    /// `container:ID`, `host`, `private`, `shareable`.
    pub ipc_mode: Option<String>,
    /// `container:ID`, `host`.
    pub pid_mode: Option<String>,
    /// `host`.
    pub uts_mode: Option<String>,
    /// `host`.
    pub userns_mode: Option<String>,
    /// `host` or `private`.
    pub cgroupns_mode: Option<String>,
    /// Parent cgroup.
    pub cgroup_parent: Option<String>,
    /// MAC address: of the container before API 1.44, of the first endpoint since.
    pub mac_address: Option<String>,
    /// Published ports.
    pub ports: Vec<PortSpec>,
    /// Exposed ports, `port/protocol`.
    pub exposed: Vec<String>,
    /// DNS servers.
    pub dns: Vec<String>,
    /// DNS options.
    pub dns_options: Vec<String>,
    /// DNS search domains.
    pub dns_search: Vec<String>,
    /// Entries of the hosts file, `name:address`.
    pub extra_hosts: Vec<String>,
    /// Legacy links, `container:alias`.
    pub links: Vec<String>,
    /// Mounts.
    pub mounts: Vec<MountSpec>,
    /// `container[:ro]`.
    pub volumes_from: Vec<String>,
    /// tmpfs mounts: path to options.
    pub tmpfs: BTreeMap<String, String>,
    /// Health check; `None` for the image's health check.
    pub healthcheck: Option<Healthcheck>,
    /// Log driver; `None` for the engine's default.
    pub logging: Option<Logging>,
    /// Limits.
    pub limits: Limits,
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    pub cap_drop: Vec<String>,
    /// Additional groups of the process.
    pub group_add: Vec<String>,
    /// Security options, with the content of files in place of their paths.
    pub security_opt: Vec<String>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Devices by path or CDI name.
    pub devices: Vec<Device>,
    /// cgroup rules for devices.
    pub device_cgroup_rules: Vec<String>,
    /// Requests for devices of a driver.
    pub device_requests: Vec<DeviceRequest>,
    /// Options of the storage driver.
    pub storage_opt: BTreeMap<String, String>,
    /// Configs and secrets that are not mounted. They are written into the container before its first start.
    pub files: Vec<FileSpec>,
}

impl ContainerSpec {
    /// Returns whether there are limits of block devices.
    pub fn has_blkio(&self) -> bool {
        self.limits.blkio != Blkio::default()
    }
}

/// The endpoint of a container on one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSpec {
    /// Name of the network in the engine.
    pub network: NetworkName,
    /// Names by which other containers reach this container.
    pub aliases: Vec<String>,
    /// Legacy links, `container:alias`.
    pub links: Vec<String>,
    /// Static IPv4 address.
    pub ipv4_address: Option<String>,
    /// Static IPv6 address.
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    pub link_local_ips: Vec<String>,
    /// MAC address (API 1.44).
    pub mac_address: Option<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Interface name (API 1.49). The adapter puts the name into `driver_opts`.
    pub interface_name: Option<String>,
    /// Gateway priority (API 1.48).
    pub gw_priority: i64,
}

/// One published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Host port or range. With an empty text the engine chooses a port.
    pub published: String,
    /// Host address; `None` for all addresses.
    pub host_ip: Option<IpAddr>,
}

/// One mount.
#[derive(Clone, Debug, PartialEq)]
pub struct MountSpec {
    /// Absolute path in the container.
    pub target: String,
    /// Read-only.
    pub is_read_only: bool,
    /// Consistency, verbatim.
    pub consistency: Option<String>,
    /// Kind and source of the mount.
    pub kind: MountKind,
}

impl MountSpec {
    /// Returns whether the mount is an anonymous volume that another container had before.
    pub fn is_taken_over(&self) -> bool {
        matches!(self.kind, MountKind::Anonymous { name: Some(_), .. })
    }
}

/// Kind and source of a mount, in the engine's terms.
#[derive(Clone, Debug, PartialEq)]
pub enum MountKind {
    /// A path of the host. Before API 1.42 the engine creates a missing path for an entry of `Binds` only.
    Bind {
        /// Absolute path on the engine's machine.
        source: String,
        /// Create a missing directory.
        create_host_path: bool,
        /// Propagation, verbatim.
        propagation: Option<String>,
        /// `z` or `Z`.
        selinux: Option<String>,
        /// `enabled`, `disabled`, `writable`, `readonly` (API 1.40 and 1.44).
        recursive: Option<String>,
    },
    /// A volume by name.
    Volume {
        /// Name of the volume in the engine.
        name: VolumeName,
        /// Do not copy the image's files into an empty volume.
        nocopy: bool,
        /// Directory in the volume (API 1.45).
        subpath: Option<String>,
    },
    /// An anonymous volume. With `name` an anonymous volume of the replaced container, whose data the new container
    /// keeps.
    Anonymous {
        /// Name of the volume to take over.
        name: Option<VolumeName>,
        /// Do not copy the image's files into an empty volume.
        nocopy: bool,
    },
    /// A file system in memory.
    Tmpfs {
        /// Size in bytes.
        size: Option<u64>,
        /// File mode.
        mode: Option<u32>,
    },
    /// Files of an image (API 1.48).
    Image {
        /// Name of the image.
        image: ImageRef,
        /// Directory in the image.
        subpath: Option<String>,
    },
    /// A Windows named pipe.
    NamedPipe {
        /// Path of the pipe.
        source: String,
    },
    /// A cluster volume (API 1.42).
    Cluster {
        /// Name of the volume.
        name: String,
    },
}

/// A file that is written into a container before its start.
#[derive(Clone, PartialEq, Eq)]
pub struct FileSpec {
    /// Absolute path in the container.
    pub path: String,
    /// Content, which is never printed.
    pub content: std::sync::Arc<[u8]>,
    /// Owner: a number, or a name of the image; `None` for the container's user.
    pub uid: Option<String>,
    /// Group: a number, or a name of the image; `None` for the group of the container's user.
    pub gid: Option<String>,
    /// Mode.
    pub mode: u32,
    /// Why a file of the host is copied; `None` for a content that is no file of the host.
    pub copied: Option<Copied>,
}

impl std::fmt::Debug for FileSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, content, uid, gid, mode, copied } = self;
        write!(f, "FileSpec({path}, {} bytes, {uid:?}:{gid:?} {mode:o} {copied:?})", content.len())
    }
}

/// Why a file of the host is copied into a container instead of being mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The service sets its `uid`, `gid` or `mode`.
    Asked,
    /// The container's user may not read the file of the host.
    Unreadable,
    /// The engine is not known to have the file.
    Elsewhere,
}

impl Copied {
    /// Returns the reason for people.
    pub fn reason(self) -> &'static str {
        match self {
            Copied::Asked => "its `uid`, `gid` or `mode` is set",
            Copied::Unreadable => "the container's user may not read the file on the host",
            Copied::Elsewhere => "the engine is not known to see the files of this machine",
        }
    }
}

/// The definition of a network to create (`POST /networks/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSpec {
    /// Name.
    pub name: NetworkName,
    /// Driver; `None` for the engine's default.
    pub driver: Option<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools.
    pub ipam: Ipam,
    /// No connection to the outside.
    pub internal: bool,
    /// Containers outside services may attach (networks of a Swarm).
    pub attachable: bool,
    /// Whether the network has IPv4 (API 1.47); `None` for the engine's default.
    pub enable_ipv4: Option<bool>,
    /// Whether the network has IPv6; `None` for the engine's default.
    pub enable_ipv6: Option<bool>,
    /// Labels of the file and labels of this program.
    pub labels: BTreeMap<String, String>,
}

/// The definition of a volume to create (`POST /volumes/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeSpec {
    /// Name.
    pub name: VolumeName,
    /// Driver; `None` for `local`.
    pub driver: Option<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels of the file and labels of this program.
    pub labels: BTreeMap<String, String>,
}
