//! The parts a service is made of: build, dependencies, ports, mounts, health, limits, hooks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Span, VolumeKey};

/// `build`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// Where `build` stands.
    pub span: Span,
    /// `context`: an absolute path, or a URL.
    pub context: String,
    /// `dockerfile`: relative to the context or absolute; `None` is `Dockerfile`.
    pub dockerfile: Option<String>,
    /// `dockerfile_inline`.
    pub dockerfile_inline: Option<String>,
    /// `args`; `None` values are taken from the builder's defaults.
    pub args: BTreeMap<String, Option<String>>,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `target`.
    pub target: Option<String>,
    /// `network`.
    pub network: Option<String>,
    /// `cache_from`.
    pub cache_from: Vec<String>,
    /// `cache_to`.
    pub cache_to: Vec<String>,
    /// `no_cache`.
    pub no_cache: bool,
    /// `pull`.
    pub pull: bool,
    /// `shm_size` in bytes; 0 is the default.
    pub shm_size: u64,
    /// `extra_hosts` as `(name, address)`.
    pub extra_hosts: Vec<(String, String)>,
    /// `tags`: further names of the image.
    pub tags: Vec<String>,
    /// `platforms`.
    pub platforms: Vec<String>,
    /// `additional_contexts`: name to path, URL, `service:NAME` or `docker-image://REF`.
    pub additional_contexts: BTreeMap<String, String>,
    /// `secrets`.
    pub secrets: Vec<FileReference>,
    /// `ssh`: id to socket or key path (empty for the default agent).
    pub ssh: BTreeMap<String, String>,
    /// `ulimits`.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// `privileged`.
    pub privileged: bool,
    /// `isolation`.
    pub isolation: Option<String>,
}

/// What a dependent waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// `service_started`.
    #[default]
    Started,
    /// `service_healthy`.
    Healthy,
    /// `service_completed_successfully`.
    CompletedSuccessfully,
}

impl Condition {
    /// Returns the word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        }
    }
}

/// One edge of `depends_on`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependency {
    /// What to wait for.
    pub condition: Condition,
    /// `required`: false makes a missing or failed dependency a warning.
    pub required: bool,
    /// `restart`: the dependent restarts when we replace or restart the dependency.
    pub restart: bool,
    /// Which attribute made the edge: `depends_on`, `links`, `network_mode`, `ipc`, `pid`, `volumes_from`.
    pub via: &'static str,
    /// Where it stands.
    pub span: Span,
}

/// A service's place on one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkAttachment {
    /// Where it stands.
    pub span: Span,
    /// `aliases`.
    pub aliases: Vec<String>,
    /// `ipv4_address`.
    pub ipv4_address: Option<String>,
    /// `ipv6_address`.
    pub ipv6_address: Option<String>,
    /// `link_local_ips`.
    pub link_local_ips: Vec<String>,
    /// `mac_address`.
    pub mac_address: Option<String>,
    /// `driver_opts`.
    pub driver_opts: BTreeMap<String, String>,
    /// `interface_name` (API 1.49).
    pub interface_name: Option<String>,
    /// `gw_priority` (API 1.48).
    pub gw_priority: i64,
    /// `priority`: the highest is the network given at create.
    pub priority: i64,
}

/// One published or exposed port. Ranges are already single ports, except where the host side is a range to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Where it stands.
    pub span: Span,
    /// Port inside.
    pub target: u16,
    /// Host port, or a range `8000-8010` to choose from; `None` lets the engine choose.
    pub published: Option<String>,
    /// Host address; `None` is all.
    pub host_ip: Option<IpAddr>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// `host` or `ingress`; one machine makes no difference.
    pub mode: String,
}

impl Port {
    /// Returns the host port where it is one fixed number.
    pub fn fixed_published(&self) -> Option<u16> {
        self.published.as_deref().and_then(|text| text.parse().ok()).filter(|port| *port != 0)
    }

    /// Returns the first and last host port where it is a range, of which the engine chooses one.
    pub fn published_range(&self) -> Option<(u16, u16)> {
        let (first, last) = self.published.as_deref()?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// One entry of `volumes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// Where it stands.
    pub span: Span,
    /// What is mounted.
    pub source: MountSource,
    /// Absolute path inside.
    pub target: String,
    /// `read_only`.
    pub is_read_only: bool,
    /// `consistency`; kept for the engine, without effect on Linux.
    pub consistency: Option<String>,
}

/// What a mount mounts.
#[derive(Clone, Debug, PartialEq)]
pub enum MountSource {
    /// A directory or file of the host.
    Bind {
        /// Absolute path on the host.
        path: String,
        /// `create_host_path`: make a missing directory.
        create_host_path: bool,
        /// `propagation`.
        propagation: Option<String>,
        /// `selinux`: `z` or `Z`.
        selinux: Option<String>,
        /// `recursive`.
        recursive: Option<String>,
    },
    /// A named volume of the project.
    Volume {
        /// Key under `volumes:`.
        key: VolumeKey,
        /// `nocopy`.
        nocopy: bool,
        /// `subpath` (API 1.45).
        subpath: Option<String>,
    },
    /// A volume without a name.
    Anonymous {
        /// `nocopy`.
        nocopy: bool,
    },
    /// Memory.
    Tmpfs {
        /// `size` in bytes.
        size: Option<u64>,
        /// `mode`.
        mode: Option<u32>,
    },
    /// An image's files (API 1.48).
    Image {
        /// The image.
        image: String,
        /// `subpath`.
        subpath: Option<String>,
    },
    /// A Windows named pipe.
    NamedPipe {
        /// Its path.
        path: String,
    },
    /// A cluster volume.
    Cluster {
        /// Its name.
        name: String,
    },
}

/// One entry of a service's `secrets` or `configs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReference {
    /// Where it stands.
    pub span: Span,
    /// Key at the top level.
    pub source: String,
    /// Path inside as written; `None` is the default place.
    pub target: Option<String>,
    /// `uid`.
    pub uid: Option<String>,
    /// `gid`.
    pub gid: Option<String>,
    /// `mode`, for example `0o440`.
    pub mode: Option<u32>,
}

/// `healthcheck`. `None` fields are inherited from the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// Where it stands.
    pub span: Span,
    /// `test`: `["CMD", ...]`, `["CMD-SHELL", line]` or `["NONE"]`; empty inherits the image's.
    pub test: Vec<String>,
    /// `interval`.
    pub interval: Option<Duration>,
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `retries`.
    pub retries: Option<u32>,
    /// `start_period`.
    pub start_period: Option<Duration>,
    /// `start_interval` (API 1.44).
    pub start_interval: Option<Duration>,
    /// `disable`, or a test of `NONE`.
    pub is_disabled: bool,
}

/// `logging`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `driver`; `None` is the engine's default.
    pub driver: Option<String>,
    /// `options`.
    pub options: BTreeMap<String, String>,
}

/// What one machine honours of `deploy`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deploy {
    /// `update_config`.
    pub update: Option<UpdateConfig>,
}

/// `deploy.update_config`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateConfig {
    /// `parallelism`: replicas replaced at a time; 0 is all.
    pub parallelism: u32,
    /// `delay` between batches.
    pub delay: Duration,
    /// `failure_action`.
    pub failure_action: FailureAction,
    /// `monitor`: how long a new replica is watched.
    pub monitor: Option<Duration>,
    /// `order`.
    pub order: UpdateOrder,
}

/// `failure_action`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureAction {
    /// Keep what is new, stop here.
    #[default]
    Pause,
    /// Go on with the next replica.
    Continue,
    /// Give back what was replaced.
    Rollback,
}

/// `order`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateOrder {
    /// The old one stops before the new one starts.
    #[default]
    StopFirst,
    /// The new one runs before the old one stops.
    StartFirst,
}

/// Limits of CPU, memory, processes and block devices. 0 and `None` are the engine's defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// `cpus` or `deploy.resources.limits.cpus`, in billionths of a CPU.
    pub nano_cpus: i64,
    /// `cpu_count` (Windows).
    pub cpu_count: i64,
    /// `cpu_percent` (Windows).
    pub cpu_percent: i64,
    /// `cpu_shares`.
    pub cpu_shares: i64,
    /// `cpu_period` in microseconds.
    pub cpu_period: i64,
    /// `cpu_quota` in microseconds.
    pub cpu_quota: i64,
    /// `cpu_rt_period` in microseconds.
    pub cpu_rt_period: i64,
    /// `cpu_rt_runtime` in microseconds.
    pub cpu_rt_runtime: i64,
    /// `cpuset`.
    pub cpuset: String,
    /// `mem_limit` in bytes.
    pub memory: i64,
    /// `mem_reservation` in bytes.
    pub memory_reservation: i64,
    /// `memswap_limit` in bytes; -1 is without limit.
    pub memory_swap: i64,
    /// `mem_swappiness`.
    pub memory_swappiness: Option<i64>,
    /// `pids_limit`; -1 is without limit.
    pub pids: Option<i64>,
    /// `oom_kill_disable`.
    pub oom_kill_disable: bool,
    /// `oom_score_adj`.
    pub oom_score_adj: i64,
    /// `shm_size` in bytes.
    pub shm_size: i64,
    /// `ulimits`.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// `blkio_config`.
    pub blkio: Blkio,
}

/// One entry of `ulimits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// Soft limit; -1 is without limit.
    pub soft: i64,
    /// Hard limit; -1 is without limit.
    pub hard: i64,
}

/// `blkio_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blkio {
    /// `weight`.
    pub weight: u16,
    /// `weight_device`: path and weight.
    pub weight_device: Vec<(String, u16)>,
    /// `device_read_bps`: path and bytes a second.
    pub device_read_bps: Vec<(String, u64)>,
    /// `device_write_bps`: path and bytes a second.
    pub device_write_bps: Vec<(String, u64)>,
    /// `device_read_iops`: path and operations a second.
    pub device_read_iops: Vec<(String, u64)>,
    /// `device_write_iops`: path and operations a second.
    pub device_write_iops: Vec<(String, u64)>,
}

/// One entry of `post_start` or `pre_stop`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// Where it stands.
    pub span: Span,
    /// `command`.
    pub command: Vec<String>,
    /// `user`.
    pub user: Option<String>,
    /// `privileged`.
    pub privileged: bool,
    /// `working_dir`.
    pub working_dir: Option<String>,
    /// `environment` as `KEY=value`.
    pub environment: Vec<String>,
}
