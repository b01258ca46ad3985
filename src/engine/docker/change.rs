//! Changes of a real engine's containers, networks and volumes.

use std::time::Duration;

use async_trait::async_trait;

use super::convert::create;
use super::engine::DockerEngine;
use super::http::errors::{self, Call};
use super::http::limits::{LIMIT, LONG};
use super::http::raw::{empty, encode};
use crate::engine::{ChangeEngine, EngineError, EngineResult, ErrorKind, ReadEngine, RemoveOptions};
use crate::model::{
    ApiVersion, ContainerId, ContainerName, ContainerSpec, EndpointSpec, NetworkId, NetworkName, NetworkSpec,
    VolumeName, VolumeSpec,
};

/// How often a call is repeated for a container that is listed but not found.
const TRIES: u32 = 100;
/// The pause between two such calls.
const BETWEEN: Duration = Duration::from_millis(100);

/// The answer to a create call.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    id: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[async_trait]
impl ChangeEngine for DockerEngine {
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)> {
        let call = Call::new("create container", spec.name.as_str());
        let (document, later) = create::document(spec, self.facts.api)
            .map_err(|message| EngineError::new(ErrorKind::Unsupported, call.to_string(), message))?;
        let mut path = format!("/containers/create?name={}", encode(spec.name.as_str()));
        if let Some(platform) = spec.platform.as_deref().filter(|_| self.facts.api >= ApiVersion::new(1, 41)) {
            path.push_str(&format!("&platform={}", encode(platform)));
        }
        let made: Made = self.bounded(call, LIMIT, self.raw.post("create container", &path, &document)).await?;
        let id = ContainerId::new(made.id);
        for endpoint in later {
            if let Err(error) = self.connect_network(&endpoint.network, &id, &endpoint).await {
                // A container without all its networks must not be taken for a complete one. Anonymous volumes by
                // `volumes_from` belong to another container. The first error is returned.
                let options = RemoveOptions { force: true, volumes: spec.volumes_from.is_empty() };
                let _ = self.remove_container(&id, options).await;
                return Err(error);
            }
        }
        Ok((id, made.warnings.unwrap_or_default()))
    }

    async fn start_container(&self, id: &ContainerId) -> EngineResult<()> {
        let start = || self.docker.start_container(id.as_str(), None);
        self.once_usable(id, || self.call(Call::new("start container", id.short()), LIMIT, start())).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool> {
        let seconds = grace.map(|grace| format!("?t={}", seconds(grace))).unwrap_or_default();
        let path = format!("/containers/{}/stop{seconds}", encode(id.as_str()));
        // Without `grace` the container's own stop timeout applies, which is unknown here. An hour is longer than
        // common timeouts.
        let limit = grace.unwrap_or(LONG) + LIMIT;
        // bollard does not distinguish 204 (stopped) from 304 (did not run).
        let stop = || self.raw.request("stop container", "POST", &path, empty(), &[]);
        let call = || self.bounded(Call::new("stop container", id.short()), limit, stop());
        match self.once_usable(id, call).await {
            Ok(response) => Ok(response.status() != hyper::StatusCode::NOT_MODIFIED),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn kill_container(&self, id: &ContainerId, signal: &str) -> EngineResult<()> {
        let options = bollard::query_parameters::KillContainerOptionsBuilder::default().signal(signal).build();
        self.call(
            Call::new("kill container", id.short()),
            LIMIT,
            self.docker.kill_container(id.as_str(), Some(options)),
        )
        .await
    }

    async fn restart_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<()> {
        let options = grace.map(|grace| {
            bollard::query_parameters::RestartContainerOptionsBuilder::default().t(seconds(grace)).build()
        });
        let limit = grace.unwrap_or(LONG) + LIMIT;
        self.call(
            Call::new("restart container", id.short()),
            limit,
            self.docker.restart_container(id.as_str(), options),
        )
        .await
    }

    async fn pause_container(&self, id: &ContainerId) -> EngineResult<()> {
        self.call(Call::new("pause container", id.short()), LIMIT, self.docker.pause_container(id.as_str())).await
    }

    async fn unpause_container(&self, id: &ContainerId) -> EngineResult<()> {
        self.call(Call::new("unpause container", id.short()), LIMIT, self.docker.unpause_container(id.as_str())).await
    }

    async fn remove_container(&self, id: &ContainerId, options: RemoveOptions) -> EngineResult<()> {
        let options = bollard::query_parameters::RemoveContainerOptionsBuilder::default()
            .force(options.force)
            .v(options.volumes)
            .build();
        let remove = || self.docker.remove_container(id.as_str(), Some(options.clone()));
        let call = || self.call(Call::new("remove container", id.short()), Duration::from_secs(600), remove());
        let result = self.once_usable(id, call).await;
        match unless_gone(result) {
            Err(error) if error.kind == ErrorKind::RemovalUnderWay => self.gone(id).await,
            result => result,
        }
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> EngineResult<()> {
        let options = bollard::query_parameters::RenameContainerOptionsBuilder::default().name(name.as_str()).build();
        let rename = || self.docker.rename_container(id.as_str(), options.clone());
        self.once_usable(id, || self.call(Call::new("rename container", id.short()), LIMIT, rename())).await
    }

    async fn connect_network(
        &self,
        network: &NetworkName,
        id: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> EngineResult<()> {
        let call = Call::new("connect to network", network.as_str());
        let settings = create::endpoint(endpoint, self.facts.api)
            .map_err(|message| EngineError::new(ErrorKind::Unsupported, call.to_string(), message))?;
        let request =
            bollard::models::NetworkConnectRequest { container: id.to_string(), endpoint_config: Some(settings) };
        self.call(call, LIMIT, self.docker.connect_network(network.as_str(), request)).await
    }

    async fn disconnect_network(&self, network: &NetworkName, id: &ContainerId) -> EngineResult<()> {
        let request = bollard::models::NetworkDisconnectRequest { container: id.to_string(), force: Some(true) };
        let work = self.docker.disconnect_network(network.as_str(), request);
        unless_gone(self.call(Call::new("disconnect from network", network.as_str()), LIMIT, work).await)
    }

    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<NetworkId> {
        let call = Call::new("create network", spec.name.as_str());
        let request = create::network(spec, self.facts.api);
        let made = self.call(call, LIMIT, self.docker.create_network(request)).await?;
        Ok(NetworkId::new(made.id))
    }

    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()> {
        let remove = async {
            let handle = if self.is_podman { self.network_name(id).await? } else { id.to_string() };
            self.call(Call::new("remove network", &handle), LIMIT, self.docker.remove_network(&handle)).await
        };
        unless_gone(remove.await)
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> EngineResult<()> {
        let request = create::volume(spec);
        self.call(Call::new("create volume", spec.name.as_str()), LIMIT, self.docker.create_volume(request))
            .await
            .map(|_| ())
    }

    async fn remove_volume(&self, name: &VolumeName) -> EngineResult<()> {
        let options = None::<bollard::query_parameters::RemoveVolumeOptions>;
        unless_gone(
            self.call(
                Call::new("remove volume", name.as_str()),
                LIMIT,
                self.docker.remove_volume(name.as_str(), options),
            )
            .await,
        )
    }
}

impl DockerEngine {
    /// Makes a call about a container, and repeats it while the engine says "no such container" although the container
    /// is listed. While a container is being created, the list shows it a moment before other calls find it.
    async fn once_usable<T, F, R>(&self, id: &ContainerId, mut call: F) -> EngineResult<T>
    where
        F: FnMut() -> R,
        R: Future<Output = EngineResult<T>>,
    {
        for _ in 0..TRIES {
            match call().await {
                Err(error) if errors::is_no_container(&error) && self.is_listed(id).await => {
                    tokio::time::sleep(BETWEEN).await;
                }
                result => return result,
            }
        }
        call().await
    }

    /// Searches the whole list. A filter by id would use an index to which a container is added last.
    async fn is_listed(&self, id: &ContainerId) -> bool {
        self.list_containers(&[]).await.is_ok_and(|list| list.iter().any(|one| one.id == *id))
    }

    /// Waits until a container is gone that another client removes.
    async fn gone(&self, id: &ContainerId) -> EngineResult<()> {
        for _ in 0..100 {
            match self.inspect_container(id.as_str()).await {
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        Err(EngineError::new(
            ErrorKind::Timeout,
            format!("remove container {}", id.short()),
            "another removal does not end",
        ))
    }
}

/// Makes "not found" the success of a removal.
fn unless_gone(result: EngineResult<()>) -> EngineResult<()> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// Returns whole seconds, as the engine takes them. A fraction is rounded up, so that no process is killed early.
fn seconds(duration: Duration) -> i32 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}
