//! Changes of containers, networks and volumes.

use std::time::Duration;

use async_trait::async_trait;

use crate::engine::EngineResult;
use crate::model::{
    ContainerId, ContainerName, ContainerSpec, EndpointSpec, NetworkId, NetworkName, NetworkSpec, VolumeName,
    VolumeSpec,
};

/// The calls that change containers, networks and volumes.
///
/// Three refusals of the engine are success: "not found" when an object is removed, "already started" when a container
/// is started, "already stopped" when a container is stopped.
#[async_trait]
pub trait ChangeEngine: Send + Sync {
    /// Creates a container (`POST /containers/create`). Returns the id and the engine's warnings.
    ///
    /// Before API 1.44 the create call takes one network. The adapter then connects the further networks one by one,
    /// and removes the container again when a connection fails.
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)>;

    /// Starts a container (`POST /containers/{id}/start`).
    async fn start_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Stops a container (`POST /containers/{id}/stop`); without `grace` the container's own stop timeout holds. The
    /// time limit of the call is longer than the grace period. Returns whether the container ran until this call (204);
    /// a container that did not run (304) or does not exist (404) gives `false`.
    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool>;

    /// Sends a signal to a container (`POST /containers/{id}/kill`). A container that does not run gives
    /// [`ErrorKind::Conflict`](crate::engine::ErrorKind::Conflict).
    async fn kill_container(&self, id: &ContainerId, signal: &str) -> EngineResult<()>;

    /// Restarts a container (`POST /containers/{id}/restart`); without `grace` the container's own stop timeout holds.
    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<()>;

    /// Freezes all processes of a container (`POST /containers/{id}/pause`).
    async fn pause_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Lets the processes of a frozen container go on (`POST /containers/{id}/unpause`).
    async fn unpause_container(&self, id: &ContainerId) -> EngineResult<()>;

    /// Removes a container (`DELETE /containers/{id}`). Returns once the container is gone, also where another client
    /// is removing the container at the same time.
    async fn remove_container(&self, id: &ContainerId, options: RemoveOptions) -> EngineResult<()>;

    /// Renames a container (`POST /containers/{id}/rename`). A name that another container has gives
    /// [`ErrorKind::Conflict`](crate::engine::ErrorKind::Conflict).
    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> EngineResult<()>;

    /// Connects a container to a network (`POST /networks/{id}/connect`).
    async fn connect_network(
        &self,
        network: &NetworkName,
        id: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> EngineResult<()>;

    /// Disconnects a container from a network by force (`POST /networks/{id}/disconnect`).
    async fn disconnect_network(&self, network: &NetworkName, id: &ContainerId) -> EngineResult<()>;

    /// Creates a network (`POST /networks/create`). The engine refuses a second network of the same name, unless both
    /// are created in the same moment.
    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<NetworkId>;

    /// Removes a network (`DELETE /networks/{id}`). The id is needed because two networks may have one name. A network
    /// that still has endpoints gives [`ErrorKind::NetworkInUse`](crate::engine::ErrorKind::NetworkInUse).
    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()>;

    /// Creates a volume (`POST /volumes/create`). The engine leaves an existing volume of the same name as it is.
    async fn create_volume(&self, spec: &VolumeSpec) -> EngineResult<()>;

    /// Removes a volume (`DELETE /volumes/{name}`), never by force.
    async fn remove_volume(&self, name: &VolumeName) -> EngineResult<()>;
}

/// How a container is removed. The default refuses a running container and keeps all volumes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemoveOptions {
    /// A running container is killed first.
    pub force: bool,
    /// The container's anonymous volumes are removed with the container.
    pub volumes: bool,
}
