//! The order in which the replicas of a service are replaced: how many at a time (`update_config.parallelism`), old or
//! new container first (`update_config.order`), and the effect of a failure on the other replicas.

use std::time::Duration;

use crate::model::{FailureAction, MountSource, Namespace, Service, UpdateConfig, UpdateOrder};
use crate::plan::options::SETTLE_REPLACED;
use crate::plan::{Replacement, StepId};

/// The replacements of one service, batch by batch.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) update: Option<UpdateConfig>,
    pub(crate) order: UpdateOrder,
    pub(crate) settle: Duration,
    /// The waits for the new containers of the batch that is being filled.
    pub(crate) filling: Vec<StepId>,
    /// The steps that the next replica waits for: the end of the batch before.
    pub(crate) gate: Vec<StepId>,
    pub(crate) is_order_told: bool,
    /// Replacements of which the removal of the old container is not planned yet.
    pub(crate) pending: Vec<Pending>,
}

/// A replacement up to the removal of the old container.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) replacement: Replacement,
    pub(crate) up: Vec<StepId>,
}

/// Returns the order of the old and the new container, and the reason for the order.
pub(crate) fn order(service: &Service) -> (UpdateOrder, String) {
    let asked = service.deploy.update.as_ref().map(|update| update.order);
    match (asked, obstacle(service)) {
        (Some(UpdateOrder::StartFirst), None) => (UpdateOrder::StartFirst, "asked by `update_config.order`".to_owned()),
        (Some(UpdateOrder::StartFirst), Some(obstacle)) => (UpdateOrder::StopFirst, obstacle),
        _ => (UpdateOrder::StopFirst, "the default".to_owned()),
    }
}

impl Batch {
    /// Begins the replacements of a service.
    pub(crate) fn new(service: &Service) -> Self {
        let update = service.deploy.update.clone();
        let settle = update.as_ref().and_then(|update| update.monitor).unwrap_or(SETTLE_REPLACED);
        let (order, _) = order(service);
        Self { update, order, settle, filling: Vec::new(), gate: Vec::new(), is_order_told: false, pending: Vec::new() }
    }

    /// Compat: without `update_config` all replicas are replaced at once, as docker compose does.
    pub(crate) fn parallelism(&self) -> usize {
        match self.update.as_ref().map(|update| update.parallelism) {
            None | Some(0) => usize::MAX,
            Some(count) => count as usize,
        }
    }

    /// Returns what a failure does to the other replicas (`update_config.failure_action`).
    pub(crate) fn failure_action(&self) -> FailureAction {
        self.update.as_ref().map(|update| update.failure_action).unwrap_or_default()
    }
}

/// Returns why the old and the new container of a service cannot run at the same time; `None` if they can.
pub(crate) fn obstacle(service: &Service) -> Option<String> {
    if let Some(port) = service.ports.iter().find_map(|port| port.fixed_published()) {
        return Some(format!("both would need host port {port}"));
    }
    if service.networks.values().any(|one| one.ipv4_address.is_some() || one.ipv6_address.is_some()) {
        return Some("both would need one fixed address".to_owned());
    }
    let shares_network = match &service.network_mode {
        Some(Namespace::Service(_) | Namespace::Container(_)) => true,
        Some(Namespace::Mode(mode)) => mode == "host",
        None => false,
    };
    if shares_network {
        return Some("`network_mode` gives both one network".to_owned());
    }
    if service.container_name.is_some() {
        return Some("`container_name` gives both one name".to_owned());
    }
    let volume = service.volumes.iter().find_map(|mount| match &mount.source {
        MountSource::Volume { key, .. } if !mount.is_read_only => Some(key),
        _ => None,
    });
    volume.map(|key| format!("both would write to volume `{key}`"))
}

/// Returns the text for two containers that would write to the same anonymous volume.
pub(crate) fn shared_volume(target: &str) -> String {
    format!("both would write to the volume at `{target}`")
}
