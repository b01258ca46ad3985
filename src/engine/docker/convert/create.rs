//! Turns our specifications into request bodies, by API version. An attribute that the engine is too old for is
//! refused, never ignored silently.
//!
//! Source of the version limits: the Engine API's version history.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models as api;

use super::mounts::mounts;
use super::placement::{Placement, placement};
use super::version::{Refused, needs};
use crate::model::{
    ApiVersion, ContainerSpec, Device, EndpointSpec, Healthcheck, Limits, NetworkSpec, RestartPolicy, VolumeSpec,
};

fn map<'a>(from: impl IntoIterator<Item = (&'a String, &'a String)>) -> Option<HashMap<String, String>> {
    let map: HashMap<String, String> = from.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    (!map.is_empty()).then_some(map)
}

fn list<T: Clone>(from: &[T]) -> Option<Vec<T>> {
    (!from.is_empty()).then(|| from.to_vec())
}

fn set(number: i64) -> Option<i64> {
    (number != 0).then_some(number)
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Returns the document of a create call, and the endpoints to connect after the call.
pub(crate) fn document(
    spec: &ContainerSpec,
    version: ApiVersion,
) -> Result<(serde_json::Value, Vec<EndpointSpec>), Refused> {
    let placement = placement(spec, version)?;
    let mut document = serde_json::to_value(body(spec, &placement, version)?).map_err(|error| error.to_string())?;
    // bollard's model is the newest API, in which a container has no MAC address of its own.
    if let Some(address) = placement.mac_address {
        document["MacAddress"] = address.into();
    }
    Ok((document, placement.later))
}

fn body(spec: &ContainerSpec, placement: &Placement, version: ApiVersion) -> Result<api::ContainerCreateBody, Refused> {
    let mut endpoints = HashMap::new();
    for network in &placement.at_create {
        endpoints.insert(network.network.to_string(), endpoint(network, version)?);
    }
    let stop_timeout = spec
        .stop_timeout
        .map(|timeout| i64::try_from(timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0)).unwrap_or(i64::MAX));
    let host_config = host_config(spec, placement, version)?;
    Ok(api::ContainerCreateBody {
        hostname: spec.hostname.clone(),
        domainname: spec.domainname.clone(),
        user: spec.user.clone(),
        attach_stdin: Some(spec.attach && spec.stdin_open),
        attach_stdout: Some(spec.attach),
        attach_stderr: Some(spec.attach),
        exposed_ports: list(&spec.exposed),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin_open),
        stdin_once: Some(spec.stdin_once),
        env: list(&spec.environment),
        cmd: spec.command.clone(),
        healthcheck: spec.healthcheck.as_ref().map(|check| healthcheck(check, version)),
        image: Some(spec.image.to_string()),
        working_dir: spec.working_dir.clone(),
        entrypoint: spec.entrypoint.clone(),
        labels: map(&spec.labels),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout,
        host_config: Some(host_config),
        networking_config: (!endpoints.is_empty())
            .then_some(api::NetworkingConfig { endpoints_config: Some(endpoints) }),
        ..Default::default()
    })
}

fn host_config(spec: &ContainerSpec, placement: &Placement, version: ApiVersion) -> Result<api::HostConfig, Refused> {
    let mounts = mounts(spec, version)?;
    let mut host = api::HostConfig {
        binds: list(&mounts.binds),
        mounts: list(&mounts.typed),
        network_mode: placement.network_mode.clone(),
        port_bindings: port_bindings(spec),
        restart_policy: Some(restart(spec.restart)),
        auto_remove: Some(spec.auto_remove),
        annotations: map(&spec.annotations).filter(|_| version >= ApiVersion::new(1, 43)),
        cap_add: list(&spec.cap_add),
        cap_drop: list(&spec.cap_drop),
        cgroupns_mode: match spec.cgroupns_mode.as_deref() {
            Some("host") => Some(api::HostConfigCgroupnsModeEnum::HOST),
            Some("private") => Some(api::HostConfigCgroupnsModeEnum::PRIVATE),
            _ => None,
        },
        cgroup_parent: spec.cgroup_parent.clone(),
        dns: list(&spec.dns),
        dns_options: list(&spec.dns_options),
        dns_search: list(&spec.dns_search),
        extra_hosts: list(&spec.extra_hosts),
        group_add: list(&spec.group_add),
        ipc_mode: spec.ipc_mode.clone(),
        pid_mode: spec.pid_mode.clone(),
        uts_mode: spec.uts_mode.clone(),
        userns_mode: spec.userns_mode.clone(),
        links: list(&spec.links),
        privileged: Some(spec.privileged),
        readonly_rootfs: Some(spec.read_only),
        init: spec.init,
        runtime: spec.runtime.clone(),
        security_opt: list(&spec.security_opt),
        storage_opt: map(&spec.storage_opt),
        sysctls: map(&placement.sysctls),
        tmpfs: map(&spec.tmpfs),
        volumes_from: list(&spec.volumes_from),
        device_cgroup_rules: list(&spec.device_cgroup_rules),
        log_config: spec
            .logging
            .as_ref()
            .map(|logging| api::HostConfigLogConfig { typ: logging.driver.clone(), config: map(&logging.options) }),
        ..Default::default()
    };
    unconfine(&mut host);
    devices(spec, &mut host);
    limits(&spec.limits, &mut host);
    Ok(host)
}

/// Compat: the API has no word for `systempaths=unconfined`; docker's tools send empty lists of masked and read-only
/// paths.
fn unconfine(host: &mut api::HostConfig) {
    if let Some(options) = &mut host.security_opt
        && options.iter().any(|option| option == "systempaths=unconfined")
    {
        options.retain(|option| option != "systempaths=unconfined");
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
    }
}

fn devices(spec: &ContainerSpec, host: &mut api::HostConfig) {
    let (cdi, paths): (Vec<&Device>, Vec<&Device>) = spec.devices.iter().partition(|device| device.is_cdi());
    let mapping = |device: &&Device| api::DeviceMapping {
        path_on_host: Some(device.source.clone()),
        path_in_container: Some(device.target.clone()),
        cgroup_permissions: Some(device.permissions.clone()),
    };
    host.devices = list(&paths.iter().map(mapping).collect::<Vec<_>>());
    let mut requests: Vec<api::DeviceRequest> = spec
        .device_requests
        .iter()
        .map(|request| api::DeviceRequest {
            driver: request.driver.clone(),
            count: request.count,
            device_ids: list(&request.device_ids),
            capabilities: Some(vec![request.capabilities.clone()]),
            options: map(&request.options),
        })
        .collect();
    if !cdi.is_empty() {
        let device_ids = cdi.iter().map(|device| device.source.clone()).collect();
        requests.push(api::DeviceRequest {
            driver: Some("cdi".to_owned()),
            device_ids: Some(device_ids),
            ..Default::default()
        });
    }
    host.device_requests = list(&requests);
}

fn limits(limits: &Limits, host: &mut api::HostConfig) {
    host.nano_cpus = set(limits.nano_cpus);
    host.cpu_count = set(limits.cpu_count);
    host.cpu_percent = set(limits.cpu_percent);
    host.cpu_shares = set(limits.cpu_shares);
    host.cpu_period = set(limits.cpu_period);
    host.cpu_quota = set(limits.cpu_quota);
    host.cpu_realtime_period = set(limits.cpu_rt_period);
    host.cpu_realtime_runtime = set(limits.cpu_rt_runtime);
    host.cpuset_cpus = (!limits.cpuset.is_empty()).then(|| limits.cpuset.clone());
    host.memory = set(limits.memory);
    host.memory_reservation = set(limits.memory_reservation);
    host.memory_swap = set(limits.memory_swap);
    host.memory_swappiness = limits.memory_swappiness;
    host.pids_limit = limits.pids;
    host.oom_kill_disable = limits.oom_kill_disable.then_some(true);
    host.oom_score_adj = set(limits.oom_score_adj);
    host.shm_size = set(limits.shm_size);
    let ulimit = |(name, limit): (&String, &crate::model::Ulimit)| api::ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(limit.soft),
        hard: Some(limit.hard),
    };
    host.ulimits = list(&limits.ulimits.iter().map(ulimit).collect::<Vec<_>>());
    let blkio = &limits.blkio;
    host.blkio_weight = (blkio.weight != 0).then_some(blkio.weight);
    let weights = blkio.weight_device.iter().map(|(path, weight)| api::ResourcesBlkioWeightDevice {
        path: Some(path.clone()),
        weight: Some(usize::from(*weight)),
    });
    host.blkio_weight_device = list(&weights.collect::<Vec<_>>());
    host.blkio_device_read_bps = throttle(&blkio.device_read_bps);
    host.blkio_device_write_bps = throttle(&blkio.device_write_bps);
    host.blkio_device_read_iops = throttle(&blkio.device_read_iops);
    host.blkio_device_write_iops = throttle(&blkio.device_write_iops);
}

fn throttle(from: &[(String, u64)]) -> Option<Vec<api::ThrottleDevice>> {
    let device = |(path, rate): &(String, u64)| api::ThrottleDevice {
        path: Some(path.clone()),
        rate: i64::try_from(*rate).ok(),
    };
    list(&from.iter().map(device).collect::<Vec<_>>())
}

fn restart(policy: RestartPolicy) -> api::RestartPolicy {
    use api::RestartPolicyNameEnum as Name;
    let (name, count) = match policy {
        RestartPolicy::No => (Name::NO, None),
        RestartPolicy::Always => (Name::ALWAYS, None),
        RestartPolicy::UnlessStopped => (Name::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure(count) => (Name::ON_FAILURE, Some(i64::from(count))),
    };
    api::RestartPolicy { name: Some(name), maximum_retry_count: count }
}

fn port_bindings(spec: &ContainerSpec) -> Option<HashMap<String, Option<Vec<api::PortBinding>>>> {
    let mut bindings: HashMap<String, Option<Vec<api::PortBinding>>> = HashMap::new();
    for port in &spec.ports {
        let binding = api::PortBinding {
            host_ip: Some(port.host_ip.map(|ip| ip.to_string()).unwrap_or_default()),
            host_port: Some(port.published.clone()),
        };
        bindings.entry(format!("{}/{}", port.target, port.protocol)).or_default().get_or_insert_default().push(binding);
    }
    (!bindings.is_empty()).then_some(bindings)
}

/// Returns a health check. For an engine before API 1.44 the start interval is left out: the check then uses its normal
/// interval from the start.
fn healthcheck(check: &Healthcheck, version: ApiVersion) -> api::HealthConfig {
    if check.is_disabled {
        return api::HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() };
    }
    api::HealthConfig {
        test: list(&check.test),
        interval: check.interval.map(nanos),
        timeout: check.timeout.map(nanos),
        retries: check.retries.map(i64::from),
        start_period: check.start_period.map(nanos),
        start_interval: check.start_interval.filter(|_| version >= ApiVersion::new(1, 44)).map(nanos),
    }
}

/// Returns the settings of an endpoint.
pub(crate) fn endpoint(spec: &EndpointSpec, version: ApiVersion) -> Result<api::EndpointSettings, Refused> {
    needs(spec.interface_name.is_some(), version, 49, "`interface_name`")?;
    let mut options = spec.driver_opts.clone();
    if let Some(name) = &spec.interface_name {
        options.insert("com.docker.network.endpoint.ifname".to_owned(), name.clone());
    }
    let has_address = spec.ipv4_address.is_some() || spec.ipv6_address.is_some() || !spec.link_local_ips.is_empty();
    Ok(api::EndpointSettings {
        aliases: list(&spec.aliases),
        links: list(&spec.links),
        ipam_config: has_address.then(|| api::EndpointIpamConfig {
            ipv4_address: spec.ipv4_address.clone(),
            ipv6_address: spec.ipv6_address.clone(),
            link_local_ips: list(&spec.link_local_ips),
        }),
        mac_address: spec.mac_address.clone(),
        driver_opts: map(&options),
        gw_priority: set(spec.gw_priority).filter(|_| version >= ApiVersion::new(1, 48)),
        ..Default::default()
    })
}

/// Returns the body of a network create call.
pub(crate) fn network(spec: &NetworkSpec, version: ApiVersion) -> api::NetworkCreateRequest {
    let pool = |pool: &crate::model::IpamPool| api::IpamConfig {
        subnet: pool.subnet.clone(),
        ip_range: pool.ip_range.clone(),
        gateway: pool.gateway.clone(),
        auxiliary_addresses: map(&pool.aux_addresses),
    };
    let ipam = api::Ipam {
        driver: spec.ipam.driver.clone(),
        config: list(&spec.ipam.pools.iter().map(pool).collect::<Vec<_>>()),
        options: map(&spec.ipam.options),
    };
    api::NetworkCreateRequest {
        name: spec.name.to_string(),
        driver: spec.driver.clone(),
        internal: Some(spec.internal),
        attachable: Some(spec.attachable),
        enable_ipv4: spec.enable_ipv4.filter(|_| version >= ApiVersion::new(1, 47)),
        enable_ipv6: spec.enable_ipv6,
        ipam: (ipam != api::Ipam::default()).then_some(ipam),
        options: map(&spec.driver_opts),
        labels: map(&spec.labels),
        ..Default::default()
    }
}

/// Returns the body of a volume create call.
pub(crate) fn volume(spec: &VolumeSpec) -> api::VolumeCreateRequest {
    api::VolumeCreateRequest {
        name: Some(spec.name.to_string()),
        driver: spec.driver.clone(),
        driver_opts: map(&spec.driver_opts),
        labels: map(&spec.labels),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ApiVersion = ApiVersion::new(1, 41);
    const NEW: ApiVersion = ApiVersion::new(1, 51);

    fn on(names: &[&str]) -> ContainerSpec {
        let networks =
            names.iter().map(|name| EndpointSpec { network: (*name).into(), ..EndpointSpec::default() }).collect();
        ContainerSpec { networks, ..ContainerSpec::default() }
    }

    #[test]
    fn an_old_engine_gets_one_network_at_create_and_the_others_after() {
        let endpoints =
            |made: &serde_json::Value| made["NetworkingConfig"]["EndpointsConfig"].as_object().unwrap().len();
        let (made, later) = document(&on(&["a", "b"]), OLD).unwrap();
        assert_eq!(endpoints(&made), 1);
        assert_eq!(later.len(), 1);
        let (made, later) = document(&on(&["a", "b"]), NEW).unwrap();
        assert_eq!(endpoints(&made), 2);
        assert!(later.is_empty());
    }

    #[test]
    fn the_address_of_an_interface_is_the_containers_before_api_1_44() {
        let mut spec = on(&["a"]);
        spec.networks[0].mac_address = Some("02:42:ac:11:65:43".to_owned());
        assert_eq!(document(&spec, OLD).unwrap().0["MacAddress"], "02:42:ac:11:65:43");
        let (made, _) = document(&spec, NEW).unwrap();
        assert!(made.get("MacAddress").is_none());
        assert_eq!(made["NetworkingConfig"]["EndpointsConfig"]["a"]["MacAddress"], "02:42:ac:11:65:43");
    }

    #[test]
    fn what_an_engine_is_too_old_for_is_refused_with_the_version() {
        let spec = EndpointSpec { interface_name: Some("x".to_owned()), ..EndpointSpec::default() };
        assert_eq!(
            endpoint(&spec, OLD).unwrap_err(),
            "`interface_name` needs Engine API 1.49; this engine speaks 1.41"
        );
        assert!(endpoint(&spec, NEW).is_ok());
    }

    #[test]
    fn what_an_old_engine_can_do_without_is_left_out_there() {
        let spec = EndpointSpec { gw_priority: 1, ..EndpointSpec::default() };
        assert_eq!(endpoint(&spec, OLD).unwrap().gw_priority, None);
        assert_eq!(endpoint(&spec, NEW).unwrap().gw_priority, Some(1));
        let spec = ContainerSpec { annotations: [("a".to_owned(), "b".to_owned())].into(), ..ContainerSpec::default() };
        let annotations = |version| document(&spec, version).unwrap().0["HostConfig"].get("Annotations").cloned();
        assert_eq!(annotations(OLD), None);
        assert_eq!(annotations(NEW).unwrap()["a"], "b");
        let spec = NetworkSpec { enable_ipv4: Some(false), ..NetworkSpec::default() };
        assert_eq!(network(&spec, OLD).enable_ipv4, None);
        assert_eq!(network(&spec, NEW).enable_ipv4, Some(false));
    }

    #[test]
    fn a_start_interval_is_left_out_where_the_engine_has_none() {
        let check = Healthcheck { start_interval: Some(Duration::from_secs(1)), ..Healthcheck::default() };
        assert_eq!(healthcheck(&check, OLD).start_interval, None);
        assert_eq!(healthcheck(&check, NEW).start_interval, Some(1_000_000_000));
    }
}
