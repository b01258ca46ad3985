//! The parts of a service: build, dependencies, ports, mounts, health check, limits, hooks,
//! and what `develop` says.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Span, VolumeKey};

/// `build`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// The place of `build`.
    pub span: Span,
    /// `context`: an absolute path, or a URL.
    pub context: String,
    /// `dockerfile`: relative to the context or absolute; `None` is `Dockerfile`.
    pub dockerfile: Option<String>,
    /// `dockerfile_inline`.
    pub dockerfile_inline: Option<String>,
    /// `args`. An argument with `None` keeps the default of the Dockerfile.
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
    /// `no_cache_filter`.
    pub no_cache_filter: Vec<String>,
    /// `pull`.
    pub pull: bool,
    /// `shm_size` in bytes; 0 is the engine's default.
    pub shm_size: u64,
    /// `extra_hosts` as `(name, address)`.
    pub extra_hosts: Vec<(String, String)>,
    /// `tags`: additional names of the image.
    pub tags: Vec<String>,
    /// `platforms`.
    pub platforms: Vec<String>,
    /// `additional_contexts`: name to path, URL, `service:NAME` or `docker-image://REF`.
    pub additional_contexts: BTreeMap<String, String>,
    /// `secrets`.
    pub secrets: Vec<FileReference>,
    /// `ssh`: id to the path of a socket or key; empty for the default agent.
    pub ssh: BTreeMap<String, String>,
    /// `ulimits`.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// `privileged`.
    pub privileged: bool,
    /// `entitlements`.
    pub entitlements: Vec<String>,
    /// `isolation`.
    pub isolation: Option<String>,
    /// `provenance`: a truth value, or attributes of the attestation.
    pub provenance: Option<String>,
    /// `sbom`: a truth value, or attributes of the attestation.
    pub sbom: Option<String>,
}

/// The condition that a dependent service waits for.
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
    /// The condition to wait for.
    pub condition: Condition,
    /// `required`. Where false, a dependency that is missing or fails is a warning.
    pub required: bool,
    /// `restart`: the dependent service restarts when this program replaces or restarts the dependency.
    pub restart: bool,
    /// The attribute that makes the dependency: `depends_on`, `links`, `network_mode`, `ipc`, `pid`, `volumes_from`.
    pub via: &'static str,
    /// The place in the file.
    pub span: Span,
}

/// The attachment of a service to one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkAttachment {
    /// The place in the file.
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
    /// `priority`: the container is created on the network with the highest priority.
    pub priority: i64,
}

/// One published or exposed port. A range of container ports is several of these; a range of host ports stays a range,
/// of which the engine chooses a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The place in the file.
    pub span: Span,
    /// Port in the container.
    pub target: u16,
    /// Host port, or a range such as `8000-8010`. With `None` the engine chooses any free port.
    pub published: Option<String>,
    /// Host address; `None` for all addresses.
    pub host_ip: Option<IpAddr>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// `host` or `ingress`. Without a Swarm both mean the same.
    pub mode: String,
}

impl Port {
    /// Returns the host port, or `None` where the engine chooses the port.
    pub fn fixed_published(&self) -> Option<u16> {
        self.published.as_deref().and_then(|text| text.parse().ok()).filter(|port| *port != 0)
    }

    /// Returns the first and the last host port of a range, or `None` for a single port.
    pub fn published_range(&self) -> Option<(u16, u16)> {
        let (first, last) = self.published.as_deref()?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// One entry of `volumes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mount {
    /// The place in the file.
    pub span: Span,
    /// The volume, directory or file to mount.
    pub source: MountSource,
    /// Absolute path in the container.
    pub target: String,
    /// `read_only`.
    pub is_read_only: bool,
    /// `consistency`, passed on to the engine; without effect on Linux.
    pub consistency: Option<String>,
}

/// The source of a mount.
#[derive(Clone, Debug, PartialEq)]
pub enum MountSource {
    /// A directory or file of the host.
    Bind {
        /// Absolute path on the host.
        path: String,
        /// `create_host_path`: create a missing directory.
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
    /// An anonymous volume.
    Anonymous {
        /// `nocopy`.
        nocopy: bool,
    },
    /// A file system in memory.
    Tmpfs {
        /// `size` in bytes.
        size: Option<u64>,
        /// `mode`.
        mode: Option<u32>,
    },
    /// The files of an image (API 1.48).
    Image {
        /// Name of the image.
        image: String,
        /// `subpath`.
        subpath: Option<String>,
    },
    /// A Windows named pipe.
    NamedPipe {
        /// Path of the pipe.
        path: String,
    },
    /// A cluster volume.
    Cluster {
        /// Name of the volume.
        name: String,
    },
}

/// One entry of a service's `secrets` or `configs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReference {
    /// The place in the file.
    pub span: Span,
    /// Key under the top-level `secrets` or `configs`.
    pub source: String,
    /// Path in the container as written; `None` for the default path.
    pub target: Option<String>,
    /// `uid`.
    pub uid: Option<String>,
    /// `gid`.
    pub gid: Option<String>,
    /// `mode`, for example `0o440`.
    pub mode: Option<u32>,
}

impl FileReference {
    /// Returns whether `uid`, `gid` or `mode` is set.
    pub fn sets_owner_or_mode(&self) -> bool {
        self.uid.is_some() || self.gid.is_some() || self.mode.is_some()
    }
}

/// `healthcheck`. For a `None` the image's value counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// The place in the file.
    pub span: Span,
    /// `test`: `["CMD", ...]`, `["CMD-SHELL", line]` or `["NONE"]`; empty for the image's test.
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

/// `deploy`, as far as it has an effect without a Swarm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deploy {
    /// `update_config`.
    pub update: Option<UpdateConfig>,
}

/// `deploy.update_config`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateConfig {
    /// `parallelism`: how many replicas are replaced at a time; 0 for all.
    pub parallelism: u32,
    /// `delay`: the time between two batches of replicas.
    pub delay: Duration,
    /// `failure_action`.
    pub failure_action: FailureAction,
    /// `monitor`: how long a new replica is watched for failures.
    pub monitor: Option<Duration>,
    /// `order`.
    pub order: UpdateOrder,
}

/// `failure_action`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureAction {
    /// Stop the update. Replicas that were replaced stay new.
    #[default]
    Pause,
    /// Continue with the next replica.
    Continue,
    /// Restore the replicas that were replaced.
    Rollback,
}

/// `order`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateOrder {
    /// The old container stops before the new container starts.
    #[default]
    StopFirst,
    /// The new container runs before the old container stops.
    StartFirst,
}

/// Limits of CPU, memory, processes and block devices. 0 and `None` mean the engine's default.
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
    /// `memswap_limit` in bytes; -1 for no limit.
    pub memory_swap: i64,
    /// `mem_swappiness`.
    pub memory_swappiness: Option<i64>,
    /// `pids_limit`; -1 for no limit.
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
    /// Soft limit; -1 for no limit.
    pub soft: i64,
    /// Hard limit; -1 for no limit.
    pub hard: i64,
}

/// `blkio_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blkio {
    /// `weight`.
    pub weight: u16,
    /// `weight_device`: path and weight.
    pub weight_device: Vec<(String, u16)>,
    /// `device_read_bps`: path and bytes per second.
    pub device_read_bps: Vec<(String, u64)>,
    /// `device_write_bps`: path and bytes per second.
    pub device_write_bps: Vec<(String, u64)>,
    /// `device_read_iops`: path and operations per second.
    pub device_read_iops: Vec<(String, u64)>,
    /// `device_write_iops`: path and operations per second.
    pub device_write_iops: Vec<(String, u64)>,
}

/// One entry of `post_start` or `pre_stop`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// The place in the file.
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

/// An entry of `develop.watch`.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchRule {
    /// The place in the file.
    pub span: Span,
    /// `path`: the file or directory that is watched, absolute.
    pub path: PathBuf,
    /// `action`.
    pub action: WatchAction,
    /// `target`: where the files go in the container; actions that sync have one.
    pub target: Option<String>,
    /// `include`: patterns of the files that count; all where there is none.
    pub include: Vec<String>,
    /// `ignore`: patterns of files that do not count.
    pub ignore: Vec<String>,
    /// `exec`: the command of `sync+exec`.
    pub exec: Option<Hook>,
    /// `initial_sync`: the files are also synced when the watching begins.
    pub initial_sync: bool,
}

/// What a change of a watched file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchAction {
    /// `rebuild`: the image is built and the containers are replaced.
    Rebuild,
    /// `sync`: the file is put into the containers.
    Sync,
    /// `sync+exec`: the file is put into the containers, then a command runs in them.
    SyncExec,
    /// `sync+restart`: the file is put into the containers, then they are restarted.
    SyncRestart,
    /// `restart`: the containers are restarted.
    Restart,
}

impl WatchAction {
    /// Returns the action of a word of the file.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "rebuild" => Self::Rebuild,
            "sync" => Self::Sync,
            "sync+exec" => Self::SyncExec,
            "sync+restart" => Self::SyncRestart,
            "restart" => Self::Restart,
            _ => return None,
        })
    }

    /// Returns the word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Sync => "sync",
            Self::SyncExec => "sync+exec",
            Self::SyncRestart => "sync+restart",
            Self::Restart => "restart",
        }
    }

    /// Returns whether files are put into containers.
    pub fn syncs(self) -> bool {
        matches!(self, Self::Sync | Self::SyncExec | Self::SyncRestart)
    }
}
