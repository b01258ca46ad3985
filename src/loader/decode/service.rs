//! Decodes a service. Larger attributes are decoded in `parts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::get::{Get, readable};
use super::parts;
use super::resources::without_extensions;
use super::spans::ServiceSpans;
use crate::loader::tree::Node;
use crate::model::{
    Condition, Dependency, Device, DeviceRequest, FileReference, Hook, Logging, Namespace, NetworkAttachment, Provider,
    RestartPolicy, Service, ServiceName, Span, VolumesFrom, VolumesFromSource, WatchAction, WatchRule,
};

/// Builds a service. `span` is the place of its key.
pub(super) fn service(name: &str, value: &Json, node: Option<&Node>, span: Span) -> Service {
    let spans = ServiceSpans { node, span };
    let deploy = value.get("deploy").unwrap_or(&Json::Null);
    let scale = value.int("scale").or_else(|| deploy.int("replicas"));
    let service = Service {
        name: name.into(),
        span,
        canonical: Arc::new(without_extensions(value)),
        image: value.text("image").map(Into::into),
        image_span: spans.attribute("image"),
        build: value.get("build").map(|build| parts::build(build, spans.attribute("build"))),
        pull_policy: value.text("pull_policy"),
        platform: value.text("platform"),
        provider: value.get("provider").map(|provider| provided(provider, spans.attribute("provider"))),
        labels: value.pairs("labels"),
        annotations: value.pairs("annotations"),
        container_name: value.text("container_name"),
        restart: restart(value, deploy),
        replicas: scale.and_then(|scale| u32::try_from(scale).ok()).unwrap_or(1),
        has_explicit_scale: scale.is_some(),
        attach: value.flag("attach").unwrap_or(true),
        depends_on: depends_on(value, &spans),
        profiles: value.texts("profiles"),
        volumes: parts::volumes(value, &spans),
        healthcheck: value.get("healthcheck").map(|check| parts::healthcheck(check, spans.attribute("healthcheck"))),
        logging: value
            .get("logging")
            .map(|logging| Logging { driver: logging.text("driver"), options: logging.pairs("options") }),
        deploy: parts::deploy(deploy),
        limits: parts::limits(value, deploy),
        device_requests: requests(value, deploy),
        post_start: hooks(value, "post_start", &spans),
        pre_stop: hooks(value, "pre_stop", &spans),
        watch: watch(value, &spans),
        ..Service::default()
    };
    with_files(value, &spans, with_networks(value, &spans, with_process(value, service)))
}

/// Fills in the attributes of the process: command, user, terminal, rights.
fn with_process(value: &Json, service: Service) -> Service {
    let command = |key: &str| value.get(key).and_then(Json::as_array).map(|_| value.texts(key));
    let flag = |key: &str| value.flag(key).unwrap_or_default();
    Service {
        command: command("command"),
        entrypoint: command("entrypoint"),
        environment: environment(value),
        hostname: value.text("hostname"),
        domainname: value.text("domainname"),
        user: value.text("user"),
        working_dir: value.text("working_dir"),
        tty: flag("tty"),
        stdin_open: flag("stdin_open"),
        read_only: flag("read_only"),
        privileged: flag("privileged"),
        init: value.flag("init"),
        runtime: value.text("runtime"),
        isolation: value.text("isolation"),
        stop_signal: value.text("stop_signal"),
        stop_grace_period: value.duration("stop_grace_period"),
        cap_add: value.texts("cap_add"),
        cap_drop: value.texts("cap_drop"),
        group_add: value.texts("group_add"),
        security_opt: value.texts("security_opt"),
        sysctls: value.pairs("sysctls"),
        use_api_socket: flag("use_api_socket"),
        ..service
    }
}

/// Fills in networks, ports, host names, and namespaces.
fn with_networks(value: &Json, spans: &ServiceSpans<'_>, service: Service) -> Service {
    Service {
        links: value
            .texts("links")
            .iter()
            .map(|link| link_of(link))
            .map(|(name, alias)| (ServiceName::from(name), alias))
            .collect(),
        external_links: value.texts("external_links").iter().map(|link| link_of(link)).collect(),
        networks: networks(value, spans),
        network_mode: value.text("network_mode").filter(|mode| !mode.is_empty()).map(namespace),
        ipc: value.text("ipc").map(namespace),
        pid: value.text("pid").map(namespace),
        uts: value.text("uts"),
        userns_mode: value.text("userns_mode"),
        cgroup: value.text("cgroup"),
        cgroup_parent: value.text("cgroup_parent"),
        mac_address: value.text("mac_address"),
        ports: parts::ports(value, spans),
        expose: value.texts("expose"),
        dns: value.texts("dns"),
        dns_opt: value.texts("dns_opt"),
        dns_search: value.texts("dns_search"),
        extra_hosts: parts::hosts(value),
        ..service
    }
}

/// Fills in files and devices. `volumes` is not included, because decoding it can fail; the caller does it.
fn with_files(value: &Json, spans: &ServiceSpans<'_>, service: Service) -> Service {
    Service {
        volumes_from: value.texts("volumes_from").iter().map(|text| volumes_from(text)).collect(),
        tmpfs: value.texts("tmpfs"),
        secrets: references(value, "secrets", spans),
        configs: references(value, "configs", spans),
        devices: value.list("devices").iter().map(device).collect(),
        device_cgroup_rules: value.texts("device_cgroup_rules"),
        storage_opt: value.pairs("storage_opt"),
        ..service
    }
}

/// Returns `environment`. A variable without a value is `None`.
fn environment(value: &Json) -> BTreeMap<String, Option<String>> {
    let entries = value.get("environment").and_then(Json::as_object).into_iter().flatten();
    entries.map(|(key, value)| (readable(key), value.as_str().map(readable))).collect()
}

/// Returns the `provider` of a service that has no container.
fn provided(value: &Json, span: Span) -> Provider {
    let options = value.get("options").and_then(Json::as_object).into_iter().flatten();
    let texts =
        |value: &Json| value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
    Provider {
        kind: value.text("type").unwrap_or_default(),
        options: options.map(|(key, value)| (key.clone(), texts(value))).collect(),
        span,
    }
}

/// Returns the restart policy. `deploy.restart_policy` has priority over `restart`, also without a condition.
///
/// Compat: without a condition the engine's default `no` applies, although the specification's default is `any`.
fn restart(value: &Json, deploy: &Json) -> RestartPolicy {
    let policy = deploy.get("restart_policy").filter(|policy| !policy.is_null());
    let restart = value.text("restart").unwrap_or_default();
    let (word, attempts) = match policy {
        Some(policy) => (policy.text("condition").unwrap_or_default(), policy.int("max_attempts")),
        None => {
            let (word, count) = restart.split_once(':').unwrap_or((&restart, ""));
            (word.to_owned(), count.parse().ok())
        }
    };
    match word.as_str() {
        "any" | "always" => RestartPolicy::Always,
        "unless-stopped" => RestartPolicy::UnlessStopped,
        "on-failure" => {
            RestartPolicy::OnFailure(attempts.and_then(|count| u32::try_from(count).ok()).unwrap_or_default())
        }
        _ => RestartPolicy::No,
    }
}

/// Returns the dependencies of a service.
fn depends_on(value: &Json, spans: &ServiceSpans<'_>) -> BTreeMap<ServiceName, Dependency> {
    let entries = value.get("depends_on").and_then(Json::as_object).into_iter().flatten();
    let edge = |(name, edge): (&String, &Json)| {
        let condition = match edge.text("condition").as_deref() {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let dependency = Dependency {
            condition,
            required: edge.flag("required").unwrap_or(true),
            restart: edge.flag("restart").unwrap_or_default(),
            via: "depends_on",
            span: spans.key("depends_on", name),
        };
        (ServiceName::from(name.as_str()), dependency)
    };
    entries.map(edge).collect()
}

/// Splits `NAME[:ALIAS]`.
fn link_of(text: &str) -> (String, String) {
    let (name, alias) = text.split_once(':').unwrap_or((text, text));
    (name.to_owned(), alias.to_owned())
}

/// Returns the namespace for a mode.
fn namespace(mode: String) -> Namespace {
    match mode.split_once(':') {
        Some(("service", name)) => Namespace::Service(name.into()),
        Some(("container", name)) => Namespace::Container(name.to_owned()),
        _ => Namespace::Mode(mode),
    }
}

/// Returns the attachments to networks, in the order of the file.
fn networks(value: &Json, spans: &ServiceSpans<'_>) -> indexmap::IndexMap<crate::model::NetworkKey, NetworkAttachment> {
    let entries = value.get("networks").and_then(Json::as_object).into_iter().flatten();
    let attachment = |(key, value): (&String, &Json)| {
        let attachment = NetworkAttachment {
            span: spans.key("networks", key),
            aliases: value.texts("aliases"),
            ipv4_address: value.text("ipv4_address"),
            ipv6_address: value.text("ipv6_address"),
            link_local_ips: value.texts("link_local_ips"),
            mac_address: value.text("mac_address"),
            driver_opts: value.pairs("driver_opts"),
            interface_name: value.text("interface_name"),
            gw_priority: value.int("gw_priority").unwrap_or_default(),
            priority: value.int("priority").unwrap_or_default(),
        };
        (key.as_str().into(), attachment)
    };
    entries.map(attachment).collect()
}

/// Reads `SERVICE[:ro]` or `container:NAME[:ro]`.
fn volumes_from(text: &str) -> VolumesFrom {
    let (rest, is_read_only) = match text.strip_suffix(":ro") {
        Some(rest) => (rest, true),
        None => (text.strip_suffix(":rw").unwrap_or(text), false),
    };
    let from = match rest.strip_prefix("container:") {
        Some(name) => VolumesFromSource::Container(name.to_owned()),
        None => VolumesFromSource::Service(rest.into()),
    };
    VolumesFrom { from, is_read_only }
}

/// Returns the references to secrets or configs.
fn references(value: &Json, key: &str, spans: &ServiceSpans<'_>) -> Vec<FileReference> {
    let reference = |(index, value): (usize, &Json)| FileReference {
        span: spans.item(key, index),
        source: value.text("source").unwrap_or_default(),
        target: value.text("target"),
        uid: value.text("uid"),
        gid: value.text("gid"),
        mode: value.text("mode").and_then(|mode| u32::from_str_radix(&mode, 8).ok()),
    };
    value.list(key).iter().enumerate().map(reference).collect()
}

/// Decodes a device. A device given by its path gets the default permissions of the short form if it has none.
fn device(value: &Json) -> Device {
    let mut device = Device {
        source: value.text("source").unwrap_or_default(),
        target: value.text("target").unwrap_or_default(),
        permissions: value.text("permissions").unwrap_or_default(),
    };
    if !device.is_cdi() && device.permissions.is_empty() {
        device.permissions.push_str("rwm");
    }
    device
}

/// Returns the requests for devices, of `deploy.resources.reservations.devices` first and then of `gpus`.
///
/// Compat: `gpus` implies the capability `gpu`.
fn requests(value: &Json, deploy: &Json) -> Vec<DeviceRequest> {
    let reserved =
        deploy.pointer("/resources/reservations").map(|reservations| reservations.list("devices")).unwrap_or_default();
    let request = |value: &Json, implied: Option<&str>| DeviceRequest {
        driver: value.text("driver"),
        count: value.int("count"),
        device_ids: value.texts("device_ids"),
        capabilities: implied.map(str::to_owned).into_iter().chain(value.texts("capabilities")).collect(),
        options: value.pairs("options"),
    };
    let gpus = value.list("gpus").iter().map(|value| request(value, Some("gpu")));
    reserved.iter().map(|value| request(value, None)).chain(gpus).collect()
}

/// Returns the hooks of `post_start` or `pre_stop`.
fn hooks(value: &Json, key: &str, spans: &ServiceSpans<'_>) -> Vec<Hook> {
    value.list(key).iter().enumerate().map(|(index, value)| hook(value, spans.item(key, index))).collect()
}

fn hook(value: &Json, span: Span) -> Hook {
    let variables = environment(value);
    Hook {
        span,
        command: value.texts("command"),
        user: value.text("user"),
        privileged: value.flag("privileged").unwrap_or_default(),
        working_dir: value.text("working_dir"),
        environment: variables
            .into_iter()
            .map(|(key, value)| value.map_or(key.clone(), |value| format!("{key}={value}")))
            .collect(),
    }
}

/// Returns `develop.watch`. The schema has refused unknown actions.
fn watch(value: &Json, spans: &ServiceSpans<'_>) -> Vec<WatchRule> {
    let span = spans.attribute("develop");
    let rule = |value: &Json| {
        let exec = value.get("exec").map(|exec| hook(exec, span)).filter(|hook| !hook.command.is_empty());
        Some(WatchRule {
            span,
            path: value.text("path")?.into(),
            action: WatchAction::parse(&value.text("action")?)?,
            target: value.text("target"),
            include: value.texts("include"),
            ignore: value.texts("ignore"),
            exec,
            initial_sync: value.flag("initial_sync").unwrap_or_default(),
        })
    };
    let rules = value.get("develop").map(|develop| develop.list("watch")).unwrap_or_default();
    rules.iter().filter_map(rule).collect()
}
