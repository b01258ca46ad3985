//! The engine's answers about containers, networks and volumes, in our words.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::definition::definition;
use super::{health, logs};
use crate::engine::docker::http::errors::kind_of_start;
use crate::engine::{ContainerDetails, ProbeResult, Processes};
use crate::model::{
    ContainerId, ContainerName, ContainerState, Healthcheck, ImageId, Ipam, IpamPool, Machine, NetworkId, NetworkName,
    ObservedContainer, ObservedEndpoint, ObservedMount, ObservedNetwork, ObservedPort, ObservedVolume, Plugins,
    VolumeName,
};

pub(super) type Labels = Option<BTreeMap<String, String>>;

/// One entry of `GET /containers/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Container {
    id: String,
    names: Option<Vec<String>>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    command: String,
    created: i64,
    state: String,
    status: String,
    labels: Labels,
    ports: Option<Vec<Port>>,
    mounts: Option<Vec<Mount>>,
    network_settings: Option<NetworkSettings>,
    host_config: Option<HostConfig>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Port {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: Option<u16>,
    #[serde(rename = "Type")]
    protocol: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Mount {
    #[serde(rename = "Type")]
    kind: String,
    name: String,
    source: String,
    destination: String,
    #[serde(rename = "RW")]
    is_writable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network_id: Option<String>,
    #[serde(rename = "IPAddress")]
    ip_address: Option<String>,
    #[serde(rename = "Aliases")]
    aliases: Option<Vec<String>>,
    #[serde(rename = "IPAMConfig")]
    ipam: Option<FixedAddresses>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FixedAddresses {
    #[serde(rename = "IPv4Address")]
    v4: String,
    #[serde(rename = "IPv6Address")]
    v6: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfig {
    network_mode: String,
}

/// Returns a listed container in our words.
pub(crate) fn container(from: Container) -> ObservedContainer {
    // A link of another container adds a second name with a slash inside: `/web/db`.
    let own = |name: &String| !name.trim_start_matches('/').contains('/');
    let names = from.names.unwrap_or_default();
    let name = names.iter().find(|name| own(name)).or(names.first());
    let name = name.map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default();
    let state = ContainerState::parse(&from.state);
    let networks = from.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    // The engine gives mounts and ports in another order each time.
    let mut mounts: Vec<_> = from.mounts.unwrap_or_default().into_iter().map(mount).collect();
    mounts.sort_by(|one, other| one.destination.cmp(&other.destination));
    let mut ports: Vec<_> = from.ports.unwrap_or_default().into_iter().map(|found| port(found, state)).collect();
    ports.sort_by(|one, other| order(one).cmp(&order(other)));
    ObservedContainer {
        id: ContainerId::new(from.id),
        name: ContainerName::new(name),
        image: from.image,
        image_id: ImageId::new(from.image_id),
        command: from.command,
        created: from.created,
        state,
        health: health::of_status(state, &from.status),
        exit_code: exit_code_of_status(&from.status),
        status: from.status,
        labels: from.labels.unwrap_or_default(),
        networks: networks
            .into_iter()
            .map(|(name, found)| (NetworkName::new(name), endpoint(found.unwrap_or_default())))
            .collect(),
        network_mode: from.host_config.unwrap_or_default().network_mode,
        mounts,
        ports,
    }
}

/// Returns what ports are ordered by: the port in the container first.
fn order(port: &ObservedPort) -> (u16, &str, Option<IpAddr>, Option<u16>) {
    (port.target, &port.protocol, port.host_ip, port.published)
}

/// Returns the network mode of an inspected container.
pub(crate) fn network_mode(value: &Value) -> String {
    value.pointer("/HostConfig/NetworkMode").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn endpoint(from: Endpoint) -> ObservedEndpoint {
    let FixedAddresses { v4, v6 } = from.ipam.unwrap_or_default();
    let given = |address: String| Some(address).filter(|address| !address.is_empty());
    ObservedEndpoint {
        network_id: NetworkId::new(from.network_id.unwrap_or_default()),
        ip_address: from.ip_address.unwrap_or_default(),
        aliases: from.aliases.unwrap_or_default(),
        fixed_ipv4: given(v4),
        fixed_ipv6: given(v6),
    }
}

fn mount(from: Mount) -> ObservedMount {
    ObservedMount {
        kind: from.kind,
        name: from.name,
        source: from.source,
        destination: from.destination,
        is_writable: from.is_writable,
    }
}

/// Returns a port. Podman leaves out an address that means all addresses. It also lists the published ports of stopped
/// containers, which hold no port.
fn port(from: Port, state: ContainerState) -> ObservedPort {
    let has_ports = matches!(state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting);
    let published = from.public_port.filter(|port| *port != 0 && has_ports);
    let all = published.filter(|_| from.ip.is_empty()).map(|_| IpAddr::from([0, 0, 0, 0]));
    ObservedPort {
        host_ip: published.and_then(|_| from.ip.parse().ok()).or(all),
        published,
        target: from.private_port,
        protocol: from.protocol,
    }
}

/// Reads the exit code from the status of a list: `Exited (3) 2 minutes ago`, `Restarting (1) 1 second ago`.
fn exit_code_of_status(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split(')').next()?.parse().ok()
}

/// Returns an inspected container in our words.
pub(crate) fn details(value: &Value) -> ContainerDetails {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let flag = |pointer: &str| value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
    let policy = text("/HostConfig/RestartPolicy/Name");
    let probes: Vec<ProbeResult> =
        value.pointer("/State/Health/Log").and_then(Value::as_array).into_iter().flatten().map(probe).collect();
    let health = health::of_inspect(value, probes.is_empty());
    ContainerDetails {
        id: ContainerId::new(text("/Id")),
        name: ContainerName::new(text("/Name").trim_start_matches('/')),
        state: ContainerState::parse(&text("/State/Status")),
        health,
        exit_code: number("/State/ExitCode"),
        start_failure: kind_of_start(&text("/State/Error")),
        error: text("/State/Error"),
        is_oom_killed: flag("/State/OOMKilled"),
        restart_count: u64::try_from(number("/RestartCount")).unwrap_or_default(),
        pid: number("/State/Pid"),
        started_at: text("/State/StartedAt"),
        finished_at: text("/State/FinishedAt"),
        is_tty: flag("/Config/Tty"),
        is_stdin_once: flag("/Config/StdinOnce"),
        is_stdin_open: flag("/Config/OpenStdin"),
        healthcheck: value.pointer("/Config/Healthcheck").and_then(healthcheck),
        probes,
        failing_streak: value.pointer("/State/Health/FailingStreak").and_then(Value::as_u64).unwrap_or_default(),
        log_rotation: value.pointer("/HostConfig/LogConfig").and_then(logs::rotation),
        has_restart_policy: !policy.is_empty() && policy != "no",
        is_kept_up: matches!(policy.as_str(), "always" | "unless-stopped"),
        stop_timeout: value.pointer("/Config/StopTimeout").and_then(Value::as_i64).map(stop_timeout),
        volumes_from: strings(value.pointer("/HostConfig/VolumesFrom")),
        labels: labels(value.pointer("/Config/Labels")),
        definition: definition(value),
    }
}

/// Returns a stop timeout. A negative number of seconds means that the engine never kills.
fn stop_timeout(seconds: i64) -> Duration {
    u64::try_from(seconds).map_or(Duration::MAX, Duration::from_secs)
}

fn probe(value: &Value) -> ProbeResult {
    let output = value.get("Output").and_then(Value::as_str).unwrap_or_default();
    ProbeResult {
        exit_code: value.get("ExitCode").and_then(Value::as_i64).unwrap_or(-1),
        output: output.chars().take(4096).collect(),
    }
}

pub(super) fn healthcheck(value: &Value) -> Option<Healthcheck> {
    let test: Vec<String> = strings(value.get("Test"));
    if test.is_empty() || test.first().is_some_and(|first| first == "NONE") {
        return None;
    }
    let duration = |name: &str| {
        let nanos = value.get(name).and_then(Value::as_u64).filter(|nanos| *nanos > 0)?;
        Some(Duration::from_nanos(nanos))
    };
    Some(Healthcheck {
        test,
        interval: duration("Interval"),
        timeout: duration("Timeout"),
        retries: value
            .get("Retries")
            .and_then(Value::as_u64)
            .filter(|count| *count > 0)
            .and_then(|count| u32::try_from(count).ok()),
        start_period: duration("StartPeriod"),
        start_interval: duration("StartInterval"),
        ..Healthcheck::default()
    })
}

pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(super) fn labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// One entry of `GET /networks`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Network {
    id: String,
    name: String,
    driver: String,
    scope: String,
    #[serde(rename = "IPAM")]
    ipam: Option<Value>,
    options: Labels,
    internal: bool,
    attachable: bool,
    #[serde(rename = "EnableIPv6")]
    enable_ipv6: bool,
    labels: Labels,
}

/// Returns a listed network in our words.
pub(crate) fn network(from: Network) -> ObservedNetwork {
    let ipam = from.ipam.as_ref().map(ipam).unwrap_or_default();
    ObservedNetwork {
        id: NetworkId::new(from.id),
        name: NetworkName::new(from.name),
        driver: from.driver,
        scope: from.scope,
        subnets: ipam.pools.iter().filter_map(|pool| pool.subnet.clone()).collect(),
        driver_opts: from.options.unwrap_or_default(),
        ipam,
        internal: from.internal,
        attachable: from.attachable,
        enable_ipv6: from.enable_ipv6,
        labels: from.labels.unwrap_or_default(),
    }
}

fn ipam(from: &Value) -> Ipam {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let pool = |from: &Value| IpamPool {
        subnet: text(from, "Subnet"),
        ip_range: text(from, "IPRange"),
        gateway: text(from, "Gateway"),
        aux_addresses: labels(from.get("AuxiliaryAddresses").or_else(|| from.get("AuxAddress"))),
        ..IpamPool::default()
    };
    let pools = from.get("Config").and_then(Value::as_array);
    Ipam {
        driver: text(from, "Driver").filter(|driver| driver != "default"),
        pools: pools.into_iter().flatten().map(pool).collect(),
        options: labels(from.get("Options")),
    }
}

/// The answer to `GET /volumes`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Volumes {
    pub volumes: Option<Vec<Volume>>,
}

/// One entry of `GET /volumes`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Volume {
    name: String,
    driver: String,
    mountpoint: String,
    created_at: String,
    labels: Labels,
    options: Option<BTreeMap<String, String>>,
}

/// Returns the drivers and runtimes that `GET /info` names.
pub(crate) fn plugins(value: &Value) -> Plugins {
    let names = |kind: &str| strings(value.get("Plugins").and_then(|all| all.get(kind))).into_iter().collect();
    let runtimes = value.get("Runtimes").and_then(Value::as_object);
    Plugins {
        installed: Default::default(),
        machine: machine(value),
        volume: names("Volume"),
        network: names("Network"),
        log: names("Log"),
        runtimes: runtimes.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
    }
}

/// Returns what `GET /info` tells about the engine's machine.
fn machine(value: &Value) -> Machine {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = value.get("DriverStatus").and_then(Value::as_array).into_iter().flatten();
    let is_snapshotter = |row: &Value| row.get(1).is_some_and(|value| value == "io.containerd.snapshotter.v1");
    let has_containerd_store = rows.clone().any(is_snapshotter);
    let backing =
        rows.filter_map(Value::as_array).find(|row| row.first().is_some_and(|name| name == "Backing Filesystem"));
    let pools = value.get("DefaultAddressPools").and_then(Value::as_array).into_iter().flatten();
    Machine {
        processors: value.get("NCPU").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        online: String::new(),
        cgroup_version: text("CgroupVersion"),
        cgroup_driver: text("CgroupDriver"),
        storage_driver: text("Driver"),
        has_containerd_store,
        backing_filesystem: backing.and_then(|row| row.get(1)).and_then(Value::as_str).unwrap_or_default().to_owned(),
        manages_swarm: value.pointer("/Swarm/ControlAvailable").and_then(Value::as_bool),
        pools: pools.filter_map(|pool| pool.get("Base")?.as_str()).map(str::to_owned).collect(),
    }
}

/// Returns a listed volume in our words.
pub(crate) fn volume(from: Volume) -> ObservedVolume {
    ObservedVolume {
        name: VolumeName::new(from.name),
        driver: from.driver,
        options: from.options.unwrap_or_default(),
        labels: from.labels.unwrap_or_default(),
        mountpoint: from.mountpoint,
        created: from.created_at,
    }
}

/// Returns the process table of a container (`GET /containers/{id}/top`).
pub(crate) fn processes(value: &Value) -> Processes {
    let rows = value.get("Processes").and_then(Value::as_array).into_iter().flatten();
    Processes { titles: strings(value.get("Titles")), rows: rows.map(|row| strings(Some(row))).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_that_are_new_break_nothing() {
        let listed: Container =
            serde_json::from_value(json!({"Id": "a", "Names": ["/x/y", "/web"], "State": "frozen-solid", "Future": 1}))
                .unwrap();
        let container = container(listed);
        assert_eq!(container.name.as_str(), "web");
        assert_eq!(container.state, ContainerState::Unknown);
    }

    #[test]
    fn ports_of_podman_are_read_as_they_are_meant() {
        let listed = |state: &str| -> ObservedPort {
            let value = json!({"State": state, "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]});
            container(serde_json::from_value(value).unwrap()).ports.remove(0)
        };
        let running = listed("running");
        assert_eq!((running.host_ip, running.published), (Some(IpAddr::from([0, 0, 0, 0])), Some(8080)));
        let exited = listed("exited");
        assert_eq!((exited.host_ip, exited.published, exited.target), (None, None, 80));
    }

    #[test]
    fn ports_and_mounts_come_in_one_order() {
        let read = |ports: [u16; 2], mounts: [&str; 2]| {
            let ports = ports.map(|port| json!({"PrivatePort": port, "Type": "tcp"}));
            let mounts = mounts.map(|path| json!({"Type": "bind", "Source": "/x", "Destination": path}));
            container(serde_json::from_value(json!({"State": "running", "Ports": ports, "Mounts": mounts})).unwrap())
        };
        let (one, other) = (read([81, 80], ["/b", "/a"]), read([80, 81], ["/a", "/b"]));
        assert_eq!(one.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [80, 81]);
        assert_eq!((one.ports, one.mounts), (other.ports, other.mounts));
    }

    #[test]
    fn the_exit_code_is_read_from_the_sentence() {
        assert_eq!(exit_code_of_status("Exited (137) 2 days ago"), Some(137));
        assert_eq!(exit_code_of_status("Up 2 days"), None);
    }

    #[test]
    fn a_disabled_health_check_is_none() {
        let value =
            |test: Value| details(&json!({"Config": {"Healthcheck": {"Test": test, "Interval": 1_000_000_000}}}));
        assert!(value(json!(["NONE"])).healthcheck.is_none());
        assert_eq!(value(json!(["CMD", "x"])).healthcheck.unwrap().interval, Some(Duration::from_secs(1)));
    }
}
