//! A service of a project. The fields have the names of the Compose specification.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::{
    Build, Dependency, Deploy, FileReference, Healthcheck, Hook, ImageRef, Limits, Logging, Mount, NetworkAttachment,
    NetworkKey, Port, ServiceName, Span, WatchRule,
};

/// A service: what to run, how many times, and what it needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The key under `services:`.
    pub name: ServiceName,
    /// The place of the key.
    pub span: Span,
    /// The canonical service, as `config --format json` prints it but without doubled `$`. The config hash covers this
    /// value, and the reason for a recreate names a field of it.
    pub canonical: Arc<serde_json::Value>,

    /// `image`; `None` only with `build` or `provider`.
    pub image: Option<ImageRef>,
    /// The place of `image`.
    pub image_span: Span,
    /// `build`.
    pub build: Option<Build>,
    /// `pull_policy`, verbatim (`always`, `missing`, `every_12h`, ...); `None` where not set.
    pub pull_policy: Option<String>,
    /// `platform`: `os[/arch[/variant]]`.
    pub platform: Option<String>,
    /// `provider`: another program provides the service, and there is no container.
    pub provider: Option<Provider>,

    /// `command`; `None` for the image's command, an empty list for no command.
    pub command: Option<Vec<String>>,
    /// `entrypoint`; `None` for the image's entrypoint, an empty list for no entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// `environment` with `env_file` merged in. `None`: the file gives no value, and the process environment has none.
    pub environment: BTreeMap<String, Option<String>>,
    /// `labels` with `label_file` merged in.
    pub labels: BTreeMap<String, String>,
    /// `annotations` (API 1.43).
    pub annotations: BTreeMap<String, String>,

    /// `container_name`.
    pub container_name: Option<String>,
    /// `hostname`.
    pub hostname: Option<String>,
    /// `domainname`.
    pub domainname: Option<String>,
    /// `user`.
    pub user: Option<String>,
    /// `working_dir`.
    pub working_dir: Option<String>,
    /// `tty`.
    pub tty: bool,
    /// `stdin_open`.
    pub stdin_open: bool,
    /// `read_only`.
    pub read_only: bool,
    /// `privileged`.
    pub privileged: bool,
    /// `init`; `None` for the engine's default, which may be true.
    pub init: Option<bool>,
    /// `runtime`.
    pub runtime: Option<String>,
    /// `isolation`.
    pub isolation: Option<String>,
    /// `stop_signal`.
    pub stop_signal: Option<String>,
    /// `stop_grace_period`; the engine's default is 10 s.
    pub stop_grace_period: Option<Duration>,
    /// `deploy.restart_policy`, or `restart` if there is none.
    pub restart: RestartPolicy,
    /// `scale` or `deploy.replicas`; 1 if neither is given.
    pub replicas: u32,
    /// Whether `scale` or `deploy.replicas` stands in the file.
    pub has_explicit_scale: bool,
    /// `attach`. False: `up` and `logs` show the service's output only if the user names the service.
    pub attach: bool,

    /// `depends_on` with the implicit dependencies of `links`, `volumes_from` and shared namespaces.
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    /// `links`: `(service, alias)`.
    pub links: Vec<(ServiceName, String)>,
    /// `external_links`: `(container, alias)`.
    pub external_links: Vec<(String, String)>,
    /// `profiles`.
    pub profiles: Vec<String>,

    /// `networks` in the order of the file; empty with `network_mode`.
    pub networks: IndexMap<NetworkKey, NetworkAttachment>,
    /// `network_mode`.
    pub network_mode: Option<Namespace>,
    /// `ipc`.
    pub ipc: Option<Namespace>,
    /// `pid`.
    pub pid: Option<Namespace>,
    /// `uts`.
    pub uts: Option<String>,
    /// `userns_mode`.
    pub userns_mode: Option<String>,
    /// `cgroup`: `host` or `private`.
    pub cgroup: Option<String>,
    /// `cgroup_parent`.
    pub cgroup_parent: Option<String>,
    /// `mac_address`.
    pub mac_address: Option<String>,
    /// `ports`, with ranges of container ports expanded.
    pub ports: Vec<Port>,
    /// `expose`, `port[/protocol]`.
    pub expose: Vec<String>,
    /// `dns`.
    pub dns: Vec<String>,
    /// `dns_opt`.
    pub dns_opt: Vec<String>,
    /// `dns_search`.
    pub dns_search: Vec<String>,
    /// `extra_hosts` as `(name, address)`.
    pub extra_hosts: Vec<(String, String)>,

    /// `volumes`.
    pub volumes: Vec<Mount>,
    /// `volumes_from`.
    pub volumes_from: Vec<VolumesFrom>,
    /// `tmpfs`, `path[:options]`.
    pub tmpfs: Vec<String>,
    /// `secrets`.
    pub secrets: Vec<FileReference>,
    /// `configs`.
    pub configs: Vec<FileReference>,

    /// `healthcheck`.
    pub healthcheck: Option<Healthcheck>,
    /// `logging`.
    pub logging: Option<Logging>,
    /// `deploy`, as far as it has an effect without a Swarm.
    pub deploy: Deploy,
    /// CPU, memory, process and block device limits.
    pub limits: Limits,
    /// `cap_add`.
    pub cap_add: Vec<String>,
    /// `cap_drop`.
    pub cap_drop: Vec<String>,
    /// `group_add`.
    pub group_add: Vec<String>,
    /// `security_opt`, verbatim. The caller of the planner reads the file of `seccomp:FILE`.
    pub security_opt: Vec<String>,
    /// `sysctls`.
    pub sysctls: BTreeMap<String, String>,
    /// `devices`.
    pub devices: Vec<Device>,
    /// `device_cgroup_rules`.
    pub device_cgroup_rules: Vec<String>,
    /// `gpus` and `deploy.resources.reservations.devices`.
    pub device_requests: Vec<DeviceRequest>,
    /// `storage_opt`.
    pub storage_opt: BTreeMap<String, String>,
    /// `use_api_socket`.
    pub use_api_socket: bool,

    /// `post_start`: commands that run in the container after its start.
    pub post_start: Vec<Hook>,
    /// `pre_stop`: commands that run in the container before its stop.
    pub pre_stop: Vec<Hook>,

    /// `develop.watch`: what `watch` does when files of this machine change.
    pub watch: Vec<WatchRule>,
}

/// `provider`: another program provides the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// `type`: name of the program.
    pub kind: String,
    /// `options`: each option with its values.
    pub options: BTreeMap<String, Vec<String>>,
    /// The place in the file.
    pub span: Span,
}

/// `restart`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartPolicy {
    /// `no`, the default.
    #[default]
    No,
    /// `always`.
    Always,
    /// `unless-stopped`.
    UnlessStopped,
    /// `on-failure[:max]`; 0 for no limit.
    OnFailure(u32),
}

impl Service {
    /// Returns the networks in the order in which a container is connected to them: by falling `priority`, then by key.
    /// A container is created on the first.
    pub fn networks_in_order(&self) -> Vec<&NetworkKey> {
        let mut keys: Vec<&NetworkKey> = self.networks.keys().collect();
        keys.sort_by_key(|key| (-self.networks[*key].priority, *key));
        keys
    }

    /// Returns on how many networks the file sets a MAC address. The service's own `mac_address` counts for the first
    /// network.
    pub fn addressed_networks(&self) -> usize {
        let is_addressed = |(index, key): (usize, &&NetworkKey)| {
            self.networks[*key].mac_address.is_some() || (index == 0 && self.mac_address.is_some())
        };
        self.networks_in_order().iter().enumerate().filter(|one| is_addressed(*one)).count()
    }
}

/// A namespace that a container may share with another one: `network_mode`, `ipc`, `pid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// `service:NAME`: the namespace of the first container of a service.
    Service(ServiceName),
    /// `container:NAME`: the namespace of a container outside the project.
    Container(String),
    /// A mode that the engine knows: `host`, `none`, `bridge`, `private`, `shareable`.
    Mode(String),
}

/// One entry of `volumes_from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumesFrom {
    /// The container or service whose volumes are mounted.
    pub from: VolumesFromSource,
    /// `:ro`.
    pub is_read_only: bool,
}

/// The source of `volumes_from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumesFromSource {
    /// A service of this project.
    Service(ServiceName),
    /// A container outside the project.
    Container(String),
}

/// One entry of `devices`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The path on the host, or a CDI name `vendor/class=name`.
    pub source: String,
    /// The path in the container; empty for a CDI name.
    pub target: String,
    /// Letters of `rwm` (read, write, mknod); empty for a CDI name.
    pub permissions: String,
}

impl Device {
    /// Returns whether `source` is a CDI name and not a path.
    pub fn is_cdi(&self) -> bool {
        self.source.contains('=') && !self.source.starts_with('/')
    }
}

/// A request for the devices of a driver (`gpus`, `reservations.devices`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceRequest {
    /// `driver`.
    pub driver: Option<String>,
    /// `count`; -1 for all devices. `None` with `device_ids`.
    pub count: Option<i64>,
    /// `device_ids`.
    pub device_ids: Vec<String>,
    /// `capabilities`.
    pub capabilities: Vec<String>,
    /// `options`.
    pub options: BTreeMap<String, String>,
}
