//! Fixed addresses of services on networks: which address the file claims, which container holds the address, and how a
//! refusal reads.
//!
//! The engine refuses an address only when the container is started. Here the address is refused before anything is
//! created.

use std::net::IpAddr;

use crate::diag::Diagnostic;
use crate::model::{
    Condition, IpamPool, Network, NetworkKey, ObservedContainer, ObservedNetwork, Project, Service, Span, labels,
};
use crate::plan::Reason;
use crate::plan::builder::Builder;
use crate::plan::checks::claims::{self, Claim, Holder};
use crate::plan::checks::subnet::Subnet;
use crate::plan::container::replicas;
use crate::plan::options::Recreate;
use crate::plan::own_networks::is_lent;
use crate::plan::scope::{self, Scope};

/// An address that the file gives a service on a network.
#[derive(Clone, Copy)]
pub(crate) struct AddressClaim<'a> {
    service: &'a Service,
    network: &'a Network,
    attribute: &'static str,
    address: IpAddr,
    span: Span,
    /// Whether other services wait for the end of the service (`service_completed_successfully`). Then the service may
    /// have ended, and given the address back, before another service needs it.
    is_job: bool,
}

/// Refuses addresses of the selected services that their networks cannot give, or that a container of others holds.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>) {
    if scope.options.start {
        claims::check(builder, scope, &claims(scope));
    }
}

/// Returns the addresses that the selected services claim. A service that has containers claims none with
/// `--no-recreate`: its containers stay as they are.
pub(crate) fn claims<'a>(scope: Scope<'a>) -> Vec<AddressClaim<'a>> {
    let is_left = |service: &Service| {
        let mut there = replicas::of_service(scope.world, scope.project, service.name.as_str());
        scope.options.recreate == Recreate::Never && there.next().is_some()
    };
    let services = scope.with_replicas().filter(|service| !is_left(service));
    services.flat_map(|service| of_service(scope.project, service)).collect()
}

impl<'a> Claim<'a> for AddressClaim<'a> {
    type Key = (&'a NetworkKey, IpAddr);

    fn key(&self) -> Self::Key {
        (&self.network.key, self.address)
    }

    fn claimant(&self) -> Option<&'a Service> {
        Some(self.service)
    }

    /// Two claims exclude each other unless one of the services is a job. Example: `web` and `migrate` have the same
    /// address, and `web` waits for the end of `migrate`: the address is used by one after the other.
    fn excludes(&self, other: &Self) -> bool {
        !self.is_job && !other.is_job
    }

    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>> {
        let Some(network) = self.existing(scope) else { return Vec::new() };
        let is_holder = |one: &&ObservedContainer| {
            replicas::is_up(one) && (has(one, network, self.address) || is_given(one, network, self.address))
        };
        scope.world.at(self.address).filter(is_holder).map(Holder::Container).collect()
    }

    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool {
        matches!(holder, Holder::Container(one) if scope.gives_way(one))
    }

    /// A container hands over an address that was fixed when the container was created. It keeps the address if the
    /// file still gives it to the container's service: then the two services use it one after the other.
    fn hands_over(&self, scope: Scope<'a>, holder: &ObservedContainer) -> Option<Reason> {
        let service = holder.service().and_then(|name| scope.project.service(name));
        let still_claims = |service: &Service| of_service(scope.project, service).any(|own| own.key() == self.key());
        let hands_over = self.existing(scope).is_some_and(|network| is_given(holder, network, self.address))
            && service.is_some_and(|service| !still_claims(service));
        hands_over.then(|| Reason::AddressNeededBy(self.service.name.clone()))
    }

    fn fault(&self, scope: Scope<'a>) -> Option<Diagnostic> {
        let replicas = scope::replicas_wanted(self.service, scope.options);
        if replicas > 1 {
            return Some(self.shared(&format!("{replicas} replicas of service `{}` cannot all", self.service.name)));
        }
        let (cause, help) = unusable(self, scope)?;
        let fault = Diagnostic::error("address-unusable", self.span, self.cannot());
        Some(fault.at(self.path()).cause(cause).help(help))
    }

    fn refused(&self, _scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic {
        let fault = Diagnostic::error("address-taken", self.span, self.cannot()).at(self.path());
        let fault = fault.help("choose another address, or stop that container");
        match holder {
            Holder::Container(one) => {
                fault.cause(format!("container `{}` has it", crate::text::escape_controls(one.name.as_str())))
            }
            Holder::Network(_) | Holder::Program(_) => fault,
        }
    }

    fn twice(&self, first: &Self) -> Diagnostic {
        let both = format!("services `{}` and `{}` cannot both", first.service.name, self.service.name);
        self.shared(&both).related(first.span, "first given here")
    }
}

impl<'a> AddressClaim<'a> {
    /// Returns the network that exists in the engine: the project's own, or the external network of that name.
    fn existing(&self, scope: Scope<'a>) -> Option<&'a ObservedNetwork> {
        let project = scope.project.name.as_str();
        let is_ours = |one: &ObservedNetwork| {
            self.network.is_external
                || one.labels.get(labels::PROJECT).is_some_and(|name| name == project)
                || is_lent(self.network, one)
        };
        scope.world.observed.networks.iter().find(|one| one.name == self.network.name && is_ours(one))
    }

    /// Returns the first line of a refusal.
    fn cannot(&self) -> String {
        format!("service `{}` cannot have {} on network `{}`", self.service.name, self.address, self.network.key)
    }

    /// Returns the refusal of an address that several claimants share; `who` begins its first line.
    fn shared(&self, who: &str) -> Diagnostic {
        let message = format!("{who} have {} on network `{}`", self.address, self.network.key);
        Diagnostic::error("address-taken", self.span, message)
            .at(self.path())
            .help("give each an address of its own, or leave it out and let the engine choose")
    }

    fn path(&self) -> String {
        format!("services.{}.networks.{}.{}", self.service.name, self.network.key, self.attribute)
    }
}

/// Returns whether a service has a fixed IPv4 address.
pub(crate) fn has_any(service: &Service) -> bool {
    service.networks.values().any(|one| one.ipv4_address.is_some())
}

/// Returns whether an IPv4 address on a network was fixed when the container was created or connected, and not chosen
/// by the engine. The engine reports a fixed address also while the container does not run.
fn is_given(container: &ObservedContainer, network: &ObservedNetwork, address: IpAddr) -> bool {
    let mut endpoints = container.networks.values().filter(|endpoint| endpoint.network_id == network.id);
    endpoints.any(|endpoint| endpoint.fixed_ipv4.as_deref().is_some_and(|text| text.parse() == Ok(address)))
}

/// Returns whether a container is up and has an IPv4 address on a network.
fn has(container: &ObservedContainer, network: &ObservedNetwork, address: IpAddr) -> bool {
    let mut endpoints = container.networks.values().filter(|endpoint| endpoint.network_id == network.id);
    replicas::is_up(container) && endpoints.any(|endpoint| endpoint.ip_address.parse() == Ok(address))
}

/// Returns whether other services wait for the end of a service.
fn is_job(project: &Project, service: &Service) -> bool {
    let mut dependencies = project.services.values().filter_map(|one| one.depends_on.get(&service.name));
    dependencies.any(|one| one.condition == Condition::CompletedSuccessfully)
}

/// Returns the addresses that a service claims.
fn of_service<'a>(project: &'a Project, service: &'a Service) -> impl Iterator<Item = AddressClaim<'a>> {
    let is_job = is_job(project, service);
    let attached =
        service.networks.iter().filter_map(|(key, attachment)| Some((project.networks.get(key)?, attachment)));
    attached.flat_map(move |(network, attachment)| {
        let both = [("ipv4_address", &attachment.ipv4_address), ("ipv6_address", &attachment.ipv6_address)];
        both.into_iter().filter_map(move |(attribute, text)| {
            let address: IpAddr = text.as_deref()?.parse().ok()?;
            // On a network without IPv6 the engine ignores an IPv6 address.
            if address.is_ipv6() && network.enable_ipv6 != Some(true) {
                return None;
            }
            Some(AddressClaim { service, network, attribute, address, span: attachment.span, is_job })
        })
    })
}

/// Returns why a network of the project cannot give an address, and the help for the user.
fn unusable(claim: &AddressClaim<'_>, scope: Scope<'_>) -> Option<(String, String)> {
    let network = claim.network;
    let is_usual = |name: &Option<String>, usual: &str| name.as_deref().is_none_or(|name| name == usual);
    // External networks and other drivers have rules of their own.
    if network.is_external || !is_usual(&network.driver, "bridge") || !is_usual(&network.ipam.driver, "default") {
        return None;
    }
    // Compat: a network without a config hash was created by an older tool and stays as it is, whatever the file says.
    // Also usable: an address that the service's container already has on the existing network.
    if let Some(network) = claim.existing(scope) {
        let mut own = replicas::of_service(scope.world, scope.project, claim.service.name.as_str());
        if !network.labels.contains_key(labels::CONFIG_HASH) || own.any(|one| has(one, network, claim.address)) {
            return None;
        }
    }
    let subnets: Vec<(Subnet, &IpamPool)> =
        network.ipam.pools.iter().filter_map(|pool| Some((Subnet::parse(pool.subnet.as_deref()?)?, pool))).collect();
    let mut alike = subnets.iter().filter(|(subnet, _)| subnet.is_v6() == claim.address.is_ipv6()).peekable();
    if alike.peek().is_none() {
        let (family, example) = if claim.address.is_ipv6() { ("IPv6", "fd00:5::/64") } else { ("IPv4", "10.5.0.0/24") };
        let cause = format!("fixed addresses are given only in subnets of the file, and it names none of {family}");
        let help =
            format!("add one: `networks: {{ {}: {{ ipam: {{ config: [{{ subnet: {example} }}] }} }} }}`", network.key);
        return Some((cause, help));
    }
    let texts: Vec<&str> = alike.clone().map(|(subnet, _)| subnet.text.as_str()).collect();
    let Some((subnet, pool)) = alike.find(|(subnet, _)| subnet.holds(claim.address)) else {
        let cause = format!("it is not in {}", texts.join(" or "));
        return Some((cause, "choose an address in the network's subnet".to_owned()));
    };
    let role = reserved(network, subnet, pool, claim.address)?;
    Some((format!("it is {role}"), format!("choose another address in {}", subnet.text)))
}

/// Returns what an address of a subnet is reserved for; `None` if a container may have the address.
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
    // Without `gateway`, the engine takes the first address of the subnet for the gateway. With an `ip_range`, driver
    // options or `internal`, the gateway may have another address.
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
