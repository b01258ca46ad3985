//! Host ports: are they free? Told before anything starts, with the name of who holds them.

use crate::model::addresses_overlap;
use crate::plan::container::replicas;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::diag::Diagnostic;
use crate::model::{ContainerState, Namespace, Observed, ObservedContainer, Port, Service, ServiceName, labels};
use crate::plan::Recreate;
use crate::plan::builder::Builder;
use crate::plan::scope::{Scope, wanted};

/// Checks the fixed host ports of the selected services against each other, other containers and programs of the host.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>) {
    if !scope.options.start {
        return;
    }
    let mut claimed: BTreeMap<(u16, &str), Vec<(&Service, &Port)>> = BTreeMap::new();
    for service in scope.wanted() {
        let replicas = wanted(service, scope.options);
        narrow(builder, service, replicas);
        for (port, number) in published(service) {
            let others = claimed.entry((number, port.protocol.as_str())).or_default();
            if let Some((first, other)) =
                others.iter().find(|(_, other)| addresses_overlap(port.host_ip, other.host_ip))
            {
                builder.tell(twice(service, port, first, other, number));
            } else if replicas > 1 {
                builder.tell(scaled(service, port, number, replicas));
            } else if let Some(holder) = holder(scope, number, port) {
                builder.tell(taken(service, port, number, &holder, leaving(scope), scope.observed));
            }
            others.push((service, port));
        }
    }
}

/// Returns the fixed host ports that a service publishes: none where it has no network of its own, for there the engine
/// passes over them.
fn published(service: &Service) -> impl Iterator<Item = (&Port, u16)> {
    own_ports(service).iter().filter_map(|port| Some((port, port.fixed_published()?)))
}

fn own_ports(service: &Service) -> &[Port] {
    if has_own_network(service) { &service.ports } else { &[] }
}

fn has_own_network(service: &Service) -> bool {
    match &service.network_mode {
        Some(Namespace::Service(_) | Namespace::Container(_)) => false,
        Some(Namespace::Mode(mode)) => !matches!(mode.as_str(), "host" | "none"),
        None => true,
    }
}

/// Whether a program that listens on an address is in the way; what listens on `::` has mostly all of IPv4, too.
fn is_in_the_way(listener: IpAddr, wanted: Option<IpAddr>) -> bool {
    addresses_overlap(Some(listener), wanted) || (listener.is_ipv6() && listener.is_unspecified())
}

/// Returns the containers of other services that hold a host port which a service publishes from now on.
pub(crate) fn handovers(scope: Scope<'_>) -> Vec<(ServiceName, &ObservedContainer)> {
    let mut found = Vec::new();
    if !scope.options.start || scope.options.recreate == Recreate::Never {
        return found;
    }
    for service in scope.wanted() {
        for (port, number) in published(service) {
            let holders = scope.observed.containers.publishing(number).filter(|one| publishes(one, number, port));
            let gives_way =
                |one: &&ObservedContainer| one.service() != Some(service.name.as_str()) && scope.gives_way(one);
            found.extend(holders.filter(gives_way).map(|holder| (service.name.clone(), holder)));
        }
    }
    found
}

fn publishes(container: &ObservedContainer, number: u16, port: &Port) -> bool {
    container.state != ContainerState::Exited
        && container.ports.iter().any(|held| {
            held.published == Some(number)
                && held.protocol == port.protocol
                && addresses_overlap(held.host_ip, port.host_ip)
        })
}

/// Who holds a port, in words.
enum Holder {
    Container(String),
    /// A program of the host, or one in a container on the host's network.
    Program(String),
}

/// Returns who holds a port; `None` where it is free, or held by what gives way in this run.
fn holder(scope: Scope<'_>, number: u16, port: &Port) -> Option<Holder> {
    let Scope { project, observed, .. } = scope;
    if let Some(container) = observed.containers.publishing(number).find(|one| publishes(one, number, port)) {
        let owner = container.label(labels::PROJECT);
        if scope.gives_way(container) {
            return None;
        }
        let name = crate::text::escape_controls(container.name.as_str());
        return Some(Holder::Container(match owner {
            Some(owner) if owner == project.name.as_str() => {
                format!("container `{name}` of this project, which this run leaves alone,")
            }
            Some(owner) => format!("container `{name}` of project `{}`", crate::text::escape_controls(owner)),
            None => format!("container `{name}`"),
        }));
    }
    let listener = observed.listeners.iter().find(|listener| {
        listener.port == number && listener.protocol == port.protocol && is_in_the_way(listener.address, port.host_ip)
    })?;
    Some(Holder::Program(match &listener.holder {
        Some(holder) => format!("program `{}`", crate::text::escape_controls(holder)),
        None => format!("a program that listens on {}:{number}", listener.address),
    }))
}

/// Returns the container of this project on the host's network that this run takes from it: it may be the program that
/// listens.
fn leaving(scope: Scope<'_>) -> Option<&ObservedContainer> {
    let is_host = |service: &Service| service.network_mode == Some(Namespace::Mode("host".to_owned()));
    scope.observed.containers.iter().find(|one| {
        one.network_mode == "host"
            && replicas::is_up(one)
            && scope.gives_way(one)
            && !one.service().and_then(|name| scope.project.service(name)).is_some_and(is_host)
    })
}

fn taken(
    service: &Service,
    port: &Port,
    number: u16,
    holder: &Holder,
    leaving: Option<&ObservedContainer>,
    observed: &Observed,
) -> Diagnostic {
    let at = format!("services.{}.ports", service.name);
    let holder = match (holder, leaving) {
        (Holder::Program(program), Some(leaving)) => {
            let name = crate::text::escape_controls(leaving.name.as_str()).into_owned();
            let message = format!("service `{}` publishes port {number}, which is taken now", service.name);
            return Diagnostic::warning("port-taken", port.span, message)
                .at(at)
                .cause(format!("{program} holds it; it may be container `{name}`, which gives way"));
        }
        (Holder::Program(words) | Holder::Container(words), _) => words,
    };
    let help = match free_port(observed, number) {
        Some(free) => format!("stop what holds it, or publish another port, such as {free}"),
        None => "stop what holds it, or publish another port".to_owned(),
    };
    Diagnostic::error(
        "port-taken",
        port.span,
        format!("service `{}` cannot publish port {number}: it is already taken", service.name),
    )
    .at(at)
    .cause(format!("{holder} holds it"))
    .help(help)
}

fn twice(service: &Service, port: &Port, first: &Service, other: &Port, number: u16) -> Diagnostic {
    let message = match first.name == service.name {
        true => format!("service `{}` publishes port {number} twice", service.name),
        false => format!("services `{}` and `{}` both publish port {number}", first.name, service.name),
    };
    Diagnostic::error("port-twice", port.span, message)
        .at(format!("services.{}.ports", service.name))
        .related(other.span, format!("`{}` publishes it here", first.name))
        .help("publish another port for one of them")
}

fn scaled(service: &Service, port: &Port, number: u16, replicas: u32) -> Diagnostic {
    let message = format!("{replicas} replicas of service `{}` cannot all publish port {number}", service.name);
    Diagnostic::error("port-twice", port.span, message)
        .at(format!("services.{}.ports", service.name))
        .help("publish a range such as `8000-8010:80`, or leave the host port out and let the engine choose")
}

/// Refuses ranges of host ports that have fewer ports than there are replicas.
fn narrow(builder: &mut Builder, service: &Service, replicas: u32) {
    let ranges = own_ports(service).iter().filter_map(|port| Some((port, port.published_range()?)));
    for (port, (first, last)) in ranges {
        if u32::from(last.saturating_sub(first)) + 1 >= replicas {
            continue;
        }
        let message = format!(
            "{replicas} replicas of service `{}` cannot all have one of the host ports {first}-{last}",
            service.name
        );
        builder.tell(
            Diagnostic::error("port-twice", port.span, message)
                .at(format!("services.{}.ports", service.name))
                .help("publish a wider range, or leave the host port out and let the engine choose"),
        );
    }
}

/// Returns the next higher port that nobody is known to hold.
fn free_port(observed: &Observed, after: u16) -> Option<u16> {
    let held: BTreeSet<u16> = observed
        .listeners
        .iter()
        .map(|listener| listener.port)
        .chain(
            observed.containers.iter().flat_map(|container| container.ports.iter().filter_map(|port| port.published)),
        )
        .collect();
    let first = if after < 1024 { after.saturating_add(8000) } else { after.saturating_add(1) };
    (first..u16::MAX).find(|port| !held.contains(port))
}
