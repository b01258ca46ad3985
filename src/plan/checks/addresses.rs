//! Fixed addresses: can the engine give them? It says so only when a container starts; here it is told before anything is
//! made.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diag::Diagnostic;
use crate::model::{
    Condition, IpamPool, Network, NetworkKey, Observed, ObservedContainer, ObservedNetwork, Project, Service,
    ServiceName, Span, labels,
};
use crate::plan::Recreate;
use crate::plan::builder::Builder;
use crate::plan::checks::subnet::Subnet;
use crate::plan::container::replicas;
use crate::plan::scope::{Scope, wanted};

/// An address that a file gives a service on a network.
#[derive(Clone, Copy)]
struct Wish<'a> {
    service: &'a Service,
    network: &'a Network,
    attribute: &'static str,
    address: IpAddr,
    span: Span,
}

/// Checks the addresses of the selected services against their networks, each other, and containers of others.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>) {
    let Scope { project, observed, options, .. } = scope;
    if !options.start {
        return;
    }
    let mut given: BTreeMap<(&NetworkKey, IpAddr), Wish<'_>> = BTreeMap::new();
    for service in concerned(scope) {
        for wish in wishes(project, service) {
            let replicas = wanted(service, options);
            if replicas > 1 {
                builder.tell(shared(&wish, &format!("{replicas} replicas of service `{}` cannot all", service.name)));
            } else if let Some((cause, help)) = unusable(&wish, project, observed) {
                let fault = Diagnostic::error("address-unusable", wish.span, cannot(&wish));
                builder.tell(fault.at(path(&wish)).cause(cause).help(help));
            } else if let Some(holder) = holder(&wish, scope) {
                let name = crate::text::escape_controls(holder.name.as_str());
                let fault = Diagnostic::error("address-taken", wish.span, cannot(&wish)).at(path(&wish));
                let help = "choose another address, or stop that container";
                builder.tell(fault.cause(format!("container `{name}` has it")).help(help));
            }
            if let Some(first) = given.insert((&wish.network.key, wish.address), wish)
                && !take_turns(project, &first, &wish)
            {
                let both = format!("services `{}` and `{}` cannot both", first.service.name, service.name);
                builder.tell(shared(&wish, &both).related(first.span, "first given here"));
            }
        }
    }
}

/// Returns the services that containers are made or started of.
fn concerned(scope: Scope<'_>) -> impl Iterator<Item = &Service> {
    let is_left = move |service: &Service| {
        let mut there = replicas::of_service(scope.observed, scope.project, service.name.as_str());
        scope.options.recreate == Recreate::Never && there.next().is_some()
    };
    scope.wanted().filter(move |service| !is_left(service))
}

/// Returns the containers of other services that have an address, given by the file of then, which a service has from now
/// on.
pub(crate) fn handovers(scope: Scope<'_>) -> Vec<(ServiceName, &ObservedContainer)> {
    let Scope { project, observed, options, .. } = scope;
    let mut found = Vec::new();
    if !options.start || options.recreate == Recreate::Never {
        return found;
    }
    for service in concerned(scope) {
        for wish in wishes(project, service) {
            let Some(network) = existing(&wish, project, observed) else { continue };
            let gives_way = |one: &&ObservedContainer| {
                one.service() != Some(service.name.as_str())
                    && replicas::is_up(one)
                    && is_given(one, network, wish.address)
                    && !still_wants(project, one, &wish)
                    && scope.gives_way(one)
            };
            let holders = observed.containers.at(wish.address).filter(gives_way);
            found.extend(holders.map(|holder| (service.name.clone(), holder)));
        }
    }
    found
}

/// Whether a container was given an address by a file, and did not get it by chance.
fn is_given(container: &ObservedContainer, network: &ObservedNetwork, address: IpAddr) -> bool {
    let mut endpoints = container.networks.values().filter(|endpoint| endpoint.network_id == network.id);
    endpoints.any(|endpoint| endpoint.fixed_ipv4.as_deref().is_some_and(|text| text.parse() == Ok(address)))
}

/// Whether the file gives an address to a container's service, too: then they take turns, or it is refused.
fn still_wants(project: &Project, container: &ObservedContainer, wish: &Wish<'_>) -> bool {
    let service = container.service().and_then(|name| project.service(name));
    service.is_some_and(|service| {
        wishes(project, service).any(|own| own.network.key == wish.network.key && own.address == wish.address)
    })
}

/// Whether a service has an address of its own; the engine tells of one also where its container does not run.
pub(crate) fn has_any(service: &Service) -> bool {
    service.networks.values().any(|one| one.ipv4_address.is_some())
}

fn wishes<'a>(project: &'a Project, service: &'a Service) -> impl Iterator<Item = Wish<'a>> {
    let attached =
        service.networks.iter().filter_map(|(key, attachment)| Some((project.networks.get(key)?, attachment)));
    attached.flat_map(move |(network, attachment)| {
        let both = [("ipv4_address", &attachment.ipv4_address), ("ipv6_address", &attachment.ipv6_address)];
        both.into_iter().filter_map(move |(attribute, text)| {
            let address: IpAddr = text.as_deref()?.parse().ok()?;
            // Without IPv6 the engine passes over such addresses.
            if address.is_ipv6() && network.enable_ipv6 != Some(true) {
                return None;
            }
            Some(Wish { service, network, attribute, address, span: attachment.span })
        })
    })
}

/// Returns why a network of the project's own cannot give an address, and what to do.
fn unusable(wish: &Wish<'_>, project: &Project, observed: &Observed) -> Option<(String, String)> {
    let network = wish.network;
    let is_usual = |name: &Option<String>, usual: &str| name.as_deref().is_none_or(|name| name == usual);
    // Others have rules of their own.
    if network.is_external || !is_usual(&network.driver, "bridge") || !is_usual(&network.ipam.driver, "default") {
        return None;
    }
    // Compat: a network that an older tool has made is left as it is, whatever the file says. And what has been given
    // once can be given again.
    if let Some(network) = existing(wish, project, observed) {
        let mut own = replicas::of_service(observed, project, wish.service.name.as_str());
        if !network.labels.contains_key(labels::CONFIG_HASH) || own.any(|one| has(one, network, wish.address)) {
            return None;
        }
    }
    let subnets: Vec<(Subnet, &IpamPool)> =
        network.ipam.pools.iter().filter_map(|pool| Some((Subnet::parse(pool.subnet.as_deref()?)?, pool))).collect();
    let mut alike = subnets.iter().filter(|(subnet, _)| subnet.is_v6() == wish.address.is_ipv6()).peekable();
    if alike.peek().is_none() {
        let (family, example) = if wish.address.is_ipv6() { ("IPv6", "fd00:5::/64") } else { ("IPv4", "10.5.0.0/24") };
        let cause = format!("fixed addresses are given only in subnets of the file, and it names none of {family}");
        let help =
            format!("add one: `networks: {{ {}: {{ ipam: {{ config: [{{ subnet: {example} }}] }} }} }}`", network.key);
        return Some((cause, help));
    }
    let texts: Vec<&str> = alike.clone().map(|(subnet, _)| subnet.text.as_str()).collect();
    let Some((subnet, pool)) = alike.find(|(subnet, _)| subnet.holds(wish.address)) else {
        let cause = format!("it is not in {}", texts.join(" or "));
        return Some((cause, "choose an address in the network's subnet".to_owned()));
    };
    let role = reserved(network, subnet, pool, wish.address)?;
    Some((format!("it is {role}"), format!("choose another address in {}", subnet.text)))
}

/// Returns what an address of a subnet is kept for.
fn reserved(network: &Network, subnet: &Subnet, pool: &IpamPool, address: IpAddr) -> Option<String> {
    let is = |text: &str| text.parse() == Ok(address);
    if pool.gateway.as_deref().is_some_and(is) {
        return Some("the network's gateway".to_owned());
    }
    if let Some((name, _)) = pool.aux_addresses.iter().find(|(_, text)| is(text)) {
        return Some(format!("kept for `{name}` in `aux_addresses`"));
    }
    if address.is_ipv6() {
        return None;
    }
    // Where the gateway is not given, the engine takes the first address, unless options keep it from that.
    let is_chosen = pool.gateway.is_none() && pool.ip_range.is_none();
    let takes_first = is_chosen && !network.internal && network.driver_opts.is_empty();
    match subnet.number_of(address) {
        (_, last) if last < 3 => None,
        (0, _) => Some(format!("the first of {}, which names the subnet itself", subnet.text)),
        (number, last) if number == last => Some(format!("the last of {}, which reaches all", subnet.text)),
        (1, _) if takes_first => {
            Some("the network's gateway, which is the first address where none is given".to_owned())
        }
        _ => None,
    }
}

/// Returns the network as it is there: the project's own, or where it is external the one of that name.
fn existing<'a>(wish: &Wish<'_>, project: &Project, observed: &'a Observed) -> Option<&'a ObservedNetwork> {
    let is_ours = |one: &ObservedNetwork| {
        wish.network.is_external || one.labels.get(labels::PROJECT).is_some_and(|name| *name == *project.name.as_str())
    };
    observed.networks.iter().find(|one| one.name == wish.network.name && is_ours(one))
}

/// Returns the container that has an address now, and keeps it: one of others, or one that this run leaves alone.
fn holder<'a>(wish: &Wish<'_>, scope: Scope<'a>) -> Option<&'a ObservedContainer> {
    let network = existing(wish, scope.project, scope.observed)?;
    let mut holders = scope.observed.containers.at(wish.address).filter(|one| has(one, network, wish.address));
    holders.find(|one| !scope.gives_way(one))
}

/// Whether a container runs with an address on a network.
fn has(container: &ObservedContainer, network: &ObservedNetwork, address: IpAddr) -> bool {
    let mut endpoints = container.networks.values().filter(|endpoint| endpoint.network_id == network.id);
    replicas::is_up(container) && endpoints.any(|endpoint| endpoint.ip_address.parse() == Ok(address))
}

/// Whether one of the two is a job that others wait for the end of: it may have given its address back by then.
fn take_turns(project: &Project, first: &Wish<'_>, second: &Wish<'_>) -> bool {
    let is_job = |service: &Service| {
        let dependencies = project.services.values().filter_map(|one| one.depends_on.get(&service.name));
        dependencies.into_iter().any(|one| one.condition == Condition::CompletedSuccessfully)
    };
    is_job(first.service) || is_job(second.service)
}

/// What to say of an address that cannot be had.
fn cannot(wish: &Wish<'_>) -> String {
    format!("service `{}` cannot have {} on network `{}`", wish.service.name, wish.address, wish.network.key)
}

fn shared(wish: &Wish<'_>, who: &str) -> Diagnostic {
    let message = format!("{who} have {} on network `{}`", wish.address, wish.network.key);
    Diagnostic::error("address-taken", wish.span, message)
        .at(path(wish))
        .help("give each an address of its own, or leave it out and let the engine choose")
}

fn path(wish: &Wish<'_>) -> String {
    format!("services.{}.networks.{}.{}", wish.service.name, wish.network.key, wish.attribute)
}
