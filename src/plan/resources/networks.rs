//! Networks: which of them exist, which must be created, and which must be created anew because their definition has
//! changed.
//!
//! A network cannot be changed, so a changed one is removed and created again. Its containers stop and leave it first,
//! and come back when their own services are planned. Start at [`survey`]; [`make_all`] plans the steps.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::model::{
    ContainerId, Definition, Network, NetworkId, NetworkKey, NetworkName, NetworkSpec, Observed, ObservedContainer,
    ObservedNetwork, Project, hash, labels,
};
use crate::plan::builder::Builder;
use crate::plan::checks::{claims, interfaces, preflight, subnets};
use crate::plan::container::owned::is_from_elsewhere;
use crate::plan::container::{fields, replicas};
use crate::plan::own_networks::{find, is_lent, is_ours, is_unchanged, is_used};
use crate::plan::resources::displaced::{self, End};
use crate::plan::scope::Scope;
use crate::plan::{Action, ContainerRef, FieldChange, Reason, StepId, Target};

/// The networks of a plan, for the planners of services.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks {
    /// The steps after which containers can use a network; none for a network that exists and stays.
    pub ready: BTreeMap<NetworkKey, Vec<StepId>>,
    /// The ids of the networks that exist and stay.
    pub ids: BTreeMap<NetworkName, NetworkId>,
}

/// The networks of a file beside those of the engine, before any of them is removed or created.
#[derive(Default)]
pub(crate) struct Survey<'a> {
    /// The networks that exist and stay.
    pub staying: Networks,
    /// The networks that must be created. The second of a pair is the existing network that is recreated.
    missing: Vec<(&'a Network, Option<&'a ObservedNetwork>)>,
}

impl<'a> Survey<'a> {
    /// Returns the networks that are recreated, each with the existing network.
    pub(crate) fn recreated(&self) -> impl Iterator<Item = (&'a Network, &'a ObservedNetwork)> {
        self.missing.iter().filter_map(|(network, existing)| Some((*network, (*existing)?)))
    }
}

/// A network that must be created.
struct Missing<'a> {
    network: &'a Network,
    /// The old network and its removal, if the network is created anew.
    before: Option<(&'a ObservedNetwork, StepId)>,
    /// The removals of other networks with the same name.
    doubles: Vec<StepId>,
    reason: Reason,
}

/// Looks which of the networks in `used` stay and which must be created, and refuses those that cannot be as the file
/// says. The containers on a network that is recreated are noted as displaced; their stops are planned by [`make_all`].
pub(crate) fn survey<'a>(builder: &mut Builder, scope: Scope<'a>, used: &BTreeSet<&NetworkKey>) -> Survey<'a> {
    let Scope { project, world, .. } = scope;
    let mut survey = Survey::default();
    let declared = || project.networks.iter().filter(|(key, _)| used.contains(key));
    let interfaces: Vec<_> = declared().filter_map(|(_, network)| interfaces::claim(network)).collect();
    claims::check(builder, scope, &interfaces);
    for (key, network) in declared() {
        if network.is_external {
            external(builder, network, world.observed, &mut survey.staying);
            continue;
        }
        preflight::network(builder, world.observed, network);
        match find(project, network, world) {
            Some(existing) if is_lent(network, existing) => lent(builder, network, existing, &mut survey.staying),
            None => survey.missing.push((network, None)),
            Some(existing) if !is_ours(project, existing) => foreign(builder, project, network, existing),
            Some(existing) if is_unchanged(network, existing) => {
                survey.staying.ids.insert(network.name.clone(), existing.id.clone());
                let ready = remove_doubles(builder, scope, network, existing);
                survey.staying.ready.insert(key.clone(), ready);
            }
            Some(existing) => {
                if may_recreate(builder, scope, network, existing) {
                    let note = |user: &ObservedContainer| builder.displace(&user.id).networks.push(network.key.clone());
                    world.on(&existing.id).for_each(note);
                    survey.missing.push((network, Some(existing)));
                }
            }
        }
    }
    survey
}

/// Plans the networks that must be created. `gone`: removals of containers that are planned already. A network is
/// removed only after these removals. `begun`: the creations of replacements, by the old container; an old container
/// stops only when its replacement exists.
pub(crate) fn make_all(
    builder: &mut Builder,
    scope: Scope<'_>,
    survey: Survey<'_>,
    gone: &[StepId],
    begun: &BTreeMap<ContainerId, StepId>,
) -> Networks {
    let mut networks = survey.staying;
    let mut missing: Vec<Missing<'_>> = Vec::new();
    for (network, existing) in survey.missing {
        missing.push(match existing {
            None => Missing { network, before: None, doubles: Vec::new(), reason: Reason::Missing },
            Some(existing) => replace(builder, scope, (network, existing), gone, begun),
        });
    }
    let subnets: Vec<_> = missing.iter().flat_map(|one| subnets::claims(one.network)).collect();
    claims::check(builder, scope, &subnets);
    // The engine chooses a free subnet for a network without one. It must not choose the subnet of another network of
    // the file.
    let (fixed, free): (Vec<_>, Vec<_>) = missing.iter().partition(|one| subnets::claims(one.network).next().is_some());
    let mut made = Vec::new();
    for one in fixed {
        let step = make(builder, scope, one);
        networks.ready.insert(one.network.key.clone(), vec![step]);
        made.push(step);
    }
    for one in free {
        let step = make(builder, scope, one);
        builder.after(step, made.iter().copied());
        networks.ready.insert(one.network.key.clone(), vec![step]);
    }
    networks
}

/// Returns the target of a step on a network.
pub(crate) fn target(network: &Network) -> Target {
    Target::Network { key: Some(network.key.clone()), name: network.name.clone() }
}

/// Plans the removal of unused duplicates: networks of the project with the same name as `kept`, created by interrupted
/// runs. While two networks have the same name, the engine starts no container on either.
fn remove_doubles(builder: &mut Builder, scope: Scope<'_>, network: &Network, kept: &ObservedNetwork) -> Vec<StepId> {
    let is_double = |candidate: &&ObservedNetwork| {
        candidate.name == network.name
            && candidate.id != kept.id
            && is_ours(scope.project, candidate)
            && !is_used(scope.world, candidate)
    };
    let mut remove = |double: &ObservedNetwork| {
        let action = Action::RemoveNetwork { id: double.id.clone() };
        builder.step(&target(network), action, Reason::Unfinished("a double was left behind"), [])
    };
    scope.world.observed.networks.iter().filter(is_double).map(&mut remove).collect()
}

/// Uses an external network as it is, or reports that it does not exist.
fn external(builder: &mut Builder, network: &Network, observed: &Observed, networks: &mut Networks) {
    // `host`, `none` and `bridge` always exist. A worker of a swarm may not list the networks of the swarm.
    match observed.networks.iter().find(|candidate| candidate.name == network.name) {
        Some(existing) => {
            networks.ids.insert(network.name.clone(), existing.id.clone());
            networks.ready.insert(network.key.clone(), Vec::new());
        }
        None => builder.tell(
            Diagnostic::error(
                "external-network-missing",
                network.span,
                format!("network `{}` is declared as external, but the engine has none of that name", network.name),
            )
            .at(format!("networks.{}", network.key))
            .help(format!("make it with `docker network create {}`, or drop `external`", network.name)),
        ),
    }
}

/// Uses a network as it is that was created by hand for the file.
fn lent(builder: &mut Builder, network: &Network, existing: &ObservedNetwork, networks: &mut Networks) {
    networks.ids.insert(network.name.clone(), existing.id.clone());
    networks.ready.insert(network.key.clone(), Vec::new());
    let message = format!(
        "network `{}` was made by hand: it is used as it is, whatever the file says of it, and `down` leaves it",
        network.name
    );
    builder.tell(
        Diagnostic::warning("lent-network", network.span, message)
            .at(format!("networks.{}", network.key))
            .help("say so with `external: true`"),
    );
}

/// Refuses a network whose name already belongs to a network of another project, or of none.
fn foreign(builder: &mut Builder, project: &Project, network: &Network, existing: &ObservedNetwork) {
    let owner = match existing.labels.get(labels::PROJECT) {
        Some(owner) => format!("it belongs to project `{}`", crate::text::escape_controls(owner)),
        None => "it belongs to no project".to_owned(),
    };
    builder.tell(
        Diagnostic::error(
            "foreign-network",
            network.span,
            format!("a network named `{}` exists, but it is not this project's (`{}`)", network.name, project.name),
        )
        .at(format!("networks.{}", network.key))
        .cause(owner)
        .help("set `external: true` to use it as it is, or give this one another `name`"),
    );
}

/// Plans the creation of a network. A subnet or an interface may pass from one network to another. Example: `back`
/// claims 10.5.0.0/24, which the old `front` has, and `front` has another subnet in the file. The removal of the old
/// `front` then comes before the creation of `back`.
fn make(builder: &mut Builder, scope: Scope<'_>, missing: &Missing<'_>) -> StepId {
    let network = missing.network;
    let before = missing.before.map(|(existing, _)| Box::new(existing.as_made()));
    let create = Action::CreateNetwork { spec: Box::new(spec(scope.project, network)), before };
    let removed = missing.before.map(|(_, removed)| removed);
    let gone: Vec<StepId> = removed.into_iter().chain(missing.doubles.iter().copied()).collect();
    let mut givers: Vec<StepId> = Vec::new();
    for claim in subnets::claims(network) {
        givers.extend(claims::free_after(builder, &claims::decide(scope, &claim)));
    }
    if let Some(claim) = interfaces::claim(network) {
        givers.extend(claims::free_after(builder, &claims::decide(scope, &claim)));
    }
    givers.retain(|step| !gone.contains(step));
    let made = builder.step(&target(network), create, missing.reason.clone(), gone);
    builder.after(made, givers);
    made
}

/// Returns whether a network may be recreated. It may not while containers of others are attached, which is told.
fn may_recreate(builder: &mut Builder, scope: Scope<'_>, network: &Network, existing: &ObservedNetwork) -> bool {
    let strangers: Vec<String> = scope
        .world
        .on(&existing.id)
        .filter(|user| is_stranger(scope.project, user))
        .map(|user| format!("`{}`", crate::text::escape_controls(user.name.as_str())))
        .collect();
    if !strangers.is_empty() {
        let message = format!("network `{}` has changed, but containers of others are attached", network.name);
        builder.tell(
            Diagnostic::error("network-in-use", network.span, message)
                .at(format!("networks.{}", network.key))
                .cause(format!("it cannot be recreated while {} use it", strangers.join(", ")))
                .help(format!("disconnect them first: `docker network disconnect {} NAME`", network.name)),
        );
    }
    strangers.is_empty()
}

/// Plans the removal of a network that is recreated: its containers stop and leave the network, then it is removed.
/// Returns the network to create.
fn replace<'a>(
    builder: &mut Builder,
    scope: Scope<'_>,
    (network, existing): (&'a Network, &'a ObservedNetwork),
    gone: &[StepId],
    begun: &BTreeMap<ContainerId, StepId>,
) -> Missing<'a> {
    let reason = Reason::Changed(changes(network, existing));
    let mut gone = gone.to_vec();
    for user in scope.world.on(&existing.id) {
        gone.push(displace(builder, scope, network, user, begun.get(&user.id)));
    }
    let removed =
        builder.step(&target(network), Action::RemoveNetwork { id: existing.id.clone() }, reason.clone(), gone);
    let doubles = remove_doubles(builder, scope, network, existing);
    Missing { network, before: Some((existing, removed)), doubles, reason }
}

/// Returns whether the plan must not stop a container: one of another project, one of a service that only a project in
/// another directory has, or a running one-off container of `run`.
fn is_stranger(project: &Project, user: &ObservedContainer) -> bool {
    user.label(labels::PROJECT) != Some(project.name.as_str())
        || (is_from_elsewhere(project, user) && user.service().is_none_or(|name| project.service(name).is_none()))
        || (user.is_oneoff() && replicas::is_up(user))
}

/// Returns the fields in which a network differs from its definition in the file.
fn changes(network: &Network, existing: &ObservedNetwork) -> Vec<FieldChange> {
    let mut made = Definition::default();
    made.set("driver", existing.driver.as_str());
    for (name, value) in &existing.labels {
        made.set(format!("labels.{name}"), value.as_str());
    }
    fields::changes(existing.labels.get(labels::FIELDS).map(String::as_str), Some(&made), &network.canonical)
}

/// Plans that a container stops early, after the creation of its replacement, and leaves a network. Returns the step in
/// which it leaves.
fn displace(
    builder: &mut Builder,
    scope: Scope<'_>,
    network: &Network,
    user: &ObservedContainer,
    begun: Option<&StepId>,
) -> StepId {
    let target = replicas::target_of(user);
    let container = ContainerRef::Existing(user.id.clone());
    let reason = Reason::NotAttached(network.key.clone());
    let end = End { grace: scope.options.grace, reason: reason.clone() };
    let stops = displaced::stop_early(builder, scope.project, user, end, begun.map_or(&[], std::slice::from_ref));
    let leave = Action::DisconnectNetwork { container, network: network.name.clone() };
    let left = builder.step(&target, leave, reason, stops);
    builder.displace(&user.id).steps.push(left);
    left
}

/// Returns the specification with which a network of the project is created.
pub(crate) fn spec(project: &Project, network: &Network) -> NetworkSpec {
    let mut all = network.labels.clone();
    all.insert(labels::PROJECT.to_owned(), project.name.to_string());
    all.insert(labels::NETWORK.to_owned(), network.key.to_string());
    all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
    all.insert(labels::CONFIG_HASH.to_owned(), hash::resource_hash(&network.canonical));
    all.insert(labels::FIELDS.to_owned(), fields::digest_label(&network.canonical));
    NetworkSpec {
        name: network.name.clone(),
        driver: network.driver.clone(),
        driver_opts: network.driver_opts.clone(),
        ipam: network.ipam.clone(),
        internal: network.internal,
        attachable: network.attachable,
        enable_ipv4: network.enable_ipv4,
        enable_ipv6: network.enable_ipv6,
        labels: all,
    }
}
