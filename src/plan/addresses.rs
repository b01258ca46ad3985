//! Fixed addresses: can the engine give them? It says so only when a container starts; here it is told before anything is
//! made.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::builder::Builder;
use super::containers;
use super::options::UpOptions;
use super::subnet::Subnet;
use super::up::wanted;
use crate::diag::Diagnostic;
use crate::model::{
    Condition, IpamPool, Network, NetworkKey, Observed, ObservedContainer, ObservedNetwork, Project, Service, Span,
    labels,
};

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
pub(super) fn check(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    selected: &BTreeSet<&str>,
    options: &UpOptions,
) {
    if !options.start {
        return;
    }
    let mut given: BTreeMap<(&NetworkKey, IpAddr), Wish<'_>> = BTreeMap::new();
    let services = project.services.values().filter(|service| selected.contains(service.name.as_str()));
    for service in services.filter(|service| wanted(service, options) > 0) {
        for wish in wishes(project, service) {
            let replicas = wanted(service, options);
            if replicas > 1 {
                builder.tell(shared(&wish, &format!("{replicas} replicas of service `{}` cannot all", service.name)));
            } else if let Some((cause, help)) = unusable(&wish, project, observed) {
                let fault = Diagnostic::error("address-unusable", wish.span, cannot(&wish));
                builder.tell(fault.at(path(&wish)).cause(cause).help(help));
            } else if let Some(holder) = holder(&wish, project, observed) {
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

fn wishes<'a>(project: &'a Project, service: &'a Service) -> impl Iterator<Item = Wish<'a>> {
    let attached =
        service.networks.iter().filter_map(|(key, attachment)| Some((project.networks.get(key)?, attachment)));
    attached.flat_map(move |(network, attachment)| {
        let both = [("ipv4_address", &attachment.ipv4_address), ("ipv6_address", &attachment.ipv6_address)];
        both.into_iter().filter_map(move |(attribute, text)| {
            let address = text.as_deref()?.parse().ok()?;
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
    // Compat: one that an older tool has made is left as it is, whatever the file says.
    let is_older = |one: &ObservedNetwork| !one.labels.contains_key(labels::CONFIG_HASH);
    if existing(wish, project, observed).is_some_and(is_older) {
        return None;
    }
    let subnets: Vec<(Subnet, &IpamPool)> =
        network.ipam.pools.iter().filter_map(|pool| Some((Subnet::parse(pool.subnet.as_deref()?)?, pool))).collect();
    let mut alike = subnets.iter().filter(|(subnet, _)| subnet.is_v6() == wish.address.is_ipv6()).peekable();
    if alike.peek().is_none() {
        let cause = "the file gives the network no subnet, and fixed addresses are given only in subnets of the file"
            .to_owned();
        let example = if wish.address.is_ipv6() { "fd00:5::/64" } else { "10.5.0.0/24" };
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

/// Returns the container of others that has an address now.
fn holder<'a>(wish: &Wish<'_>, project: &Project, observed: &'a Observed) -> Option<&'a ObservedContainer> {
    let network = existing(wish, project, observed)?;
    let has_it = |one: &&ObservedContainer| {
        let mut endpoints = one.networks.values().filter(|endpoint| endpoint.network_id == network.id);
        containers::is_up(one) && endpoints.any(|endpoint| endpoint.ip_address.parse() == Ok(wish.address))
    };
    let others = observed.containers.iter().filter(|one| one.label(labels::PROJECT) != Some(project.name.as_str()));
    others.into_iter().find(has_it)
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
