//! Claims: what only one holder can have at a time, decided in one place.
//!
//! A file claims host ports, fixed addresses, subnets, interfaces of the host and container names. Each kind has a file of
//! its own beside this one, which says what the file claims, who holds it in the world, and how a refusal reads. Whether a
//! claim can be met is decided by [`decide`], for all kinds alike; [`check`] tells every claim that cannot.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::model::{Listener, ObservedContainer, ObservedNetwork, Service, ServiceName};
use crate::plan::builder::Builder;
use crate::plan::options::Recreate;
use crate::plan::scope::Scope;
use crate::plan::{Reason, StepId};

/// Who holds in the world what a file claims.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'a> {
    /// A container, of this project or another.
    Container(&'a ObservedContainer),
    /// A network, of this project or another.
    Network(&'a ObservedNetwork),
    /// A program that listens on the engine's machine.
    Program(&'a Listener),
}

/// Whether a claim can be met.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    /// Nobody holds it.
    Free,
    /// Its holders are replaced or removed by this plan before the claimant needs it: the container that the claimant
    /// replaces, an orphan, a network that is made anew. [`free_after`] has the steps.
    GivesWay(Vec<Holder<'a>>),
    /// Containers of other services of the project hold it. The plan stops them before the claimant starts.
    HandedOver(Vec<&'a ObservedContainer>),
    /// A holder keeps it.
    Refused(Holder<'a>),
}

/// One claim of a file.
pub(crate) trait Claim<'a> {
    /// Two claims of a file can only be in each other's way where their keys are equal.
    type Key: Ord;

    /// Returns the key.
    fn key(&self) -> Self::Key;

    /// Returns the service that claims; `None` where a network does.
    fn claimant(&self) -> Option<&'a Service>;

    /// Returns whether the claim and another one of the file with the same key cannot both be met.
    fn excludes(&self, other: &Self) -> bool;

    /// Returns who holds it, the claimant's own containers and networks included.
    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>>;

    /// Returns whether a holder lets go of it in this plan.
    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool;

    /// Returns whether a container of another service hands it over to the claimant.
    fn hands_over(&self, _scope: Scope<'a>, _holder: &ObservedContainer) -> bool {
        false
    }

    /// Returns why its holder must stop early.
    fn reason(&self, claimant: ServiceName) -> Reason {
        Reason::PortNeededBy(claimant)
    }

    /// Returns why nobody could have it, whoever holds it.
    fn fault(&self, _scope: Scope<'a>) -> Option<Diagnostic> {
        None
    }

    /// Returns what people are told where a holder keeps it.
    fn refused(&self, scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic;

    /// Returns what people are told where an earlier claim of the file excludes this one.
    fn twice(&self, first: &Self) -> Diagnostic;
}

/// Decides whether a claim can be met: all holders must let go of it. One that does not is enough for a refusal, wherever
/// it stands among them.
///
/// Example: `web` claims port 80 on all addresses. Its old container holds port 80 on 127.0.0.1 and gives way; a container
/// of another project holds port 80 on 192.0.2.1. The claim is refused, and the other project's container is named.
pub(crate) fn decide<'a, C: Claim<'a>>(scope: Scope<'a>, claim: &C) -> Verdict<'a> {
    let holders = claim.holders(scope);
    if let Some(holder) = holders.iter().find(|holder| !claim.lets_go(scope, **holder)) {
        return Verdict::Refused(*holder);
    }
    let handed_over: Vec<&ObservedContainer> = holders
        .iter()
        .filter_map(|holder| match holder {
            Holder::Container(one) => Some(*one),
            _ => None,
        })
        .filter(|one| is_others(claim.claimant(), one) && claim.hands_over(scope, one))
        .collect();
    match (handed_over.is_empty(), holders.is_empty()) {
        (false, _) => Verdict::HandedOver(handed_over),
        (true, false) => Verdict::GivesWay(holders),
        (true, true) => Verdict::Free,
    }
}

fn is_others(claimant: Option<&Service>, container: &ObservedContainer) -> bool {
    claimant.is_some_and(|service| container.service() != Some(service.name.as_str()))
}

/// Tells of each claim that cannot be met: because an earlier claim of the file excludes it, because nobody could have it,
/// or because a holder keeps it.
pub(crate) fn check<'a, C: Claim<'a>>(builder: &mut Builder, scope: Scope<'a>, claims: &[C]) {
    let mut earlier: BTreeMap<C::Key, Vec<&C>> = BTreeMap::new();
    for claim in claims {
        let same = earlier.entry(claim.key()).or_default();
        match same.iter().find(|first| claim.excludes(first)) {
            Some(first) => builder.tell(claim.twice(first)),
            None => check_one(builder, scope, claim),
        }
        same.push(claim);
    }
}

/// Tells of a claim that cannot be met because nobody could have it, or because a holder keeps it.
pub(crate) fn check_one<'a, C: Claim<'a>>(builder: &mut Builder, scope: Scope<'a>, claim: &C) {
    if let Some(fault) = claim.fault(scope) {
        builder.tell(fault);
    } else if let Verdict::Refused(holder) = decide(scope, claim) {
        builder.tell(claim.refused(scope, holder));
    }
}

/// A container that is stopped early because another service claims what it holds.
pub(crate) struct Handover<'a> {
    pub holder: &'a ObservedContainer,
    /// The service that claims it.
    pub taker: ServiceName,
    pub reason: Reason,
}

/// Returns the containers that hand something over to another service of the project. A run that starts or replaces nothing
/// hands nothing over.
pub(crate) fn handovers<'a, C: Claim<'a>>(scope: Scope<'a>, claims: &[C]) -> Vec<Handover<'a>> {
    if !scope.options.start || scope.options.recreate == Recreate::Never {
        return Vec::new();
    }
    let of_claim = |claim: &C| -> Vec<Handover<'a>> {
        let (Some(taker), Verdict::HandedOver(holders)) = (claim.claimant(), decide(scope, claim)) else {
            return Vec::new();
        };
        let handover = |holder| {
            let taker = taker.name.clone();
            Handover { holder, reason: claim.reason(taker.clone()), taker }
        };
        holders.into_iter().map(handover).collect()
    };
    claims.iter().flat_map(of_claim).collect()
}

/// Returns the steps after which nobody holds a claim any more, as far as they are planned.
pub(crate) fn free_after(builder: &Builder, verdict: &Verdict<'_>) -> Vec<StepId> {
    let removal = |holder: &Holder<'_>| match holder {
        Holder::Container(one) => builder.removal_of(&one.id),
        Holder::Network(one) => builder.removal_of_network(&one.id),
        Holder::Program(_) => None,
    };
    match verdict {
        Verdict::GivesWay(holders) => holders.iter().filter_map(removal).collect(),
        Verdict::Free | Verdict::HandedOver(_) | Verdict::Refused(_) => Vec::new(),
    }
}
