//! The port's adapter to a real engine: Docker Engine 20.10 and newer, or anything that speaks its API.
//!
//! The only place that names bollard. Mutating calls go through its typed models; lists, inspects and streams are read
//! with tolerant structures of our own over the same connection, because engines add words that closed enums refuse.
//! Start at [`DockerEngine::connect`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;

use super::{
    BuildEvent, ContainerDetails, Engine, EngineError, EngineEvent, EngineResult, ErrorKind, ExecOutcome, ExecSpec,
    ImageDetails, ImageSummary, LogOptions, OutputChunk, PullEvent, ReadEngine,
};
use crate::env::Environment;
use crate::model::BuildRequest;
use crate::model::{
    ApiVersion, ContainerId, ContainerName, ContainerSpec, EndpointSpec, EngineFacts, NetworkId, NetworkName,
    NetworkSpec, ObservedContainer, ObservedNetwork, ObservedVolume, Plugins, VolumeName, VolumeSpec,
};

mod build;
mod connect;
mod context;
mod convert;
mod create;
mod credential_helper;
mod credentials;
mod definition;
mod dockerignore;
mod errors;
mod place;
mod raw;
mod streams;
#[cfg(feature = "tls")]
mod tls;
mod transport;

pub use connect::Wanted;

use errors::{Call, kind_of};
use raw::Raw;

/// The oldest API this program speaks: that of Engine 19.03.
const OLDEST: ApiVersion = ApiVersion::new(1, 40);
/// The newest API this program knows.
const NEWEST: ApiVersion = ApiVersion::new(1, 52);
/// Reads and small writes that take longer have gone wrong. A command that waits in vain ends within a minute.
const LIMIT: Duration = Duration::from_secs(50);
/// How often a container is tried that is listed but cannot be used yet, and how long between.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(100);

/// A connection to an engine, its API version negotiated.
pub struct DockerEngine {
    facts: EngineFacts,
    docker: bollard::Docker,
    raw: Raw,
    credentials: credentials::Credentials,
    /// Whether the engine is this machine's, once the engine was asked.
    is_local: tokio::sync::OnceCell<bool>,
}

impl DockerEngine {
    /// Finds an engine as docker's own tools do, connects and negotiates the API version (`GET /_ping`).
    ///
    /// Fails with [`ErrorKind::Connection`] and every place tried, or with [`ErrorKind::Unsupported`] for an engine
    /// that is too old or too new.
    pub async fn connect(wanted: &Wanted, environment: &Environment) -> EngineResult<Self> {
        let (transport, version) = connect::find(wanted, environment).await?;
        let api = connect::negotiate(&version, environment)?;
        let facts = EngineFacts {
            endpoint: transport.endpoint().to_owned(),
            version: version.version,
            api,
            os: version.os,
            is_local: place::judge(transport.way()) == place::Verdict::Here,
        };
        let transport = transport.with_version(api);
        let docker = connect::bollard(transport.clone(), api)?;
        let credentials = credentials::Credentials::new(environment);
        Ok(Self { facts, docker, raw: Raw::new(transport), credentials, is_local: tokio::sync::OnceCell::new() })
    }

    /// Returns whether the processes of the engine's containers are processes of this machine that this program could see:
    /// only these may be judged by what `/proc` shows.
    pub async fn is_this_machines(&self) -> bool {
        place::sees_processes(self.raw.transport().way()) && self.is_local().await
    }

    /// Asks the engine where it is (`GET /info`). An engine that does not answer counts as another machine's.
    async fn asked_whether_local(&self) -> bool {
        let info = self.raw.get::<serde_json::Value>("look at the engine", "/info").await;
        info.is_ok_and(|info| place::is_this_machine(&info, &place::Machine::own()))
    }

    /// Runs a bollard call within a limit and turns its error into ours.
    async fn call<T>(
        &self,
        call: Call<'_>,
        limit: Duration,
        work: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> EngineResult<T> {
        let work = async { work.await.map_err(|error| errors::convert(&call, error)) };
        self.bounded(call, limit, work).await
    }

    /// Runs a call within a limit.
    async fn bounded<T>(
        &self,
        call: Call<'_>,
        limit: Duration,
        work: impl Future<Output = EngineResult<T>>,
    ) -> EngineResult<T> {
        let begun = std::time::Instant::now();
        let result = match tokio::time::timeout(limit, work).await {
            Ok(result) => result.map_err(|error| EngineError { request: call.to_string(), ..error }),
            Err(_) => Err(EngineError::new(
                ErrorKind::Timeout,
                call.to_string(),
                format!("no answer within {} s", limit.as_secs()),
            )),
        };
        tracing::debug!(call = %call, elapsed_ms = begun.elapsed().as_millis() as u64, ok = result.is_ok(), "engine call");
        result
    }
}

#[async_trait]
impl ReadEngine for DockerEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn is_local(&self) -> bool {
        match place::judge(self.raw.transport().way()) {
            place::Verdict::Here => true,
            place::Verdict::Elsewhere => false,
            place::Verdict::Unclear => *self.is_local.get_or_init(|| self.asked_whether_local()).await,
        }
    }

    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>> {
        let mut path = "/containers/json?all=1".to_owned();
        if !labels.is_empty() {
            path.push_str("&filters=");
            path.push_str(&raw::encode(&serde_json::json!({ "label": labels }).to_string()));
        }
        let list: Vec<convert::Container> = self.raw.get("list containers", &path).await?;
        Ok(list.into_iter().map(convert::container).collect())
    }

    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails> {
        let value: serde_json::Value =
            self.raw.get("inspect container", &format!("/containers/{}/json", raw::encode(id))).await?;
        Ok(convert::details(&value))
    }

    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>> {
        let list: Vec<convert::Network> = self.raw.get("list networks", "/networks").await?;
        Ok(list.into_iter().map(convert::network).collect())
    }

    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>> {
        let list: convert::Volumes = self.raw.get("list volumes", "/volumes").await?;
        Ok(list.volumes.unwrap_or_default().into_iter().map(convert::volume).collect())
    }

    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>> {
        let list: Vec<convert::Image> = self.raw.get("list images", "/images/json").await?;
        Ok(list.into_iter().map(convert::image).collect())
    }

    async fn plugins(&self) -> EngineResult<Plugins> {
        Ok(convert::plugins(&self.raw.get("look at the engine", "/info").await?))
    }

    async fn identity(&self) -> EngineResult<String> {
        let info: serde_json::Value = self.raw.get("look at the engine", "/info").await?;
        Ok(info.get("ID").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned())
    }

    async fn is_this_machines(&self) -> bool {
        DockerEngine::is_this_machines(self).await
    }

    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>> {
        match self.raw.get("inspect image", &format!("/images/{}/json", raw::encode(name))).await {
            Ok(value) => Ok(Some(convert::image_details(value))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn image_digest(&self, name: &str) -> EngineResult<String> {
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "Descriptor")]
            descriptor: Descriptor,
        }
        #[derive(serde::Deserialize)]
        struct Descriptor {
            digest: String,
        }
        let mut headers = Vec::new();
        if let Some(credentials) = self.credentials.of_image(name).await
            && let Ok(json) = serde_json::to_vec(&credentials)
        {
            headers.push(("X-Registry-Auth", base64::engine::general_purpose::URL_SAFE.encode(json)));
        }
        let path = format!("/distribution/{}/json", raw::encode(name).replace("%2F", "/"));
        let answer: Answer = self.raw.get_with("ask for the digest of an image", &path, &headers).await?;
        Ok(answer.descriptor.digest)
    }

    async fn events(
        &self,
        labels: &[String],
        since: Option<i64>,
    ) -> EngineResult<BoxStream<'static, EngineResult<EngineEvent>>> {
        let filters = serde_json::json!({ "type": ["container"], "label": labels }).to_string();
        let since = since.map(|since| format!("&since={since}")).unwrap_or_default();
        let body = self
            .raw
            .stream("watch events", "GET", &format!("/events?filters={}{since}", raw::encode(&filters)))
            .await?;
        Ok(streams::events(body))
    }

    async fn logs(
        &self,
        id: &ContainerId,
        options: LogOptions,
    ) -> EngineResult<BoxStream<'static, EngineResult<OutputChunk>>> {
        let body = self.raw.stream("read logs", "GET", &streams::log_path(id, &options)).await?;
        Ok(streams::output(body, options.is_tty))
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)> {
        let call = Call::new("create container", spec.name.as_str());
        let (body, later) = create::body(spec, self.facts.api)
            .map_err(|message| EngineError::new(ErrorKind::Unsupported, call.to_string(), message))?;
        let mut options = bollard::query_parameters::CreateContainerOptionsBuilder::default().name(spec.name.as_str());
        if let Some(platform) = spec.platform.as_deref().filter(|_| self.facts.api >= ApiVersion::new(1, 41)) {
            options = options.platform(platform);
        }
        let made = self.call(call, LIMIT, self.docker.create_container(Some(options.build()), body)).await?;
        let id = ContainerId::new(made.id);
        for endpoint in later {
            if let Err(error) = self.connect_network(&endpoint.network, &id, &endpoint).await {
                // Half a container must not be taken for a whole one; the first error is what matters. Volumes that the
                // container shares by `volumes_from` stay: their owner may have gone meanwhile.
                let _ = self.remove_container(&id, true, spec.volumes_from.is_empty()).await;
                return Err(error);
            }
        }
        Ok((id, made.warnings))
    }

    async fn start_container(&self, id: &ContainerId) -> EngineResult<()> {
        let start = || self.docker.start_container(id.as_str(), None);
        self.once_usable(id, || self.call(Call::new("start container", id.short()), LIMIT, start())).await
    }

    async fn stop_container(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool> {
        let seconds = grace.map(|grace| format!("?t={}", seconds(grace))).unwrap_or_default();
        let path = format!("/containers/{}/stop{seconds}", raw::encode(id.as_str()));
        // The container's own grace period is not known here; an hour covers what people set.
        let limit = grace.unwrap_or(Duration::from_secs(3600)) + LIMIT;
        // Not by bollard: it does not tell 204 (stopped) from 304 (did not run).
        let stop = || self.raw.request("stop container", "POST", &path, raw::empty(), &[]);
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
        let limit = grace.unwrap_or(Duration::from_secs(3600)) + LIMIT;
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

    async fn remove_container(&self, id: &ContainerId, force: bool, volumes: bool) -> EngineResult<()> {
        let options =
            bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(force).v(volumes).build();
        let remove = || self.docker.remove_container(id.as_str(), Some(options.clone()));
        let call = || self.call(Call::new("remove container", id.short()), Duration::from_secs(600), remove());
        let result = self.once_usable(id, call).await;
        match unless_gone(result) {
            // Somebody else is removing it: as good as gone once it is.
            Err(error) if error.kind == ErrorKind::Conflict && error.message.contains("already in progress") => {
                self.gone(id).await
            }
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
        let request = create::network(spec, self.facts.api)
            .map_err(|message| EngineError::new(ErrorKind::Unsupported, call.to_string(), message))?;
        let made = self.call(call, LIMIT, self.docker.create_network(request)).await?;
        Ok(NetworkId::new(made.id))
    }

    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()> {
        unless_gone(
            self.call(Call::new("remove network", id.as_str()), LIMIT, self.docker.remove_network(id.as_str())).await,
        )
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

    async fn pull_image(
        &self,
        image: &str,
        platform: Option<&str>,
    ) -> EngineResult<BoxStream<'static, EngineResult<PullEvent>>> {
        let credentials = self.credentials.of_image(image).await;
        let (name, tag) = streams::split_tag(image);
        let mut options = bollard::query_parameters::CreateImageOptionsBuilder::default().from_image(name).tag(tag);
        if let Some(platform) = platform {
            options = options.platform(platform);
        }
        let stream = self.docker.create_image(Some(options.build()), None, credentials);
        Ok(streams::pull(image.to_owned(), stream.boxed()))
    }

    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()> {
        let (repo, tag) = streams::split_tag(name);
        let options = bollard::query_parameters::TagImageOptionsBuilder::default().repo(repo).tag(tag).build();
        self.call(Call::new("tag image", image), LIMIT, self.docker.tag_image(image, Some(options))).await
    }

    async fn remove_image(&self, image: &str) -> EngineResult<()> {
        let options = None::<bollard::query_parameters::RemoveImageOptions>;
        unless_gone(
            self.call(Call::new("remove image", image), LIMIT, self.docker.remove_image(image, options, None))
                .await
                .map(|_| ()),
        )
    }

    async fn build_image(&self, request: BuildRequest) -> EngineResult<BoxStream<'static, EngineResult<BuildEvent>>> {
        build::build(&self.raw, &self.credentials, request).await
    }

    async fn exec(&self, id: &ContainerId, command: &ExecSpec) -> EngineResult<ExecOutcome> {
        let call = Call::new("run a command in container", id.short());
        streams::exec(&self.docker, id, command).await.map_err(|error| errors::convert(&call, error))
    }

    async fn write_archive(&self, id: &ContainerId, path: &str, tar: Bytes) -> EngineResult<()> {
        let options = bollard::query_parameters::UploadToContainerOptionsBuilder::default()
            .path(path)
            .copy_uidgid("true")
            .build();
        let work = self.docker.upload_to_container(id.as_str(), Some(options), bollard::body_full(tar));
        self.call(Call::new("put files into container", id.short()), LIMIT, work).await
    }
}

impl DockerEngine {
    /// A container is listed a moment before it can be used, while the call that creates it is still under way: that it
    /// is not there is believed only when no list shows it.
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

    /// Looks through the whole list: a filter by id asks the index that such a container is not in yet.
    async fn is_listed(&self, id: &ContainerId) -> bool {
        self.list_containers(&[]).await.is_ok_and(|list| list.iter().any(|one| one.id == *id))
    }

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

/// "Not found" when removing or stopping is success.
fn unless_gone(result: EngineResult<()>) -> EngineResult<()> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// The engine takes whole seconds; a fraction is rounded up so that nothing is killed early.
fn seconds(duration: Duration) -> i32 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(whole).unwrap_or(i32::MAX)
}

impl std::fmt::Debug for DockerEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DockerEngine({}, API {})", self.facts.endpoint, self.facts.api)
    }
}

/// Connects and returns a handle; see [`DockerEngine::connect`].
pub async fn connect(wanted: &Wanted, environment: &Environment) -> EngineResult<Arc<DockerEngine>> {
    DockerEngine::connect(wanted, environment).await.map(Arc::new)
}
