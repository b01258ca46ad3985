//! Containers that are stopped before the turn of their own service, and the stop and removal of containers in general.
//!
//! A container may have to stop early because its network is created anew, or because its host port goes to another
//! service. The planner of its own service would stop it, too. The builder keeps the early stops
//! ([`Builder::take_over`]), so that the container is stopped once, whichever planner comes first.

use std::time::Duration;

use crate::model::{ContainerState, EndpointSpec, NetworkName, ObservedContainer, Project};
use crate::plan::builder::Builder;
use crate::plan::container::{fixed, replicas};
use crate::plan::hooks::Stop;
use crate::plan::{Action, ContainerRef, Reason, StepId};

/// The grace period of a stop, and its reason.
#[derive(Clone)]
pub(crate) struct End {
    /// Time between the stop signal and KILL; `None` means the container's own.
    pub grace: Option<Duration>,
    pub reason: Reason,
}

/// Plans the early stop of a container that runs, after the steps `after`. A container is stopped early once, however
/// many planners ask for the stop. Returns all steps of its early stop.
pub(crate) fn stop_early(
    builder: &mut Builder,
    project: &Project,
    container: &ObservedContainer,
    end: End,
    after: &[StepId],
) -> Vec<StepId> {
    let is_running = matches!(container.state, ContainerState::Running | ContainerState::Restarting);
    if is_running && !builder.displace(&container.id).was_running {
        let stop = Stop::of(project, container, end.grace, end.reason).plan(builder, after);
        let displaced = builder.displace(&container.id);
        displaced.was_running = true;
        displaced.steps.extend(stop);
    }
    builder.displace(&container.id).steps.clone()
}

/// Takes a container over and plans its stop, unless an early step of the plan stops it. Returns the steps after which
/// the container does not run.
pub(crate) fn stop(
    builder: &mut Builder,
    project: &Project,
    container: &ObservedContainer,
    end: End,
    after: &[StepId],
) -> Vec<StepId> {
    let displaced = builder.take_over(&container.id);
    let mut steps = displaced.steps;
    steps.extend(after);
    if replicas::is_up(container) && !displaced.was_running {
        let stop = Stop::of(project, container, end.grace, end.reason);
        steps.extend(stop.plan(builder, &steps));
    }
    steps
}

/// Takes a container over and plans its stop and its removal after the steps `after`. Its anonymous volumes stay.
/// Returns the removal.
pub(crate) fn remove(
    builder: &mut Builder,
    project: &Project,
    container: &ObservedContainer,
    end: End,
    after: &[StepId],
) -> StepId {
    let stopped = stop(builder, project, container, end.clone(), after);
    remove_after(builder, container, end.reason, stopped)
}

/// Plans the removal of a container after the steps `after`, when the container does not run any more. Its anonymous
/// volumes stay.
pub(crate) fn remove_after(
    builder: &mut Builder,
    container: &ObservedContainer,
    reason: Reason,
    after: impl IntoIterator<Item = StepId>,
) -> StepId {
    let reference = ContainerRef::Existing(container.id.clone());
    let remove = Action::RemoveContainer { container: reference, force: false, volumes: false };
    builder.step(&replicas::target_of(container), remove, reason, after)
}

/// Returns the endpoint that a container had on a network, to connect the container again once the network is created
/// anew. The list of containers tells the aliases and the fixed addresses only; all else takes its default.
pub(crate) fn endpoint_again(container: &ObservedContainer, network: &NetworkName) -> EndpointSpec {
    let had = container.networks.get(network).cloned().unwrap_or_default();
    let fixed = fixed::of(container, network).unwrap_or_default();
    let names = [replicas::target_of(container).name().to_owned()].into_iter();
    let usual = names.chain(container.service().map(str::to_owned));
    EndpointSpec {
        network: network.clone(),
        aliases: if had.aliases.is_empty() { usual.collect() } else { had.aliases },
        ipv4_address: fixed.ipv4,
        ipv6_address: fixed.ipv6,
        ..EndpointSpec::default()
    }
}
