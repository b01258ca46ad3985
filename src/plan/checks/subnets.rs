//! Subnets of networks: which subnet the file claims, which network holds an overlapping one, and how a refusal reads.

use crate::diag::Diagnostic;
use crate::model::{IpamPool, Network, ObservedNetwork, Service};
use crate::plan::checks::claims::{Claim, Holder};
use crate::plan::checks::subnet::Subnet;
use crate::plan::own_networks;
use crate::plan::scope::Scope;

/// A subnet that the file gives a network.
pub(crate) struct SubnetClaim<'a> {
    network: &'a Network,
    pool: &'a IpamPool,
    subnet: Subnet,
}

/// Returns the subnets that a network claims.
pub(crate) fn claims(network: &Network) -> impl Iterator<Item = SubnetClaim<'_>> {
    network
        .ipam
        .pools
        .iter()
        .filter_map(move |pool| Some(SubnetClaim { network, pool, subnet: Subnet::parse(pool.subnet.as_deref()?)? }))
}

impl<'a> Claim<'a> for SubnetClaim<'a> {
    /// Whether the subnet is one of IPv6: only subnets of one address family can overlap.
    type Key = bool;

    fn key(&self) -> Self::Key {
        self.subnet.is_v6()
    }

    fn claimant(&self) -> Option<&'a Service> {
        None
    }

    fn excludes(&self, other: &Self) -> bool {
        self.network.name != other.network.name && self.subnet.overlaps(&other.subnet)
    }

    /// Networks of the project with the claimant's own name do not count: they are removed before the new network is
    /// created.
    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>> {
        let is_double =
            |other: &ObservedNetwork| other.name == self.network.name && own_networks::is_ours(scope.project, other);
        let is_holder = |other: &&ObservedNetwork| !is_double(other) && self.overlap(other).is_some();
        scope.world.observed.networks.iter().filter(is_holder).map(Holder::Network).collect()
    }

    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool {
        matches!(holder, Holder::Network(other) if !own_networks::stays(scope.project, other))
    }

    fn refused(&self, _scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic {
        let fault = self.taken().help("choose another subnet, or leave it out and let the engine choose");
        let Holder::Network(other) = holder else { return fault };
        let name = crate::text::escape_controls(other.name.as_str());
        let theirs = self.overlap(other).map(String::as_str).unwrap_or_default();
        fault.cause(format!("it overlaps {} of network `{name}`", crate::text::escape_controls(theirs)))
    }

    fn twice(&self, first: &Self) -> Diagnostic {
        self.taken()
            .cause(format!("it overlaps {} of network `{}`", first.subnet.text, first.network.key))
            .related(first.pool.span, "the other subnet")
            .help("choose another subnet, or leave it out and let the engine choose")
    }
}

impl SubnetClaim<'_> {
    /// Returns the subnet of another network that overlaps the claimed subnet.
    fn overlap<'o>(&self, other: &'o ObservedNetwork) -> Option<&'o String> {
        other.subnets.iter().find(|text| Subnet::parse(text).is_some_and(|theirs| theirs.overlaps(&self.subnet)))
    }

    /// Returns the refusal, without its cause.
    fn taken(&self) -> Diagnostic {
        let message = format!("subnet {} of network `{}` is already taken", self.subnet.text, self.network.key);
        Diagnostic::error("subnet-taken", self.pool.span, message)
            .at(format!("networks.{}.ipam.config", self.network.key))
    }
}
