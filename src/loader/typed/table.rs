//! The table of the model: every attribute with its type, in the order in which docker compose prints them.
//!
//! Compat: the attributes have the order of the structs in compose-go `types/types.go`, on which the config hash
//! depends.

/// The type of an attribute, which also says whether an empty value is printed.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text; left out when empty.
    Text,
    /// True; left out when false.
    Flag,
    /// True or false.
    FlagKept,
    /// A whole number; left out when 0.
    Int,
    /// A whole number.
    IntKept,
    /// A whole number that is not negative.
    Count,
    /// A whole number that is not negative; left out when 0.
    CountNonZero,
    /// A whole number that is not negative, without quotes; left out when 0.
    Weight,
    /// A whole number of digits only, so not `1e3`; left out when 0.
    Exact,
    /// A number of single precision; left out when 0.
    Float,
    /// A number of single precision; left out when 0.
    Cpus,
    /// Bytes, printed as text; left out when 0.
    Bytes,
    /// A duration, printed as Go does.
    Duration,
    /// A duration; left out when 0.
    DurationNonZero,
    /// A file mode, printed in octal.
    Mode,
    /// Text or number, printed as text.
    Texts,
    /// A list; a single value is a list of one item.
    List(&'static Kind),
    /// A mapping; left out when empty.
    Map(&'static Kind),
    /// Texts by name, or a list of `K=V`; null becomes an empty text.
    Pairs,
    /// Texts and whole numbers by name; null becomes an empty text.
    TextOptions,
    /// Texts by name, or a list of `K=V`; null stays null.
    Environment,
    /// A command: a text is split into words as a shell would. JSON prints `null` for an absent command.
    Command,
    /// A list of `name=address`, sorted.
    Hosts,
    /// A number, or a mapping with `soft` and `hard`.
    Ulimit,
    /// A mapping with a table of its own; null stays null.
    Struct(&'static [Field]),
    /// As [`Kind::Struct`], without extensions (`x-`).
    StructBare(&'static [Field]),
    /// As [`Kind::StructBare`], where an empty field or 0 is printed, too.
    StructFull(&'static [Field]),
    /// As [`Kind::Struct`], where an absent mapping is printed as an empty mapping.
    StructKept(&'static [Field]),
    /// The test of a health check.
    Test,
    /// SSH keys, sorted: `id` or `id: path`.
    Ssh,
    /// Options of a provider: lists of texts.
    Options,
}

/// An attribute: its name and its type.
pub(super) type Field = (&'static str, Kind);

use Kind::*;

const TEXT: Kind = Text;
const LIST: Kind = List(&Texts);

/// A service.
pub(super) const SERVICE: &[Field] = &[
    ("profiles", LIST),
    ("annotations", Pairs),
    ("attach", FlagKept),
    ("build", Struct(BUILD)),
    ("develop", Struct(&[("watch", List(&Struct(WATCH)))])),
    ("blkio_config", Struct(BLKIO)),
    ("cap_add", LIST),
    ("cap_drop", LIST),
    ("cgroup_parent", TEXT),
    ("cgroup", TEXT),
    ("cpu_count", Int),
    ("cpu_percent", Float),
    ("cpu_period", Int),
    ("cpu_quota", Int),
    ("cpu_rt_period", Int),
    ("cpu_rt_runtime", Int),
    ("cpus", Float),
    ("cpuset", TEXT),
    ("cpu_shares", Int),
    ("command", Command),
    ("configs", List(&Struct(MOUNTED_FILE))),
    ("container_name", TEXT),
    ("credential_spec", Struct(&[("config", TEXT), ("file", TEXT), ("registry", TEXT)])),
    ("depends_on", Map(&Struct(&[("condition", TEXT), ("restart", Flag), ("required", FlagKept)]))),
    ("deploy", Struct(DEPLOY)),
    ("device_cgroup_rules", LIST),
    ("devices", List(&Struct(&[("source", TEXT), ("target", TEXT), ("permissions", TEXT)]))),
    ("dns", LIST),
    ("dns_opt", LIST),
    ("dns_search", LIST),
    ("domainname", TEXT),
    ("entrypoint", Command),
    ("provider", Struct(&[("type", TEXT), ("options", Map(&Options))])),
    ("environment", Environment),
    ("env_file", List(&Struct(&[("path", TEXT), ("required", FlagKept), ("format", TEXT)]))),
    ("expose", LIST),
    ("extends", Struct(&[("file", TEXT), ("service", TEXT)])),
    ("external_links", LIST),
    ("extra_hosts", Hosts),
    ("group_add", LIST),
    ("gpus", List(&StructBare(DEVICE_REQUEST))),
    ("hostname", TEXT),
    ("healthcheck", Struct(HEALTHCHECK)),
    ("image", TEXT),
    ("init", FlagKept),
    ("ipc", TEXT),
    ("isolation", TEXT),
    ("labels", Pairs),
    ("label_file", LIST),
    ("links", LIST),
    ("logging", Struct(&[("driver", TEXT), ("options", Pairs)])),
    ("mem_limit", Bytes),
    ("mem_reservation", Bytes),
    ("memswap_limit", Bytes),
    ("mem_swappiness", Bytes),
    ("mac_address", TEXT),
    ("models", Map(&Struct(&[("endpoint_var", TEXT), ("model_var", TEXT)]))),
    ("network_mode", TEXT),
    ("networks", Map(&Struct(ATTACHMENT))),
    ("oom_kill_disable", Flag),
    ("oom_score_adj", Int),
    ("pid", TEXT),
    ("pids_limit", Int),
    ("platform", TEXT),
    ("ports", List(&Struct(PORT))),
    ("privileged", Flag),
    ("pull_policy", TEXT),
    ("read_only", Flag),
    ("restart", TEXT),
    ("runtime", TEXT),
    ("scale", IntKept),
    ("secrets", List(&Struct(MOUNTED_FILE))),
    ("security_opt", LIST),
    ("shm_size", Bytes),
    ("stdin_open", Flag),
    ("stop_grace_period", Duration),
    ("stop_signal", TEXT),
    ("storage_opt", TextOptions),
    ("sysctls", Pairs),
    ("tmpfs", LIST),
    ("tty", Flag),
    ("ulimits", Map(&Ulimit)),
    ("use_api_socket", Flag),
    ("user", TEXT),
    ("userns_mode", TEXT),
    ("uts", TEXT),
    ("volumes", List(&Struct(VOLUME_MOUNT))),
    ("volumes_from", LIST),
    ("working_dir", TEXT),
    ("post_start", List(&Struct(HOOK))),
    ("pre_stop", List(&Struct(HOOK))),
];

const BUILD: &[Field] = &[
    ("context", TEXT),
    ("dockerfile", TEXT),
    ("dockerfile_inline", TEXT),
    ("entitlements", LIST),
    ("args", Environment),
    ("provenance", TEXT),
    ("sbom", TEXT),
    ("ssh", Ssh),
    ("labels", Pairs),
    ("cache_from", LIST),
    ("cache_to", LIST),
    ("no_cache", Flag),
    ("no_cache_filter", LIST),
    ("additional_contexts", Pairs),
    ("pull", Flag),
    ("extra_hosts", Hosts),
    ("isolation", TEXT),
    ("network", TEXT),
    ("target", TEXT),
    ("secrets", List(&Struct(MOUNTED_FILE))),
    ("shm_size", Bytes),
    ("tags", LIST),
    ("ulimits", Map(&Ulimit)),
    ("platforms", LIST),
    ("privileged", Flag),
];

const WATCH: &[Field] = &[
    ("path", TEXT),
    ("action", TEXT),
    ("target", TEXT),
    ("exec", StructKept(HOOK)),
    ("include", LIST),
    ("ignore", LIST),
    ("initial_sync", Flag),
];

const HOOK: &[Field] =
    &[("command", Command), ("user", TEXT), ("privileged", Flag), ("working_dir", TEXT), ("environment", Environment)];

// Compat: compose-go gives these fields no JSON names, so Go prints the field names.
const THROTTLE: &[Field] = &[("Path", TEXT), ("Rate", Bytes)];

const BLKIO: &[Field] = &[
    ("weight", Weight),
    ("weight_device", List(&StructFull(&[("Path", TEXT), ("Weight", Weight)]))),
    ("device_read_bps", List(&StructFull(THROTTLE))),
    ("device_read_iops", List(&StructFull(THROTTLE))),
    ("device_write_bps", List(&StructFull(THROTTLE))),
    ("device_write_iops", List(&StructFull(THROTTLE))),
];

const MOUNTED_FILE: &[Field] = &[("source", TEXT), ("target", TEXT), ("uid", TEXT), ("gid", TEXT), ("mode", Mode)];

const UPDATE: &[Field] = &[
    ("parallelism", Count),
    ("delay", DurationNonZero),
    ("failure_action", TEXT),
    ("monitor", DurationNonZero),
    ("max_failure_ratio", Float),
    ("order", TEXT),
];

const RESOURCE: &[Field] = &[
    ("cpus", Cpus),
    ("memory", Bytes),
    ("pids", Int),
    ("devices", List(&StructBare(DEVICE_REQUEST))),
    ("generic_resources", List(&Struct(&[("discrete_resource_spec", Struct(&[("kind", TEXT), ("value", IntKept)]))]))),
];

const DEVICE_REQUEST: &[Field] =
    &[("capabilities", LIST), ("driver", TEXT), ("count", Exact), ("device_ids", LIST), ("options", Pairs)];

const DEPLOY: &[Field] = &[
    ("mode", TEXT),
    ("replicas", Count),
    ("labels", Pairs),
    ("update_config", Struct(UPDATE)),
    ("rollback_config", Struct(UPDATE)),
    ("resources", StructKept(&[("limits", Struct(RESOURCE)), ("reservations", Struct(RESOURCE))])),
    (
        "restart_policy",
        Struct(&[("condition", TEXT), ("delay", Duration), ("max_attempts", Count), ("window", Duration)]),
    ),
    (
        "placement",
        StructKept(&[
            ("constraints", LIST),
            ("preferences", List(&Struct(&[("spread", TEXT)]))),
            ("max_replicas_per_node", CountNonZero),
        ]),
    ),
    ("endpoint_mode", TEXT),
];

const HEALTHCHECK: &[Field] = &[
    ("test", Test),
    ("timeout", Duration),
    ("interval", Duration),
    ("retries", Count),
    ("start_period", Duration),
    ("start_interval", Duration),
    ("disable", Flag),
];

const ATTACHMENT: &[Field] = &[
    ("aliases", LIST),
    ("driver_opts", Pairs),
    ("gw_priority", Int),
    ("interface_name", TEXT),
    ("ipv4_address", TEXT),
    ("ipv6_address", TEXT),
    ("link_local_ips", LIST),
    ("mac_address", TEXT),
    ("priority", Int),
];

const PORT: &[Field] = &[
    ("name", TEXT),
    ("mode", TEXT),
    ("host_ip", TEXT),
    ("target", CountNonZero),
    ("published", TEXT),
    ("protocol", TEXT),
    ("app_protocol", TEXT),
];

const VOLUME_MOUNT: &[Field] = &[
    ("type", TEXT),
    ("source", TEXT),
    ("target", TEXT),
    ("read_only", Flag),
    ("consistency", TEXT),
    ("bind", Struct(&[("selinux", TEXT), ("propagation", TEXT), ("create_host_path", Flag), ("recursive", TEXT)])),
    ("volume", Struct(&[("labels", Pairs), ("nocopy", Flag), ("subpath", TEXT)])),
    ("tmpfs", Struct(&[("size", Bytes), ("mode", CountNonZero)])),
    ("image", Struct(&[("subpath", TEXT)])),
];

/// A network.
pub(super) const NETWORK: &[Field] = &[
    ("name", TEXT),
    ("driver", TEXT),
    ("driver_opts", Pairs),
    (
        "ipam",
        StructKept(&[
            ("driver", TEXT),
            (
                "config",
                List(&Struct(&[("subnet", TEXT), ("gateway", TEXT), ("ip_range", TEXT), ("aux_addresses", Pairs)])),
            ),
        ]),
    ),
    ("external", Flag),
    ("internal", Flag),
    ("attachable", Flag),
    ("labels", Pairs),
    ("enable_ipv4", FlagKept),
    ("enable_ipv6", FlagKept),
];

/// A member of `models`.
pub(super) const MODEL: &[Field] =
    &[("name", Text), ("model", Text), ("context_size", Int), ("runtime_flags", List(&Text))];

/// A volume.
pub(super) const VOLUME: &[Field] =
    &[("name", TEXT), ("driver", TEXT), ("driver_opts", Pairs), ("external", Flag), ("labels", Pairs)];

/// A secret or a config.
pub(super) const FILE_OBJECT: &[Field] = &[
    ("name", TEXT),
    ("file", TEXT),
    ("environment", TEXT),
    ("content", TEXT),
    ("external", Flag),
    ("labels", Pairs),
    ("driver", TEXT),
    ("driver_opts", Pairs),
    ("template_driver", TEXT),
];
