//! Steps on networks, and the doubles of a network that two runs make in the same moment.

use std::collections::BTreeMap;

use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::exec::runner::{Refusal, Runner};
use crate::exec::settle::LATE;
use crate::model::{
    ContainerId, EndpointSpec, NetworkId, NetworkName, NetworkSpec, ObservedContainer, ObservedNetwork, labels,
};

impl Runner {
    /// Connects a container to a network. A refusal is settled by looking: the container may be connected already.
    pub(super) async fn connect(&self, id: &ContainerId, endpoint: &EndpointSpec) -> EngineResult<()> {
        match self.certain(|| self.engine.connect_network(&endpoint.network, id, endpoint)).await {
            Err(error) if !error.is_uncertain() && self.is_connected(id, &endpoint.network).await? => Ok(()),
            result => result,
        }
    }

    /// Disconnects a container from a network. A refusal is settled by looking, too.
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

    /// Creates a network. Where the engine refuses, the network that was removed for the new one is made again, and the lines
    /// beside the error say so.
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
                // Another run has made the same network first, unless a stranger has a network of that name. Of two calls in
                // the same moment the engine may also refuse the second for its subnet ("Pool overlaps with other one on
                // this address space", 403).
                return if self.own_networks(spec).await?.is_empty() { Err(error) } else { Ok(()) };
            }
            Err(error) => return Err(error),
        }
        // The engine may still be at work on the call whose connection broke.
        tokio::time::sleep(LATE).await;
        if self.own_networks(spec).await?.is_empty() {
            self.engine.create_network(spec).await?;
            tokio::time::sleep(LATE).await;
        }
        self.remove_doubles(spec).await
    }

    /// Returns the ids of the networks that were made from this specification. A network of another project may have the same
    /// name and the same definition.
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

    /// Removes the doubles of a network. Names of networks are not unique: a call of a run that has died may have made another
    /// network of the name in the same moment.
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

    /// Removes the doubles of all networks of the project, after the engine has refused to choose between networks of one
    /// name. Gives the refusal back where doubles are left, and none could be removed. Where there are no doubles, another
    /// run has removed them already.
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
                // A container may be connected meanwhile; then the engine refuses, and the next attempt tells.
                removed += usize::from(self.engine.remove_network(&double).await.is_ok());
            }
            gone += removed;
            stay += doubles - removed;
        }
        if stay > 0 && gone == 0 { Err(ambiguous) } else { Ok(()) }
    }
}

/// Of networks of one name, returns those that go. A network that any container is on stays: a running container keeps the
/// engine from removing its network, and a stopped container could not start again without it. Where no network is used,
/// the network with the smallest id stays, so that two runs agree. Planning has the same rule (`plan/…/networks.rs`, `find`).
fn unused_doubles(mut ids: Vec<NetworkId>, containers: &[ObservedContainer]) -> Vec<NetworkId> {
    let is_used = |id: &NetworkId| containers.iter().any(|one| one.networks.values().any(|on| on.network_id == *id));
    ids.sort_by_cached_key(|id| (!is_used(id), id.clone()));
    ids.into_iter().skip(1).filter(|id| !is_used(id)).collect()
}
