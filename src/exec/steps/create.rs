//! Creation of a container: the call, and the search for a container that another call has made.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::owners::Owned;
use crate::engine::{EngineError, EngineResult, ErrorKind, RemoveOptions};
use crate::exec::runner::{Created, Runner, resolve};
use crate::model::{ContainerId, ContainerSpec, Definition, hash, labels};
use crate::plan::{IdField, Reference};

/// A created container.
pub(super) struct Made {
    pub id: ContainerId,
    /// Sentences about owners of its files that the image does not have.
    pub unknown: Vec<String>,
}

impl Runner {
    /// Creates a container and puts its configs and secrets into it. `last`: the final name of the container. It
    /// differs from the name in `spec` if the container replaces another one.
    pub(super) async fn create_container(&self, spec: &ContainerSpec, last: &str) -> EngineResult<Made> {
        let id = self.create_or_find(spec).await?;
        if let Some(other) = self.settle_replacement(spec, &id, last).await? {
            return Ok(Made { id: other, unknown: Vec::new() });
        }
        if spec.files.is_empty() {
            return Ok(Made { id, unknown: Vec::new() });
        }
        match self.fill(&id, spec).await {
            Ok(unknown) => Ok(Made { id, unknown }),
            // The files may have arrived. If the second upload fails, too, the next run continues here: it puts the
            // files into a container that has never run, before it starts the container (`PutFiles`).
            Err(error) if error.is_uncertain() => {
                self.back(error).await?;
                let unknown = self.upload(&id, &spec.files).await?;
                Ok(Made { id, unknown })
            }
            Err(error) => {
                // The next run must not mistake a container without its files for a complete one. The first error is
                // returned.
                let volumes = spec.volumes_from.is_empty() || self.has_volumes_of_its_own(&id).await.unwrap_or(false);
                let _ = self.engine.remove_container(&id, RemoveOptions { force: true, volumes }).await;
                Err(error)
            }
        }
    }

    /// Puts its files into a container, once.
    async fn fill(&self, id: &ContainerId, spec: &ContainerSpec) -> EngineResult<Vec<String>> {
        let Owned { archive, unknown } = self.packed(id, &spec.files).await?;
        self.engine.write_archive(id, "/", archive).await?;
        Ok(unknown)
    }

    /// Creates a container, or finds the container that another call has created: a call of this run whose reply was
    /// lost, or a call of a dead or of a concurrent run. One refusal may follow another (network `p_n` is ambiguous,
    /// then the name is taken), so one loop answers all refusals.
    async fn create_or_find(&self, spec: &ContainerSpec) -> EngineResult<ContainerId> {
        let mut deadline = None;
        loop {
            let error = match self.engine.create_container(spec).await {
                Ok((id, _warnings)) => return Ok(id),
                Err(error) => error,
            };
            let is_first = deadline.is_none();
            match error.kind {
                ErrorKind::Ambiguous => self.settle_networks(error.clone()).await?,
                ErrorKind::Conflict => {}
                _ if error.is_uncertain() => self.back(error.clone()).await?,
                _ => return Err(error),
            }
            if let Some(id) = self.made_by_another(spec, &error).await? {
                return self.whole(spec, id).await;
            }
            // The engine reserves a name before it lists the container with that name.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.settings.reconnect);
            if Instant::now() >= deadline {
                return Err(error);
            }
            if !is_first {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }

    /// Looks for the container of a specification. Returns `refusal` if another container has the name.
    async fn made_by_another(&self, spec: &ContainerSpec, refusal: &EngineError) -> EngineResult<Option<ContainerId>> {
        match self.engine.inspect_container(spec.name.as_str()).await {
            Ok(found) if is_same(&found.labels, spec) && is_on_its_networks(&found.definition, spec) => {
                Ok(Some(found.id))
            }
            Err(error) if error.is_not_found() => Ok(None),
            _ => Err(refusal.clone()),
        }
    }

    /// Connects a found container to all of its networks. Before API 1.44 a create call takes one network only, and the
    /// call that created the container may have ended before the others were connected.
    async fn whole(&self, spec: &ContainerSpec, id: ContainerId) -> EngineResult<ContainerId> {
        for endpoint in spec.networks.iter().filter(|_| spec.networks.len() > 1) {
            self.connect(&id, endpoint).await?;
        }
        Ok(id)
    }

    /// Checks that the replacement is still needed. A run on another machine may have finished the same replacement of
    /// `web` meanwhile. Then the old `web` is gone and the temporary name was free again, so two new containers would
    /// work on the same data. In that case this run's container is removed before it ever starts, and the container of
    /// the other run is returned.
    async fn settle_replacement(
        &self,
        spec: &ContainerSpec,
        ours: &ContainerId,
        last: &str,
    ) -> EngineResult<Option<ContainerId>> {
        let Some(old) = spec.labels.get(labels::REPLACES) else { return Ok(None) };
        match self.engine.inspect_container(old).await {
            Err(error) if error.is_not_found() => {}
            Ok(_) => return Ok(None),
            Err(error) => return Err(error),
        }
        let found = match self.engine.inspect_container(last).await {
            Ok(found) if found.id != *ours => found,
            Ok(_) => return Ok(None),
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        self.remove(ours, true, false).await?;
        if is_same(&found.labels, spec) {
            return Ok(Some(found.id));
        }
        let words = format!("another run has put another container in its place: {}", found.id.short());
        Err(EngineError::new(ErrorKind::Conflict, format!("create container {last}"), words))
    }
}

/// Returns whether a container was created from this specification, by its labels.
fn is_same(found: &BTreeMap<String, String>, spec: &ContainerSpec) -> bool {
    [
        labels::PROJECT,
        labels::SERVICE,
        labels::NUMBER,
        labels::CONFIG_HASH,
        labels::IMAGE,
        labels::REPLACES,
        labels::CONTENTS,
    ]
    .iter()
    .all(|label| found.get(*label) == spec.labels.get(*label))
}

/// Returns whether a container is on no other networks than those of its specification. The container's hash does not
/// cover the names of networks: a run with another file may have created a container that differs only in the network.
fn is_on_its_networks(found: &Definition, spec: &ContainerSpec) -> bool {
    // The engine shows `network_mode: none` and the like as networks, but a specification does not list them.
    spec.networks.is_empty()
        || found.networks().all(|name| spec.networks.iter().any(|endpoint| endpoint.network == *name))
}

/// Puts the ids of containers that this run has created into a specification.
pub(super) fn fill(spec: &ContainerSpec, references: &[Reference], created: &Created) -> ContainerSpec {
    let mut spec = spec.clone();
    let mut parents: BTreeMap<&str, String> = BTreeMap::new();
    for reference in references {
        let Some(id) = resolve(&reference.container, created) else { continue };
        match &reference.slot {
            IdField::NetworkMode => spec.network_mode = Some(format!("container:{id}")),
            IdField::IpcMode => spec.ipc_mode = Some(format!("container:{id}")),
            IdField::PidMode => spec.pid_mode = Some(format!("container:{id}")),
            IdField::VolumesFrom { is_read_only } => {
                spec.volumes_from.push(if *is_read_only { format!("{id}:ro") } else { id.to_string() });
            }
            IdField::ConfigHash { canonical, service } => {
                parents.insert(service.as_str(), id.to_string());
                let value = hash::service_hash(canonical, &|name| parents.get(name).cloned());
                spec.labels.insert(labels::CONFIG_HASH.to_owned(), value);
            }
        }
    }
    spec
}
