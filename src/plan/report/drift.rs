//! Drift: what somebody changed on the engine by hand since the project was brought up, with the command that puts it
//! right.
//!
//! A change of the file is no drift; the command `plan` tells of it. So a container whose definition differs from the
//! file is judged only by its state, name, image and networks, which can be judged without the definition. The
//! definition of a network or volume cannot be changed by hand: where it differs, the file has changed. Start at
//! [`drift`].

use std::collections::BTreeSet;

use crate::model::{
    ContainerName, ContainerState, Definition, Network, Observed, ObservedContainer, ObservedNetwork, Project,
    RestartPolicy, Service, Volume, hash, labels,
};
use crate::plan::Target;
use crate::plan::container::{naming, owned, replicas, shares};
use crate::plan::own_networks::is_lent;
use crate::plan::resources::{networks, orphans, volumes};

/// One difference between what the last run left and what exists now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The container, network or volume that differs.
    pub target: Target,
    /// The attribute that differs: `state`, `name`, `networks`, `mem_limit`, ...
    pub attribute: &'static str,
    /// The value that the attribute should have, for people.
    pub expected: String,
    /// The value that the attribute has, for people.
    pub found: String,
    /// The command or the advice that puts the attribute right.
    pub help: String,
}

/// Returns what has drifted: networks and volumes first, then the containers in the order of services, then the
/// orphans.
///
/// `observed.definitions` must have the definitions of all containers of the project. `services` limits the answer to
/// the containers of these services; empty means the whole project.
pub fn drift(project: &Project, observed: &Observed, services: &BTreeSet<&str>, separator: char) -> Vec<Drift> {
    let mut search = Search { project, observed, separator, found: Vec::new() };
    let is_meant = |name: &str| services.is_empty() || services.contains(name);
    if services.is_empty() {
        search.networks();
        search.volumes();
    }
    for service in project.services.values().filter(|service| is_meant(service.name.as_str())) {
        search.service(service);
    }
    if services.is_empty() {
        search.orphans();
    }
    search.found
}

/// A search for drift, with the differences found so far.
struct Search<'a> {
    project: &'a Project,
    observed: &'a Observed,
    separator: char,
    found: Vec<Drift>,
}

impl Search<'_> {
    fn tell(&mut self, target: Target, attribute: &'static str, expected: String, found: String, help: String) {
        self.found.push(Drift { target, attribute, expected, found, help });
    }

    fn networks(&mut self) {
        let project = self.project;
        for network in project.networks.values().filter(|network| !network.is_external) {
            let mut named = self.observed.networks.iter().filter(|one| one.name == network.name);
            match named.clone().find(|one| labels::are_of(&one.labels, &project.name)) {
                None if named.any(|one| is_lent(network, one)) => {}
                None => self.missing(networks::target(network)),
                Some(existing) => self.strangers(network, existing),
            }
        }
    }

    fn volumes(&mut self) {
        let project = self.project;
        for volume in project.volumes.values().filter(|volume| !volume.is_external) {
            match self.observed.volumes.iter().find(|one| one.name == volume.name) {
                None => self.missing(volumes::target(volume)),
                Some(existing) if labels::are_of(&existing.labels, &project.name) => {}
                Some(existing) => self.foreign(volume, existing.labels.get(labels::PROJECT)),
            }
        }
    }

    fn missing(&mut self, target: Target) {
        self.tell(target, "state", "present".to_owned(), "missing".to_owned(), "`inception up`".to_owned());
    }

    fn foreign(&mut self, volume: &Volume, owner: Option<&String>) {
        let owner = owner.map_or("no project".to_owned(), |owner| format!("project `{owner}`"));
        let help = "declare it as external, or give it another name".to_owned();
        let expected = format!("project `{}`", self.project.name);
        self.tell(volumes::target(volume), "owner", expected, owner, help);
    }

    fn strangers(&mut self, network: &Network, existing: &ObservedNetwork) {
        let is_stranger = |one: &&ObservedContainer| {
            one.label(labels::PROJECT) != Some(self.project.name.as_str())
                && one.networks.values().any(|endpoint| endpoint.network_id == existing.id)
        };
        let strangers: Vec<ContainerName> =
            self.observed.containers.iter().filter(is_stranger).map(|one| one.name.clone()).collect();
        for name in strangers {
            let help = format!("`docker network disconnect {} {name}`", network.name);
            let (expected, found) = ("only this project's containers".to_owned(), format!("container `{name}`"));
            self.tell(networks::target(network), "users", expected, found, help);
        }
    }

    fn service(&mut self, service: &Service) {
        let slots = replicas::slots(self.observed, self.project, service, self.separator);
        let expected = service.replicas as usize;
        for slot in &slots {
            self.container(service, slot.current, slot.number);
        }
        if slots.is_empty() && expected > 0 {
            let name = naming::container_name(self.project, service, 1, self.separator);
            self.missing(naming::replica_target(service, 1, &name));
        } else if slots.len() != expected {
            let name = naming::container_name(self.project, service, 1, self.separator);
            let help = format!("`inception up {}`", service.name);
            let (expected, found) = (expected.to_string(), slots.len().to_string());
            self.tell(naming::replica_target(service, 1, &name), "replicas", expected, found, help);
        }
    }

    fn container(&mut self, service: &Service, container: &ObservedContainer, number: u32) {
        let name = naming::container_name(self.project, service, number, self.separator);
        let target = naming::replica_target(service, number, &name);
        self.state(service, container, &target);
        if container.name != name {
            let help = match self.observed.containers.named(name.as_str()).next() {
                None => format!("`docker rename {} {name}`", container.name),
                Some(other) if other.label(labels::PROJECT) == Some(self.project.name.as_str()) => {
                    format!("`inception up {}`", service.name)
                }
                Some(_) => format!("give the other container `{name}` another name first"),
            };
            self.tell(target.clone(), "name", name.to_string(), container.name.to_string(), help);
        }
        self.image(service, container, &target);
        if service.network_mode.is_none() && container.state == ContainerState::Running {
            self.attachments(service, container, &target);
        }
        if let Some(made) = self.observed.definitions.get(&container.id)
            && self.is_as_declared(service, container)
        {
            self.updates(service, made, &target);
            self.endpoints(service, container, made, &target);
            self.hosts(service, container, made, &target);
        }
    }

    /// Tells of a container that does not run, unless its service may end and the container has ended with code 0.
    fn state(&mut self, service: &Service, container: &ObservedContainer, target: &Target) {
        let is_fine = match container.state {
            ContainerState::Running => true,
            // A service that is not restarted after a success may be a one-shot service whose work is done.
            ContainerState::Exited => container.exit_code == Some(0) && may_end(service),
            _ => false,
        };
        if !is_fine {
            let found = match container.exit_code {
                Some(code) => format!("{} (code {code})", container.state.as_str()),
                None => container.state.as_str().to_owned(),
            };
            let help = match container.state {
                ContainerState::Paused => format!("`inception unpause {}`", service.name),
                _ => format!("`inception up {}`", service.name),
            };
            self.tell(target.clone(), "state", "running".to_owned(), found, help);
        }
    }

    fn image(&mut self, service: &Service, container: &ObservedContainer, target: &Target) {
        let image = naming::image_of(self.project, service, self.separator);
        let Some(now) = self.observed.image(image.as_str()) else { return };
        let made = container.label(labels::IMAGE).unwrap_or(container.image_id.as_str());
        if made != now.as_str() {
            let found = crate::model::ImageId::new(made);
            let help = format!("`inception up {}` recreates it", service.name);
            self.tell(target.clone(), "image", now.short().to_owned(), found.short().to_owned(), help);
        }
    }

    fn attachments(&mut self, service: &Service, container: &ObservedContainer, target: &Target) {
        let wanted: BTreeSet<&str> = service
            .networks
            .keys()
            .filter_map(|key| self.project.networks.get(key))
            .map(|network| network.name.as_str())
            .collect();
        let attached: BTreeSet<&str> = container.networks.keys().map(|name| name.as_str()).collect();
        if wanted == attached {
            return;
        }
        let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
        let help = match attached.difference(&wanted).next() {
            Some(extra) => format!("`docker network disconnect {extra} {}`", container.name),
            None => format!("`inception up {}` recreates it", service.name),
        };
        self.tell(target.clone(), "networks", list(&wanted), list(&attached), help);
    }

    /// Returns whether a container was created from the definition that is in the file now, by its config hash.
    fn is_as_declared(&self, service: &Service, container: &ObservedContainer) -> bool {
        let of =
            |name: &str| replicas::of_service(self.observed, self.project, name).next().map(|one| one.id.to_string());
        container.label(labels::CONFIG_HASH) == Some(hash::service_hash(&service.canonical, &of).as_str())
    }

    /// Tells of aliases and addresses that a container lacks on a network. A container loses them when somebody
    /// disconnects it and connects it again by hand.
    ///
    /// The container's own name need not be among the aliases: the engine resolves it anyway, and older tools did not
    /// give it as an alias.
    fn endpoints(&mut self, service: &Service, container: &ObservedContainer, made: &Definition, target: &Target) {
        if service.network_mode.is_some() || container.state != ContainerState::Running {
            return;
        }
        let help = format!("`inception up --force-recreate {}`", service.name);
        for (key, wanted) in &service.networks {
            let Some(network) = self.project.networks.get(key) else { continue };
            let Some(found) = made.endpoint(&network.name) else { continue };
            let names: Vec<&str> =
                std::iter::once(service.name.as_str()).chain(wanted.aliases.iter().map(String::as_str)).collect();
            if names.iter().any(|name| !found.aliases.iter().any(|alias| alias == name)) {
                let known: Vec<&str> = found
                    .aliases
                    .iter()
                    .map(String::as_str)
                    .filter(|alias| *alias != container.id.short() && *alias != container.name.as_str())
                    .collect();
                let known = if known.is_empty() { "(none)".to_owned() } else { known.join(", ") };
                self.tell(target.clone(), "aliases", names.join(", "), known, help.clone());
            }
            for (attribute, wanted, found) in [
                ("ipv4_address", &wanted.ipv4_address, &found.ipv4_address),
                ("ipv6_address", &wanted.ipv6_address, &found.ipv6_address),
            ] {
                let Some(wanted) = wanted.as_ref().filter(|wanted| !is_same_address(wanted, found)) else { continue };
                let found = if found.is_empty() { "(unset)".to_owned() } else { found.clone() };
                self.tell(target.clone(), attribute, wanted.clone(), found, help.clone());
            }
        }
    }

    /// Tells of a container that has lost the namespaces which it shares: the container that has them was started again
    /// since. Example: `web` has `network_mode: service:db`, and somebody restarted `db`. `web` still has the old
    /// network.
    fn hosts(&mut self, service: &Service, container: &ObservedContainer, made: &Definition, target: &Target) {
        let (project, observed) = (self.project, self.observed);
        for name in shares::hosts(service).filter(|_| container.state == ContainerState::Running) {
            let hosts = replicas::of_service(observed, project, name.as_str());
            let host = hosts.min_by_key(|one| one.number()).filter(|one| one.state == ContainerState::Running);
            let host = host.and_then(|host| observed.definitions.get(&host.id));
            if host.is_some_and(|host| made.has_started_before(host)) {
                let (expected, found) = (format!("those of `{name}`"), format!("`{name}` was started since"));
                self.tell(target.clone(), "namespaces", expected, found, format!("`inception up {}`", service.name));
            }
        }
    }

    /// Tells of attributes that `docker update` has changed in a container.
    fn updates(&mut self, service: &Service, made: &Definition, target: &Target) {
        let help = format!("`inception up --force-recreate {}`, or `docker update`", service.name);
        let is_engines_own = |attribute: &str, expected: &Option<String>| {
            attribute == "pids_limit" && expected.is_none() && self.observed.engine.limits_processes
        };
        for (attribute, expected) in updatable(service) {
            if is_engines_own(attribute, &expected) {
                continue;
            }
            let found = made.get(attribute).map(|value| match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            if found != expected {
                let show = |value: Option<String>| value.unwrap_or_else(|| "(unset)".to_owned());
                self.tell(target.clone(), attribute, show(expected), show(found), help.clone());
            }
        }
    }

    fn orphans(&mut self) {
        let found = orphans::find(self.project, self.observed);
        for orphan in found {
            let (expected, found) = ("no such service in the file".to_owned(), orphan.state.as_str().to_owned());
            let help = match owned::is_from_elsewhere(self.project, orphan) {
                true => "another directory's project has the same name".to_owned(),
                false => "`inception up --remove-orphans`".to_owned(),
            };
            self.tell(replicas::target_of(orphan), "service", expected, found, help);
        }
    }
}

/// Returns whether two texts mean the same address: IPv6 addresses can be written in several ways.
fn is_same_address(a: &str, b: &str) -> bool {
    let address = |text: &str| text.parse::<std::net::IpAddr>().ok();
    a == b || (address(a).is_some() && address(a) == address(b))
}

/// Returns whether the engine leaves a container of the service stopped once it has ended with code 0.
fn may_end(service: &Service) -> bool {
    matches!(service.restart, RestartPolicy::No | RestartPolicy::OnFailure(_))
}

/// Returns the attributes that `docker update` can change, with the values that the service has in the file; `None`
/// where the file does not set the attribute.
///
/// Where the file does not set `memswap_limit`, the attribute is left out: the engine derives its value from
/// `mem_limit`.
fn updatable(service: &Service) -> Vec<(&'static str, Option<String>)> {
    let limits = &service.limits;
    let number = |value: i64| (value > 0).then(|| value.to_string());
    let restart = match service.restart {
        RestartPolicy::No => None,
        RestartPolicy::Always => Some("always".to_owned()),
        RestartPolicy::UnlessStopped => Some("unless-stopped".to_owned()),
        RestartPolicy::OnFailure(0) => Some("on-failure".to_owned()),
        RestartPolicy::OnFailure(most) => Some(format!("on-failure:{most}")),
    };
    let cpus = (limits.nano_cpus > 0).then(|| serde_json::json!(limits.nano_cpus as f64 / 1e9).to_string());
    let mut all = vec![
        ("restart", restart),
        ("mem_limit", number(limits.memory)),
        ("mem_reservation", number(limits.memory_reservation)),
        ("cpus", cpus),
        ("cpu_shares", number(limits.cpu_shares)),
        ("cpu_period", number(limits.cpu_period)),
        ("cpu_quota", number(limits.cpu_quota)),
        ("cpuset", (!limits.cpuset.is_empty()).then(|| limits.cpuset.clone())),
        ("pids_limit", number(limits.pids.unwrap_or_default())),
    ];
    if limits.memory_swap > 0 {
        all.push(("memswap_limit", number(limits.memory_swap)));
    }
    all
}
