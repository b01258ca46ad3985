//! Networks: which are there, which must be made, which must be made anew because their definition changed.

use crate::plan::container::replicas;
use crate::plan::resources::owned::{find, is_ours, is_unchanged, is_used, stays};
use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::model::{
    Definition, Network, NetworkId, NetworkKey, NetworkName, NetworkSpec, Observed, ObservedContainer, ObservedNetwork,
    Project, hash, labels,
};
use crate::plan::builder::Builder;
use crate::plan::checks::interfaces;
use crate::plan::checks::subnet::Subnet;
use crate::plan::container::fields;
use crate::plan::container::owned::is_from_elsewhere;
use crate::plan::resources::displaced::{self, End};
use crate::plan::{Action, ContainerRef, FieldChange, Reason, StepId, Target};

/// What the rest of the plan needs to know of networks.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// Steps after which a network is there; none where it is there already.
    pub ready: BTreeMap<NetworkKey, Vec<StepId>>,
    /// Ids of networks that are there and stay.
    pub ids: BTreeMap<NetworkName, NetworkId>,
    /// Removals of containers that do not count as users any more.
    gone: Vec<StepId>,
}

/// A network that is yet to be made, and the one that it takes the place of, with its removal.
struct Missing<'a> {
    network: &'a Network,
    before: Option<(&'a ObservedNetwork, StepId)>,
    /// Removals of others of its name.
    doubles: Vec<StepId>,
    reason: Reason,
}

/// Plans the networks of `used`. `gone` are removals of containers that no longer count as their users.
pub(crate) fn plan(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    used: &BTreeSet<&NetworkKey>,
    grace: Option<std::time::Duration>,
    gone: Vec<StepId>,
) -> Networks {
    let mut networks = Networks { gone, ..Networks::default() };
    let mut missing: Vec<Missing<'_>> = Vec::new();
    interfaces::check(builder, project, observed, used);
    for (key, network) in project.networks.iter().filter(|(key, _)| used.contains(key)) {
        let found = find(project, network, observed);
        if network.is_external {
            external(builder, network, observed, &mut networks);
            continue;
        }
        match found {
            None => {
                check_subnets(builder, project, network, observed);
                missing.push(Missing { network, before: None, doubles: Vec::new(), reason: Reason::Missing });
            }
            Some(existing) if !is_ours(project, existing) => foreign(builder, project, network, existing),
            Some(existing) if is_unchanged(network, existing) => {
                networks.ids.insert(network.name.clone(), existing.id.clone());
                let ready = remove_doubles(builder, project, network, observed, existing);
                networks.ready.insert(key.clone(), ready);
            }
            Some(existing) => {
                missing.extend(replace(builder, project, network, existing, observed, &mut networks, grace));
            }
        }
    }
    for one in &missing {
        let made = make(builder, project, one, &missing);
        networks.ready.insert(one.network.key.clone(), vec![made]);
    }
    networks
}

/// Returns what a step on this network acts on.
pub(crate) fn target(network: &Network) -> Target {
    Target::Network { key: Some(network.key.clone()), name: network.name.clone() }
}

/// Plans the end of doubles that a run which died left behind: with two networks of one name nothing can be started.
fn remove_doubles(
    builder: &mut Builder,
    project: &Project,
    network: &Network,
    observed: &Observed,
    kept: &ObservedNetwork,
) -> Vec<StepId> {
    let doubles = observed.networks.iter().filter(|candidate| {
        candidate.name == network.name
            && candidate.id != kept.id
            && is_ours(project, candidate)
            && !is_used(observed, candidate)
    });
    let reason = Reason::Unfinished("a double was left behind");
    doubles
        .map(|double| {
            let action = Action::RemoveNetwork { id: double.id.clone() };
            builder.step(&target(network), action, reason.clone(), [])
        })
        .collect()
}

fn external(builder: &mut Builder, network: &Network, observed: &Observed, networks: &mut Networks) {
    // `host`, `none` and `bridge` exist by nature; swarm networks may not be listed on workers.
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

/// Plans what makes a network. A subnet or an interface may pass from one to another, so the one that gives it up goes
/// before.
fn make(builder: &mut Builder, project: &Project, missing: &Missing<'_>, all: &[Missing<'_>]) -> StepId {
    let before = missing.before.map(|(existing, _)| Box::new(existing.as_made()));
    let create = Action::CreateNetwork { spec: Box::new(spec(project, missing.network)), before };
    let removed = missing.before.map(|(_, removed)| removed);
    let gone = removed.into_iter().chain(missing.doubles.iter().copied());
    let made = builder.step(&target(missing.network), create, missing.reason.clone(), gone);
    let others = all.iter().filter_map(|other| other.before);
    let givers = others.filter(|(other, step)| Some(*step) != removed && is_in_the_way(missing.network, other));
    builder.after(made, givers.map(|(_, step)| step));
    made
}

/// Whether a network has what another one asks for.
fn is_in_the_way(network: &Network, other: &ObservedNetwork) -> bool {
    let subnets: Vec<Subnet> =
        network.ipam.pools.iter().filter_map(|pool| Subnet::parse(pool.subnet.as_deref()?)).collect();
    let theirs = other.subnets.iter().filter_map(|text| Subnet::parse(text));
    interfaces::is_of(network, other) || theirs.into_iter().any(|it| subnets.iter().any(|own| own.overlaps(&it)))
}

/// Makes a network anew: users stop and leave, the old one goes, the new one comes; they come back when they start.
/// Returns what is to be made; nothing where it cannot be.
fn replace<'a>(
    builder: &mut Builder,
    project: &Project,
    network: &'a Network,
    existing: &'a ObservedNetwork,
    observed: &Observed,
    networks: &mut Networks,
    grace: Option<std::time::Duration>,
) -> Option<Missing<'a>> {
    let users: Vec<&ObservedContainer> = observed.containers.on(&existing.id).collect();
    let strangers: Vec<String> = users
        .iter()
        .filter(|user| is_stranger(project, user))
        .map(|user| format!("`{}`", crate::text::escape_controls(user.name.as_str())))
        .collect();
    if !strangers.is_empty() {
        let message = format!("network `{}` has changed, but containers of others are attached", network.name);
        builder.tell(
            Diagnostic::error("network-in-use", network.span, message)
                .at(format!("networks.{}", network.key))
                .cause(format!("it cannot be made anew while {} use it", strangers.join(", ")))
                .help(format!("disconnect them first: `docker network disconnect {} NAME`", network.name)),
        );
        return None;
    }
    check_subnets(builder, project, network, observed);
    let reason = Reason::Changed(changes(network, existing));
    let mut gone = networks.gone.clone();
    for user in users {
        gone.push(displace(builder, project, network, user, grace));
    }
    let removed =
        builder.step(&target(network), Action::RemoveNetwork { id: existing.id.clone() }, reason.clone(), gone);
    let doubles = remove_doubles(builder, project, network, observed, existing);
    Some(Missing { network, before: Some((existing, removed)), doubles, reason })
}

/// Whether a container is not ours to stop: of others, of another directory, or at work on what `run` was asked.
fn is_stranger(project: &Project, user: &ObservedContainer) -> bool {
    user.label(labels::PROJECT) != Some(project.name.as_str())
        || (is_from_elsewhere(project, user) && user.service().is_none_or(|name| project.service(name).is_none()))
        || (user.is_oneoff() && replicas::is_up(user))
}

/// Returns what differs, field by field.
fn changes(network: &Network, existing: &ObservedNetwork) -> Vec<FieldChange> {
    let mut made = Definition::default();
    made.set("driver", existing.driver.as_str());
    for (name, value) in &existing.labels {
        made.set(format!("labels.{name}"), value.as_str());
    }
    fields::changes(existing.labels.get(labels::FIELDS).map(String::as_str), Some(&made), &network.canonical)
}

fn displace(
    builder: &mut Builder,
    project: &Project,
    network: &Network,
    user: &ObservedContainer,
    grace: Option<std::time::Duration>,
) -> StepId {
    let target = replicas::target_of(user);
    let container = ContainerRef::Existing(user.id.clone());
    let reason = Reason::NotAttached(network.key.clone());
    builder.displace(&user.id).networks.push(network.key.clone());
    let stops = displaced::stop_early(builder, project, user, End { grace, reason: reason.clone() }, &[]);
    let leave = Action::DisconnectNetwork { container, network: network.name.clone() };
    let left = builder.step(&target, leave, reason, stops);
    builder.displace(&user.id).steps.push(left);
    left
}

/// Refuses a subnet that another network has, naming both.
fn check_subnets(builder: &mut Builder, project: &Project, network: &Network, observed: &Observed) {
    for pool in &network.ipam.pools {
        let Some(wanted) = pool.subnet.as_deref().and_then(Subnet::parse) else { continue };
        let overlaps = |text: &&String| Subnet::parse(text).is_some_and(|it| it.overlaps(&wanted));
        let is_double = |other: &ObservedNetwork| other.name == network.name && is_ours(project, other);
        let mut others = observed.networks.iter().filter(|other| stays(project, other) && !is_double(other));
        if let Some((other, subnet)) = others.find_map(|other| Some((other, other.subnets.iter().find(overlaps)?))) {
            let message = format!("subnet {} of network `{}` is already taken", wanted.text, network.key);
            builder.tell(
                Diagnostic::error("subnet-taken", pool.span, message)
                    .at(format!("networks.{}.ipam.config", network.key))
                    .cause(format!(
                        "it overlaps {subnet} of network `{}`",
                        crate::text::escape_controls(other.name.as_str())
                    ))
                    .help("choose another subnet, or leave it out and let the engine choose"),
            );
        }
    }
}

/// Returns the specification of a network of the project.
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
