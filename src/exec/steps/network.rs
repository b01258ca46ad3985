//! Steps on networks, and duplicates of a network that two runs create at the same moment.

use std::collections::BTreeMap;

use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::exec::runner::{Refusal, Runner};
use crate::exec::settle::LATE;
use crate::model::{
    ContainerId, EndpointSpec, NetworkId, NetworkName, NetworkSpec, ObservedContainer, ObservedNetwork, labels,
};

impl Runner {
    /// Connects a container to a network. After a refusal the container is inspected: it may already be connected.
    pub(super) async fn connect(&self, id: &ContainerId, endpoint: &EndpointSpec) -> EngineResult<()> {
        match self.certain(|| self.engine.connect_network(&endpoint.network, id, endpoint)).await {
            Err(error) if !error.is_uncertain() && self.is_connected(id, &endpoint.network).await? => Ok(()),
            result => result,
        }
    }

    /// Disconnects a container from a network. After a refusal the container is inspected, too.
    pub(super) async fn disconnect(&self, id: &ContainerId, network: &NetworkName) -> EngineResult<()> {
        match self.certain(|| self.engine.disconnect_network(network, id)).await {
            Err(error) if !error.is_uncertain() && !self.is_connected(id, network).await? => Ok(()),
            result => result,
        }
    }

    async fn is_connected(&self, id: &ContainerId, network: &NetworkName) -> EngineResult<bool> {
        let all = self.certain(|| self.engine.list_containers(&[])).await?;
        Ok(all.iter().any(|one| one.id == *id && one.networks.contains_key(network)))
    }

    /// Creates a network. If the engine refuses, the network that was removed for the new one is created again, and the
    /// lines beside the error say so.
    pub(super) async fn create_network_or_restore(
        &self,
        spec: &NetworkSpec,
        before: Option<&NetworkSpec>,
    ) -> Result<(), Refusal> {
        let Err(refused) = self.create_network(spec).await else { return Ok(()) };
        let Some(before) = before.filter(|_| !refused.is_uncertain()) else { return Err(refused.into()) };
        let words = match self.create_network(before).await {
            Ok(()) => "the network that was removed for it was made again as it had been".to_owned(),
            Err(error) => format!(
                "the network that was removed for it could not be made again either ({}): run `up` with the file that it \
                 last worked with",
                error.message
            ),
        };
        Err(Refusal::Engine(refused, vec![words]))
    }

    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<()> {
        match self.engine.create_network(spec).await {
            Ok(_) if !self.settings.is_after_crash => return Ok(()),
            Ok(_) => return self.remove_doubles(spec).await,
            Err(error) if error.is_uncertain() => self.back(error).await?,
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Denied) => {
                // Another run has created the same network first, or a stranger has a network of that name. Of two
                // calls at the same moment the engine may also refuse the second for its subnet ("Pool overlaps with
                // other one on this address space", 403).
                return if self.own_networks(spec).await?.is_empty() { Err(error) } else { Ok(()) };
            }
            Err(error) => return Err(error),
        }
        // The engine may still work on the call whose connection broke.
        tokio::time::sleep(LATE).await;
        if self.own_networks(spec).await?.is_empty() {
            self.engine.create_network(spec).await?;
            tokio::time::sleep(LATE).await;
        }
        self.remove_doubles(spec).await
    }

    /// Returns the ids of the networks that were created from this specification. A network of another project may have
    /// the same name and the same definition.
    async fn own_networks(&self, spec: &NetworkSpec) -> EngineResult<Vec<NetworkId>> {
        let label = |name: &str| spec.labels.get(name);
        let is_own = |network: &ObservedNetwork| {
            network.name == spec.name
                && network.labels.get(labels::CONFIG_HASH) == label(labels::CONFIG_HASH)
                && network.labels.get(labels::PROJECT) == label(labels::PROJECT)
        };
        let all = self.engine.list_networks().await?;
        Ok(all.into_iter().filter(is_own).map(|network| network.id).collect())
    }

    /// Removes the duplicates of a network. Names of networks are not unique: a call of a dead run may have created
    /// another network of the name at the same moment.
    pub(in crate::exec) async fn remove_doubles(&self, spec: &NetworkSpec) -> EngineResult<()> {
        let own = self.own_networks(spec).await?;
        if own.len() < 2 {
            return Ok(());
        }
        let all = self.engine.list_containers(&[]).await?;
        for double in unused_doubles(own, &all) {
            self.certain(|| self.engine.remove_network(&double)).await?;
        }
        Ok(())
    }

    /// Removes the duplicates of all networks of the project, after the engine has refused an ambiguous name. Returns
    /// that refusal if duplicates are left and none could be removed. If there are no duplicates, another run has
    /// already removed them.
    pub(super) async fn settle_networks(&self, ambiguous: EngineError) -> EngineResult<()> {
        let mut by_name: BTreeMap<NetworkName, Vec<NetworkId>> = BTreeMap::new();
        for network in self.engine.list_networks().await? {
            if network.labels.get(labels::PROJECT).map(String::as_str) == Some(self.project.as_str()) {
                by_name.entry(network.name).or_default().push(network.id);
            }
        }
        by_name.retain(|_, ids| ids.len() > 1);
        if by_name.is_empty() {
            return Ok(());
        }
        let all = self.engine.list_containers(&[]).await?;
        let (mut stay, mut gone) = (0, 0);
        for ids in by_name.into_values() {
            let doubles = ids.len() - 1;
            let mut removed = 0;
            for double in unused_doubles(ids, &all) {
                // A container may be connected meanwhile. Then the engine refuses, and the next attempt shows that.
                removed += usize::from(self.engine.remove_network(&double).await.is_ok());
            }
            gone += removed;
            stay += doubles - removed;
        }
        if stay > 0 && gone == 0 { Err(ambiguous) } else { Ok(()) }
    }
}

/// Of networks of one name, returns those to remove. A network with any container stays: the engine does not remove the
/// network of a running container, and a stopped container could not start without it. If no network is used, the one
/// with the smallest id stays, so that two runs agree. Planning has the same rule (`plan/own_networks.rs`, `find`).
fn unused_doubles(mut ids: Vec<NetworkId>, containers: &[ObservedContainer]) -> Vec<NetworkId> {
    let is_used = |id: &NetworkId| containers.iter().any(|one| one.networks.values().any(|on| on.network_id == *id));
    ids.sort_by_cached_key(|id| (!is_used(id), id.clone()));
    ids.into_iter().skip(1).filter(|id| !is_used(id)).collect()
}
