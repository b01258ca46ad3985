//! The larger attributes of a service: build, ports, volumes, health check, deploy, limits.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::get::{Get, readable};
use super::spans::ServiceSpans;
use crate::model::{
    Blkio, Build, Deploy, FailureAction, FileReference, Healthcheck, Limits, Mount, MountSource, Port, Span, Ulimit,
    UpdateConfig, UpdateOrder,
};

/// Decodes `build`.
pub(super) fn build(value: &Json, span: Span) -> Build {
    let args = value.get("args").and_then(Json::as_object).into_iter().flatten();
    Build {
        span,
        context: value.text("context").unwrap_or_default(),
        dockerfile: value.text("dockerfile"),
        dockerfile_inline: value.text("dockerfile_inline"),
        args: args.map(|(key, value)| (readable(key), value.as_str().map(readable))).collect(),
        labels: value.pairs("labels"),
        target: value.text("target"),
        network: value.text("network"),
        cache_from: value.texts("cache_from"),
        cache_to: value.texts("cache_to"),
        no_cache: value.flag("no_cache").unwrap_or_default(),
        no_cache_filter: value.texts("no_cache_filter"),
        pull: value.flag("pull").unwrap_or_default(),
        shm_size: value.int("shm_size").and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        extra_hosts: hosts(value),
        tags: value.texts("tags"),
        platforms: value.texts("platforms"),
        additional_contexts: value.pairs("additional_contexts"),
        secrets: value
            .list("secrets")
            .iter()
            .map(|secret| FileReference {
                span,
                source: secret.text("source").unwrap_or_default(),
                target: secret.text("target"),
                ..FileReference::default()
            })
            .collect(),
        ssh: value
            .texts("ssh")
            .iter()
            .map(|key| key.split_once(": ").unwrap_or((key, "")))
            .map(|(id, path)| (id.to_owned(), path.to_owned()))
            .collect(),
        ulimits: ulimits(value),
        privileged: value.flag("privileged").unwrap_or_default(),
        entitlements: value.texts("entitlements"),
        isolation: value.text("isolation"),
        provenance: value.text("provenance"),
        sbom: value.text("sbom"),
    }
}

/// Decodes `extra_hosts`.
pub(super) fn hosts(value: &Json) -> Vec<(String, String)> {
    let entries = value.texts("extra_hosts");
    entries
        .iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(host, address)| (host.to_owned(), address.to_owned()))
        .collect()
}

/// Decodes `ports`.
pub(super) fn ports(value: &Json, spans: &ServiceSpans<'_>) -> Vec<Port> {
    let port = |(index, value): (usize, &Json)| Port {
        span: spans.item("ports", index),
        target: value.int("target").and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        published: value.text("published").filter(|text| !text.is_empty()),
        host_ip: value.text("host_ip").and_then(|ip| ip.parse().ok()),
        protocol: value.text("protocol").unwrap_or_else(|| "tcp".to_owned()),
        mode: value.text("mode").unwrap_or_default(),
    };
    value.list("ports").iter().enumerate().map(port).collect()
}

/// Decodes `volumes`.
pub(super) fn volumes(value: &Json, spans: &ServiceSpans<'_>) -> Vec<Mount> {
    let mount = |(index, value): (usize, &Json)| Mount {
        span: spans.item("volumes", index),
        source: source(value),
        target: value.text("target").unwrap_or_default(),
        is_read_only: value.flag("read_only").unwrap_or_default(),
        consistency: value.text("consistency"),
    };
    value.list("volumes").iter().enumerate().map(mount).collect()
}

/// Returns the source of a mount.
fn source(value: &Json) -> MountSource {
    let part = |key: &str| value.get(key).unwrap_or(&Json::Null);
    let name = value.text("source").unwrap_or_default();
    match value.text("type").as_deref() {
        Some("bind") => MountSource::Bind {
            path: name,
            // Compat: docker compose creates the directory also if the long form has no `bind`.
            create_host_path: value.get("bind").is_none_or(|bind| bind.flag("create_host_path").unwrap_or_default()),
            propagation: part("bind").text("propagation"),
            selinux: part("bind").text("selinux"),
            recursive: part("bind").text("recursive"),
        },
        Some("tmpfs") => {
            let number = |key: &str| part("tmpfs").int(key);
            MountSource::Tmpfs {
                size: number("size").and_then(|size| u64::try_from(size).ok()),
                mode: number("mode").and_then(|mode| u32::try_from(mode).ok()),
            }
        }
        Some("image") => MountSource::Image { image: name, subpath: part("image").text("subpath") },
        Some("npipe") => MountSource::NamedPipe { path: name },
        Some("cluster") => MountSource::Cluster { name },
        _ if name.is_empty() => MountSource::Anonymous { nocopy: part("volume").flag("nocopy").unwrap_or_default() },
        _ => MountSource::Volume {
            key: name.into(),
            nocopy: part("volume").flag("nocopy").unwrap_or_default(),
            subpath: part("volume").text("subpath"),
        },
    }
}

/// Decodes `healthcheck`.
pub(super) fn healthcheck(value: &Json, span: Span) -> Healthcheck {
    let test = value.texts("test");
    let is_disabled = value.flag("disable").unwrap_or_default() || test.first().is_some_and(|word| word == "NONE");
    Healthcheck {
        span,
        test,
        interval: value.duration("interval"),
        timeout: value.duration("timeout"),
        retries: value.int("retries").and_then(|count| u32::try_from(count).ok()),
        start_period: value.duration("start_period"),
        start_interval: value.duration("start_interval"),
        is_disabled,
    }
}

/// Decodes `deploy`.
pub(super) fn deploy(value: &Json) -> Deploy {
    let update = value.get("update_config").map(|update| UpdateConfig {
        parallelism: update.int("parallelism").and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        delay: update.duration("delay").unwrap_or_default(),
        failure_action: match update.text("failure_action").as_deref() {
            Some("continue") => FailureAction::Continue,
            Some("rollback") => FailureAction::Rollback,
            _ => FailureAction::Pause,
        },
        monitor: update.duration("monitor"),
        order: match update.text("order").as_deref() {
            Some("start-first") => UpdateOrder::StartFirst,
            _ => UpdateOrder::StopFirst,
        },
    });
    Deploy { update }
}

/// Decodes the limits of a service. An attribute of the service has priority over the same limit under `deploy`.
pub(super) fn limits(value: &Json, deploy: &Json) -> Limits {
    let limit = deploy.pointer("/resources/limits").unwrap_or(&Json::Null);
    let reserved = deploy.pointer("/resources/reservations").unwrap_or(&Json::Null);
    let int = |key: &str| value.int(key).unwrap_or_default();
    let number = |value: &Json, key: &str| {
        value.get(key).and_then(|number| number.as_f64().or_else(|| number.as_str()?.parse().ok()))
    };
    let cpus = number(value, "cpus").or_else(|| number(limit, "cpus")).unwrap_or_default();
    Limits {
        nano_cpus: (cpus * 1e9).round() as i64,
        cpu_count: int("cpu_count"),
        cpu_percent: number(value, "cpu_percent").unwrap_or_default() as i64,
        cpu_shares: int("cpu_shares"),
        cpu_period: int("cpu_period"),
        cpu_quota: int("cpu_quota"),
        cpu_rt_period: int("cpu_rt_period"),
        cpu_rt_runtime: int("cpu_rt_runtime"),
        cpuset: value.text("cpuset").unwrap_or_default(),
        memory: value.int("mem_limit").or_else(|| limit.int("memory")).unwrap_or_default(),
        memory_reservation: value.int("mem_reservation").or_else(|| reserved.int("memory")).unwrap_or_default(),
        memory_swap: int("memswap_limit"),
        memory_swappiness: value.int("mem_swappiness"),
        pids: value.int("pids_limit").or_else(|| limit.int("pids")),
        oom_kill_disable: value.flag("oom_kill_disable").unwrap_or_default(),
        oom_score_adj: int("oom_score_adj"),
        shm_size: int("shm_size"),
        ulimits: ulimits(value),
        blkio: blkio(value.get("blkio_config").unwrap_or(&Json::Null)),
    }
}

/// Decodes `ulimits`.
fn ulimits(value: &Json) -> BTreeMap<String, Ulimit> {
    let entries = value.get("ulimits").and_then(Json::as_object).into_iter().flatten();
    let limit = |(name, value): (&String, &Json)| {
        let limit = match value.as_i64() {
            Some(both) => Ulimit { soft: both, hard: both },
            None => Ulimit { soft: value.int("soft").unwrap_or_default(), hard: value.int("hard").unwrap_or_default() },
        };
        (name.clone(), limit)
    };
    entries.map(limit).collect()
}

/// Decodes `blkio_config`. JSON has some of its fields with a capital.
fn blkio(value: &Json) -> Blkio {
    let path = |device: &Json| device.text("path").or_else(|| device.text("Path")).unwrap_or_default();
    let throttle = |key: &str| -> Vec<(String, u64)> {
        let rate = |device: &Json| {
            device
                .int("rate")
                .or_else(|| device.int("Rate"))
                .and_then(|rate| u64::try_from(rate).ok())
                .unwrap_or_default()
        };
        value.list(key).iter().map(|device| (path(device), rate(device))).collect()
    };
    Blkio {
        weight: value.int("weight").and_then(|weight| u16::try_from(weight).ok()).unwrap_or_default(),
        weight_device: value
            .list("weight_device")
            .iter()
            .map(|device| {
                (path(device), device.int("Weight").and_then(|weight| u16::try_from(weight).ok()).unwrap_or_default())
            })
            .collect(),
        device_read_bps: throttle("device_read_bps"),
        device_write_bps: throttle("device_write_bps"),
        device_read_iops: throttle("device_read_iops"),
        device_write_iops: throttle("device_write_iops"),
    }
}
