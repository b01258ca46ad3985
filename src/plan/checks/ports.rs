//! Host ports: which port the file claims, which container or program holds the port, and how a refusal reads.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diag::Diagnostic;
use crate::model::{
    ContainerState, Listener, Namespace, Observed, ObservedContainer, Port, Service, addresses_overlap, labels,
};
use crate::plan::Reason;
use crate::plan::builder::Builder;
use crate::plan::checks::claims::{self, Claim, Holder};
use crate::plan::container::replicas;
use crate::plan::scope::{self, Scope};

/// A fixed host port that a service publishes.
#[derive(Clone, Copy)]
pub(crate) struct PortClaim<'a> {
    service: &'a Service,
    port: &'a Port,
    number: u16,
    replicas: u32,
}

/// Refuses host ports of the selected services that are taken, and ranges with fewer ports than replicas.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>) {
    if !scope.options.start {
        return;
    }
    for service in scope.with_replicas() {
        check_ranges(builder, service, scope::replicas_wanted(service, scope.options));
    }
    claims::check(builder, scope, &claims(scope));
}

/// Returns the fixed host ports that the selected services claim. A service without a network of its own
/// (`network_mode: host`) claims none: the engine ignores its ports.
pub(crate) fn claims<'a>(scope: Scope<'a>) -> Vec<PortClaim<'a>> {
    let of_service = |service: &'a Service| {
        let replicas = scope::replicas_wanted(service, scope.options);
        own_ports(service)
            .iter()
            .filter_map(move |port| Some(PortClaim { service, port, number: port.fixed_published()?, replicas }))
    };
    scope.with_replicas().flat_map(of_service).collect()
}

impl<'a> Claim<'a> for PortClaim<'a> {
    type Key = (u16, &'a str);

    fn key(&self) -> Self::Key {
        (self.number, self.port.protocol.as_str())
    }

    fn claimant(&self) -> Option<&'a Service> {
        Some(self.service)
    }

    fn excludes(&self, other: &Self) -> bool {
        addresses_overlap(self.port.host_ip, other.port.host_ip)
    }

    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>> {
        let publishing = || scope.world.publishing(self.number).filter(|one| one.state != ContainerState::Exited);
        let containers = publishing().filter(|one| publishes(one, self)).map(Holder::Container);
        let observed = scope.world.observed;
        let is_in_the_way = |listener: &&Listener| {
            listener.port == self.number
                && listener.protocol == self.port.protocol
                && reaches(listener.address, self.port.host_ip)
                && !publishing().any(|one| listens_for(listener, one))
        };
        containers.chain(observed.listeners.iter().filter(is_in_the_way).map(Holder::Program)).collect()
    }

    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool {
        matches!(holder, Holder::Container(one) if scope.gives_way(one))
    }

    /// A container hands a port over if its service is in the file. An orphan need not stop early, because no container
    /// starts before the orphans are removed.
    fn hands_over(&self, scope: Scope<'a>, holder: &ObservedContainer) -> Option<Reason> {
        let is_of_a_service = holder.service().is_some_and(|name| scope.project.service(name).is_some());
        is_of_a_service.then(|| Reason::PortNeededBy(self.service.name.clone()))
    }

    fn fault(&self, _scope: Scope<'a>) -> Option<Diagnostic> {
        (self.replicas > 1).then(|| scaled(self))
    }

    fn refused(&self, scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic {
        taken(self, holder, scope)
    }

    fn twice(&self, first: &Self) -> Diagnostic {
        twice(self, first)
    }
}

/// Returns the ports that a service publishes; none if it has no network of its own.
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

/// Returns whether a program that listens on `listener` blocks the wanted address. A program on `::` usually accepts
/// IPv4 connections, too, so it counts as holding all addresses.
fn reaches(listener: IpAddr, wanted: Option<IpAddr>) -> bool {
    addresses_overlap(Some(listener), wanted) || (listener.is_ipv6() && listener.is_unspecified())
}

/// Returns whether a container publishes the claimed port on an address that overlaps the claimed one.
fn publishes(container: &ObservedContainer, claim: &PortClaim<'_>) -> bool {
    container.ports.iter().any(|held| {
        held.published == Some(claim.number)
            && held.protocol == claim.port.protocol
            && addresses_overlap(held.host_ip, claim.port.host_ip)
    })
}

/// Returns whether a listening program is the engine's own proxy for a container: the container publishes the same port
/// on the same address. A container that publishes on all addresses has one listener for IPv4 and one for IPv6.
fn listens_for(listener: &Listener, container: &ObservedContainer) -> bool {
    container.ports.iter().any(|held| {
        let is_same_address = match held.host_ip {
            None => listener.address.is_unspecified(),
            Some(address) => {
                address == listener.address || (address.is_unspecified() && listener.address.is_unspecified())
            }
        };
        held.published == Some(listener.port) && held.protocol == listener.protocol && is_same_address
    })
}

/// Returns a running container of this project that is on the host's network and that this plan takes off the host's
/// network. The listening program may be a process of that container.
fn leaving(scope: Scope<'_>) -> Option<&ObservedContainer> {
    let is_host = |service: &Service| service.network_mode == Some(Namespace::Mode("host".to_owned()));
    scope.world.containers().find(|one| {
        one.network_mode == "host"
            && replicas::is_up(one)
            && scope.gives_way(one)
            && !one.service().and_then(|name| scope.project.service(name)).is_some_and(is_host)
    })
}

/// Returns the holder of a port in words, as the beginning of a sentence: `container ... holds it`.
fn words(scope: Scope<'_>, holder: Holder<'_>, number: u16) -> String {
    let escape = crate::text::escape_controls;
    match holder {
        Holder::Container(container) => {
            let name = escape(container.name.as_str());
            match container.label(labels::PROJECT) {
                Some(owner) if owner == scope.project.name.as_str() => {
                    format!("container `{name}` of this project, which this run leaves alone,")
                }
                Some(owner) => format!("container `{name}` of project `{}`", escape(owner)),
                None => format!("container `{name}`"),
            }
        }
        Holder::Program(listener) => match &listener.holder {
            Some(program) => format!("program `{}`", escape(program)),
            None => format!("a program that listens on {}:{number}", listener.address),
        },
        Holder::Network(network) => format!("network `{}`", escape(network.name.as_str())),
    }
}

/// Returns the refusal of a port whose holder stays. It is only a warning if the holder may be a container that this
/// plan removes from the host's network.
fn taken(claim: &PortClaim<'_>, holder: Holder<'_>, scope: Scope<'_>) -> Diagnostic {
    let PortClaim { service, port, number, .. } = *claim;
    let at = format!("services.{}.ports", service.name);
    let words = words(scope, holder, number);
    if let (Holder::Program(_), Some(leaving)) = (holder, leaving(scope)) {
        let name = crate::text::escape_controls(leaving.name.as_str()).into_owned();
        let message = format!("service `{}` publishes port {number}, which is taken now", service.name);
        return Diagnostic::warning("port-taken", port.span, message)
            .at(at)
            .cause(format!("{words} holds it; it may be container `{name}`, which gives way"));
    }
    let help = match free_port(scope.world.observed, number) {
        Some(free) => format!("stop what holds it, or publish another port, such as {free}"),
        None => "stop what holds it, or publish another port".to_owned(),
    };
    let message = format!("service `{}` cannot publish port {number}: it is already taken", service.name);
    Diagnostic::error("port-taken", port.span, message).at(at).cause(format!("{words} holds it")).help(help)
}

/// Returns the refusal of a port that the file publishes twice.
fn twice(claim: &PortClaim<'_>, first: &PortClaim<'_>) -> Diagnostic {
    let PortClaim { service, number, .. } = *claim;
    let message = match first.service.name == service.name {
        true => format!("service `{}` publishes port {number} twice", service.name),
        false => format!("services `{}` and `{}` both publish port {number}", first.service.name, service.name),
    };
    Diagnostic::error("port-twice", claim.port.span, message)
        .at(format!("services.{}.ports", service.name))
        .related(first.port.span, format!("`{}` publishes it here", first.service.name))
        .help("publish another port for one of them")
}

/// Returns the refusal of a port that several replicas would publish.
fn scaled(claim: &PortClaim<'_>) -> Diagnostic {
    let PortClaim { service, number, replicas, .. } = claim;
    let message = format!("{replicas} replicas of service `{}` cannot all publish port {number}", service.name);
    Diagnostic::error("port-twice", claim.port.span, message)
        .at(format!("services.{}.ports", service.name))
        .help("publish a range such as `8000-8010:80`, or leave the host port out and let the engine choose")
}

/// Refuses ranges of host ports with fewer ports than the service has replicas.
fn check_ranges(builder: &mut Builder, service: &Service, replicas: u32) {
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

/// Returns a free port to suggest: the next port (for a port below 1024, from 8000 on) that no known container or
/// program holds.
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
