//! What a file needs from the engine's machine: processors, control groups, storage, swarm, address pools.
//!
//! Planning does not ask the engine: if [`depends_on_machine`] says so, the application asks before. A fact that the
//! engine does not tell is never a reason to refuse.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Machine, Network, NetworkKey, Observed, Project, Service, Span};
use crate::plan::builder::Builder;
use crate::plan::scope::Scope;

/// The processor shares that control groups of version 1 accept.
const SHARES: std::ops::RangeInclusive<i64> = 2..=262_144;
/// The versions of Docker Engine that choose no subnet for a network with IPv6. Other engines have other version
/// numbers.
const WITHOUT_IPV6_POOL: std::ops::RangeInclusive<u32> = 17..=26;

/// Returns whether a project needs something that depends on the engine's machine. For most projects the engine need
/// not be asked.
pub fn depends_on_machine(project: &Project) -> bool {
    let asks = |service: &Service| {
        let limits = &service.limits;
        limits.nano_cpus > 0
            || limits.cpu_shares != 0
            || !limits.cpuset.is_empty()
            || !service.storage_opt.is_empty()
            || service.cgroup_parent.is_some()
    };
    project.services.values().any(asks)
        || project.networks.values().any(|one| is_overlay(one) || lacks_ipv6_subnet(one))
}

/// Refuses services and networks that the engine's machine does not support. `networks`: the networks of the run.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>, networks: &BTreeSet<&NetworkKey>) {
    let Some(machine) = scope.world.observed.plugins.as_ref().map(|plugins| &plugins.machine) else { return };
    for service in scope.with_replicas() {
        processors(builder, machine, service);
        others(builder, machine, service);
    }
    for network in networks.iter().filter_map(|key| scope.project.networks.get(*key)) {
        let is_there = scope.world.observed.networks.iter().any(|one| one.name == network.name);
        if !network.is_external && !is_there {
            of_network(builder, scope.world.observed, machine, network);
        }
    }
}

fn refuse(builder: &mut Builder, span: Span, path: String, message: String, help: &str) {
    builder.tell(Diagnostic::error("engine-lacks", span, message).at(path).help(help));
}

fn processors(builder: &mut Builder, machine: &Machine, service: &Service) {
    let (name, limits) = (&service.name, &service.limits);
    let there = machine.processors;
    if there > 0 && limits.nano_cpus > i64::from(there) * 1_000_000_000 {
        let wanted = limits.nano_cpus as f64 / 1e9;
        let message = format!("service `{name}` may use {wanted} processors, but the engine's machine has {there}");
        refuse(builder, service.span, format!("services.{name}.cpus"), message, "ask for fewer, or leave `cpus` out");
    }
    let lacking = || {
        let online = set(&machine.online);
        set(&limits.cpuset).into_iter().find(|number| !online.is_empty() && !online.contains(number))
    };
    let count = set(&limits.cpuset).len();
    if let Some(number) = lacking() {
        let message = format!(
            "service `{name}` runs on processor {number}, but the engine's machine has {} only",
            machine.online
        );
        refuse(builder, service.span, format!("services.{name}.cpuset"), message, "name processors that are there");
    } else if there > 0 && count > there as usize {
        let message = format!("service `{name}` runs on {count} processors, but the engine's machine has {there}");
        refuse(builder, service.span, format!("services.{name}.cpuset"), message, "name processors that are there");
    }
    if machine.cgroup_version == "1" && limits.cpu_shares != 0 && !SHARES.contains(&limits.cpu_shares) {
        let message = format!("service `{name}`: `cpu_shares` must be from 2 to 262144 on this engine");
        refuse(builder, service.span, format!("services.{name}.cpu_shares"), message, "the default is 1024");
    }
}

fn others(builder: &mut Builder, machine: &Machine, service: &Service) {
    let name = &service.name;
    let (driver, below) = (machine.storage_driver.as_str(), machine.backing_filesystem.as_str());
    let has_quota = match driver {
        "fuse-overlayfs" | "aufs" | "overlay" => false,
        "overlay2" => matches!(below, "" | "xfs" | "<unknown>"),
        _ => true,
    };
    if !service.storage_opt.is_empty() && !has_quota {
        let message = format!("service `{name}`: the engine's storage, `{driver}` on `{below}`, has no `storage_opt`");
        refuse(builder, service.span, format!("services.{name}.storage_opt"), message, "leave it out");
    }
    let parent = service.cgroup_parent.as_deref().unwrap_or_default();
    let is_slice = parent.len() > ".slice".len() && parent.ends_with(".slice");
    if machine.cgroup_driver == "systemd" && !parent.is_empty() && !is_slice {
        let message = format!("service `{name}`: `cgroup_parent` must be the name of a slice on this engine");
        let help = "write a name such as `limited.slice`: systemd manages the engine's control groups";
        refuse(builder, service.span, format!("services.{name}.cgroup_parent"), message, help);
    }
}

fn of_network(builder: &mut Builder, observed: &Observed, machine: &Machine, network: &Network) {
    let key = &network.key;
    if is_overlay(network) && machine.manages_swarm == Some(false) {
        let message = format!("network `{key}` has the driver `overlay`, but the engine does not manage a swarm");
        let help = "begin one with `docker swarm init`, or use the driver `bridge`";
        refuse(builder, network.span, format!("networks.{key}.driver"), message, help);
    }
    let version = observed.engine.version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let has_pool = machine.pools.iter().any(|pool| pool.contains(':'));
    if lacks_ipv6_subnet(network) && WITHOUT_IPV6_POOL.contains(&version) && !has_pool {
        let message = format!("network `{key}` has IPv6, but no subnet of IPv6, and this engine has none to give");
        let help = format!("add one: `networks: {{ {key}: {{ ipam: {{ config: [{{ subnet: fd00:5::/64 }}] }} }} }}`");
        refuse(builder, network.span, format!("networks.{key}.enable_ipv6"), message, &help);
    }
}

fn is_overlay(network: &Network) -> bool {
    !network.is_external && network.driver.as_deref() == Some("overlay")
}

/// Returns whether a bridge with IPv6 leaves the choice of its IPv6 subnet to the engine.
fn lacks_ipv6_subnet(network: &Network) -> bool {
    let is_usual =
        |name: &Option<String>, usual: &str| name.as_deref().is_none_or(|name| matches!(name, "") || name == usual);
    let has_subnet = network.ipam.pools.iter().any(|pool| pool.subnet.as_ref().is_some_and(|text| text.contains(':')));
    network.enable_ipv6 == Some(true)
        && !has_subnet
        && !network.is_external
        && is_usual(&network.driver, "bridge")
        && is_usual(&network.ipam.driver, "default")
}

/// Returns the numbers of a set such as `0-2,4`. The loader has checked the set of a file.
fn set(text: &str) -> BTreeSet<u32> {
    const MOST: u32 = 8192;
    let number = |text: &str| text.trim().parse::<u32>().ok().map(|number| number.min(MOST));
    let part = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).map(|(first, last)| first..=last),
        None => number(part).map(|only| only..=only),
    };
    text.split(',').filter_map(part).flatten().collect()
}
