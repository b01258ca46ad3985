//! Claims: a compose file claims a host port, a fixed address, a subnet, an interface of the host or a container name,
//! each of which can have only one holder at a time.
//!
//! Each kind of claim has a file of its own beside this one. That file says what the compose file claims, which
//! containers, networks and programs hold it, and how a refusal reads. [`decide`] says for all kinds alike whether a
//! claim can be met; [`check`] refuses every claim that cannot be met. This file must not know any kind.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::model::{Listener, ObservedContainer, ObservedNetwork, Service, ServiceName};
use crate::plan::builder::Builder;
use crate::plan::options::Recreate;
use crate::plan::scope::Scope;
use crate::plan::{Reason, StepId};

/// A holder of the thing that a file claims.
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
    /// The claimed thing has no holder.
    Free,
    /// The plan replaces or removes every holder before the claimant starts: the container that the claimant replaces,
    /// an orphan, a network that is created anew. [`free_after`] returns the removals.
    GivesWay(Vec<Holder<'a>>),
    /// Containers of other services of the project are holders. The plan stops them before the claimant starts.
    HandedOver(Vec<&'a ObservedContainer>),
    /// This holder stays.
    Refused(Holder<'a>),
}

/// One claim of a file.
pub(crate) trait Claim<'a> {
    /// Two claims of a file with different keys never exclude each other.
    type Key: Ord;

    /// Returns the key.
    fn key(&self) -> Self::Key;

    /// Returns the service that makes the claim; `None` where a network makes it.
    fn claimant(&self) -> Option<&'a Service>;

    /// Returns whether the claim and another one of the file with the same key cannot both be met.
    fn excludes(&self, other: &Self) -> bool;

    /// Returns all holders of the claimed thing, the claimant's own containers and networks included.
    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>>;

    /// Returns whether the plan makes a holder give the claimed thing up.
    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool;

    /// Returns the reason why a container of another service must stop early; `None` if that container does not hand
    /// over to the claimant what it holds.
    fn hands_over(&self, _scope: Scope<'a>, _holder: &ObservedContainer) -> Option<Reason> {
        None
    }

    /// Returns the refusal of a claim that could not be met even without any holder: three replicas cannot have one
    /// port.
    fn fault(&self, _scope: Scope<'a>) -> Option<Diagnostic> {
        None
    }

    /// Returns the refusal of a claim whose holder stays.
    fn refused(&self, scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic;

    /// Returns the refusal of a claim that an earlier claim of the file excludes.
    fn twice(&self, first: &Self) -> Diagnostic;
}

/// Decides whether a claim can be met. Every holder must let go: one holder that stays is enough for a refusal.
///
/// Example: `web` claims port 80 on all addresses. Its old container holds port 80 on 127.0.0.1 and gives way; a
/// container of another project holds port 80 on 192.0.2.1. The claim is refused, and the other project's container is
/// named.
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
        .filter(|one| is_others(claim.claimant(), one) && claim.hands_over(scope, one).is_some())
        .collect();
    match (handed_over.is_empty(), holders.is_empty()) {
        (false, _) => Verdict::HandedOver(handed_over),
        (true, false) => Verdict::GivesWay(holders),
        (true, true) => Verdict::Free,
    }
}

/// Returns whether a container does not belong to the claimant.
fn is_others(claimant: Option<&Service>, container: &ObservedContainer) -> bool {
    claimant.is_some_and(|service| container.service() != Some(service.name.as_str()))
}

/// Refuses each claim that cannot be met: an earlier claim of the file excludes it, it could never be met, or a holder
/// stays.
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

/// Refuses a claim that could never be met, or whose holder stays.
pub(crate) fn check_one<'a, C: Claim<'a>>(builder: &mut Builder, scope: Scope<'a>, claim: &C) {
    if let Some(fault) = claim.fault(scope) {
        builder.tell(fault);
    } else if let Verdict::Refused(holder) = decide(scope, claim) {
        builder.tell(claim.refused(scope, holder));
    }
}

/// A container that is stopped early, because another service claims a port or an address that the container holds.
pub(crate) struct Handover<'a> {
    pub holder: &'a ObservedContainer,
    /// The service that makes the claim.
    pub taker: ServiceName,
    pub reason: Reason,
}

/// Returns the containers that hand a port or an address over to another service of the project. There are none in a
/// run that starts nothing (`create`) or recreates nothing (`--no-recreate`).
pub(crate) fn handovers<'a, C: Claim<'a>>(scope: Scope<'a>, claims: &[C]) -> Vec<Handover<'a>> {
    if !scope.options.start || scope.options.recreate == Recreate::Never {
        return Vec::new();
    }
    let of_claim = |claim: &C| -> Vec<Handover<'a>> {
        let (Some(taker), Verdict::HandedOver(holders)) = (claim.claimant(), decide(scope, claim)) else {
            return Vec::new();
        };
        let handover =
            |holder| Some(Handover { holder, reason: claim.hands_over(scope, holder)?, taker: taker.name.clone() });
        holders.into_iter().filter_map(handover).collect()
    };
    claims.iter().flat_map(of_claim).collect()
}

/// Returns the removals after which a claim that gives way has no holder any more, as far as these steps are planned.
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
