//! Displaced.

use crate::model::{ContainerState, EndpointSpec, NetworkKey, NetworkName, ObservedContainer, Project};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;
use crate::plan::hooks::Stop;
use crate::plan::{Reason, StepId};

/// A container that is stopped before its own turn: it loses a network for a moment, or another needs its host port.
#[derive(Debug, Default)]
pub(crate) struct Displaced {
    /// Whether it ran.
    pub was_running: bool,
    /// The steps that stop and disconnect it.
    pub steps: Vec<StepId>,
    /// The networks it must be connected to again.
    pub networks: Vec<NetworkKey>,
}

impl Displaced {
    /// Plans its stop after some steps, where it runs and none is planned yet.
    pub(crate) fn stop(
        &mut self,
        builder: &mut Builder,
        project: &Project,
        container: &ObservedContainer,
        reason: Reason,
        grace: Option<std::time::Duration>,
        after: &[StepId],
    ) {
        if !self.was_running && matches!(container.state, ContainerState::Running | ContainerState::Restarting) {
            self.was_running = true;
            self.steps.extend(Stop::of(project, container, grace, reason).plan(builder, after));
        }
    }
}

/// Returns the endpoint that a container had, as far as a list tells it: to connect it again to a network made anew.
pub(crate) fn endpoint_again(container: &ObservedContainer, network: &NetworkName) -> EndpointSpec {
    let had = container.networks.get(network).cloned().unwrap_or_default();
    let names = [replicas::target_of(container).name().to_owned()].into_iter();
    let usual = names.chain(container.service().map(str::to_owned));
    EndpointSpec {
        network: network.clone(),
        aliases: if had.aliases.is_empty() { usual.collect() } else { had.aliases },
        ipv4_address: had.fixed_ipv4,
        ipv6_address: had.fixed_ipv6,
        ..EndpointSpec::default()
    }
}
