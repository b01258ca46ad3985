//! What the planner asks the engine to make: complete, resolved, and free of the compose file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{
    Blkio, ContainerName, Device, DeviceRequest, Healthcheck, ImageRef, Ipam, Limits, Logging, NetworkName,
    RestartPolicy, VolumeName,
};

/// Everything needed to create one container (`POST /containers/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerSpec {
    /// Name to create it under.
    pub name: ContainerName,
    /// Image, as written in the file (or the built image's name).
    pub image: ImageRef,
    /// `os/arch/variant`; sent as the query parameter `platform`.
    pub platform: Option<String>,
    /// All labels: the user's and ours.
    pub labels: BTreeMap<String, String>,
    /// Annotations (API 1.43).
    pub annotations: BTreeMap<String, String>,
    /// `None` is the image's own; an empty list is none at all.
    pub command: Option<Vec<String>>,
    /// `None` is the image's own; an empty list is none at all.
    pub entrypoint: Option<Vec<String>>,
    /// `KEY=value`, in order.
    pub environment: Vec<String>,
    /// Host name inside.
    pub hostname: Option<String>,
    /// Domain name inside.
    pub domainname: Option<String>,
    /// User inside.
    pub user: Option<String>,
    /// Working directory inside.
    pub working_dir: Option<String>,
    /// Allocate a terminal.
    pub tty: bool,
    /// Keep standard input open.
    pub stdin_open: bool,
    /// Close standard input after the first attached client leaves.
    pub stdin_once: bool,
    /// Attach to the standard streams at create (`run`).
    pub attach: bool,
    /// Read-only root file system.
    pub read_only: bool,
    /// All capabilities and devices.
    pub privileged: bool,
    /// Run an init process; `None` is the engine's default.
    pub init: Option<bool>,
    /// OCI runtime.
    pub runtime: Option<String>,
    /// Isolation technology (Windows).
    pub isolation: Option<String>,
    /// Signal that stops it.
    pub stop_signal: Option<String>,
    /// Time between that signal and KILL; whole seconds in the engine.
    pub stop_timeout: Option<Duration>,
    /// What the engine does when it exits.
    pub restart: RestartPolicy,
    /// Remove it when it exits (`run --rm` without our help).
    pub auto_remove: bool,
    /// `host`, `none`, `bridge`, `container:ID`, or the name of the first network.
    pub network_mode: Option<String>,
    /// Networks in the order of attachment; the first is given at create, which is all an engine before API 1.44 takes.
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
    /// MAC address (of the container before API 1.44, of the first endpoint from then on).
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
    /// Health check; `None` is the image's own.
    pub healthcheck: Option<Healthcheck>,
    /// Log driver; `None` is the engine's default.
    pub logging: Option<Logging>,
    /// Limits.
    pub limits: Limits,
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    pub cap_drop: Vec<String>,
    /// Further groups.
    pub group_add: Vec<String>,
    /// Security options, files already inlined.
    pub security_opt: Vec<String>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Devices by path or CDI name.
    pub devices: Vec<Device>,
    /// cgroup rules for devices.
    pub device_cgroup_rules: Vec<String>,
    /// Devices asked of a driver.
    pub device_requests: Vec<DeviceRequest>,
    /// Options of the storage driver.
    pub storage_opt: BTreeMap<String, String>,
    /// Files to upload into the stopped container before its first start: configs and secrets that are not files of the host.
    pub files: Vec<FileSpec>,
}

impl ContainerSpec {
    /// Returns whether block device limits are given at all.
    pub fn has_blkio(&self) -> bool {
        self.limits.blkio != Blkio::default()
    }
}

/// One network endpoint of a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSpec {
    /// The network's name in the engine.
    pub network: NetworkName,
    /// Names other containers reach this one by.
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
    /// Interface name (API 1.49); put into `driver_opts` by the adapter.
    pub interface_name: Option<String>,
    /// Gateway priority (API 1.48).
    pub gw_priority: i64,
}

/// One published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// Port inside.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Host port or range; empty lets the engine choose.
    pub published: String,
    /// Host address; `None` is all.
    pub host_ip: Option<IpAddr>,
}

/// One mount.
#[derive(Clone, Debug, PartialEq)]
pub struct MountSpec {
    /// Absolute path inside.
    pub target: String,
    /// Read-only.
    pub is_read_only: bool,
    /// Consistency, verbatim.
    pub consistency: Option<String>,
    /// What is mounted.
    pub kind: MountKind,
}

impl MountSpec {
    /// Returns whether it is the volume without a name of another container.
    pub fn is_taken_over(&self) -> bool {
        matches!(self.kind, MountKind::Anonymous { name: Some(_), .. })
    }
}

/// What a mount mounts, in the engine's terms.
#[derive(Clone, Debug, PartialEq)]
pub enum MountKind {
    /// A path of the host. With `create_host_path` an engine before API 1.42 needs the old `Binds` string.
    Bind {
        /// Absolute path on the engine's machine.
        source: String,
        /// Make a missing directory.
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
        /// Its name in the engine.
        name: VolumeName,
        /// Do not copy the image's files into an empty volume.
        nocopy: bool,
        /// Directory below the volume's root (API 1.45).
        subpath: Option<String>,
    },
    /// A volume without a name; with `name` the one taken over from the container that is replaced.
    Anonymous {
        /// Name of the volume to take over.
        name: Option<VolumeName>,
        /// Do not copy the image's files into an empty volume.
        nocopy: bool,
    },
    /// Memory.
    Tmpfs {
        /// Size in bytes.
        size: Option<u64>,
        /// File mode.
        mode: Option<u32>,
    },
    /// Files of an image (API 1.48).
    Image {
        /// The image.
        image: ImageRef,
        /// Directory below its root.
        subpath: Option<String>,
    },
    /// A Windows named pipe.
    NamedPipe {
        /// Its path.
        source: String,
    },
    /// A cluster volume (API 1.42).
    Cluster {
        /// Its name.
        name: String,
    },
}

/// A file to put into a container before it starts.
#[derive(Clone, PartialEq, Eq)]
pub struct FileSpec {
    /// Absolute path inside.
    pub path: String,
    /// The bytes; never printed.
    pub content: std::sync::Arc<[u8]>,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Mode.
    pub mode: u32,
}

impl std::fmt::Debug for FileSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSpec({}, {} bytes)", self.path, self.content.len())
    }
}

/// Everything needed to create one network (`POST /networks/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkSpec {
    /// Name.
    pub name: NetworkName,
    /// Driver; `None` is the engine's default.
    pub driver: Option<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// Address pools.
    pub ipam: Ipam,
    /// No way out.
    pub internal: bool,
    /// Containers may attach by hand (swarm networks).
    pub attachable: bool,
    /// IPv4 (API 1.47).
    pub enable_ipv4: Option<bool>,
    /// IPv6.
    pub enable_ipv6: Option<bool>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
}

/// Everything needed to create one volume (`POST /volumes/create`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumeSpec {
    /// Name.
    pub name: VolumeName,
    /// Driver; `None` is `local`.
    pub driver: Option<String>,
    /// Driver options.
    pub driver_opts: BTreeMap<String, String>,
    /// All labels.
    pub labels: BTreeMap<String, String>,
}
