//! An engine in memory: it keeps the rules that plans depend on, and can fail on demand at every call.
//!
//! For tests. Time is tokio's, so a paused clock makes runs instant and repeatable. It models what a real engine does
//! where a plan could go wrong: unique container names, networks and volumes in use, containers that end or become
//! healthy after a while, starts that need their networks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{
    BuildEvent, ContainerDetails, Engine, EngineError, EngineEvent, EngineResult, ErrorKind, ExecOutcome, ExecSpec,
    ImageDetails, ImageSummary, LogOptions, OutputChunk, OutputStream, PullEvent, ReadEngine,
};
use crate::model::BuildRequest;
use crate::model::{
    ApiVersion, ContainerId, ContainerName, ContainerSpec, ContainerState, EndpointSpec, EngineFacts, Health,
    Healthcheck, ImageId, MountKind, NetworkId, NetworkName, NetworkSpec, ObservedContainer, ObservedEndpoint,
    ObservedMount, ObservedNetwork, ObservedVolume, VolumeName, VolumeSpec,
};

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it works.
    None,
    /// It fails before it acts.
    Fail(ErrorKind),
    /// It acts, and the reply is lost.
    LoseReply,
    /// It never returns: the caller's process has died.
    Crash,
}

/// A call, as the fault function sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// From 0, over the engine's life.
    pub number: usize,
    /// `create_container`, `start_container`, ...
    pub name: &'static str,
    /// What it is about.
    pub target: String,
    /// Whether it changes anything.
    pub is_mutating: bool,
}

/// How containers of an image behave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Ends by itself, with this code.
    pub exits: Option<(Duration, i64)>,
    /// Becomes healthy after this long; `None` never does.
    pub healthy_after: Option<Duration>,
    /// Has a health check.
    pub has_healthcheck: bool,
}

/// Decides what happens to a call.
type FaultFn = Box<dyn FnMut(&Call) -> Fault + Send>;

/// The engine.
pub struct FakeEngine {
    facts: EngineFacts,
    state: Mutex<State>,
    events: broadcast::Sender<EngineEvent>,
}

#[derive(Default)]
struct State {
    next: u64,
    containers: Vec<Container>,
    networks: Vec<ObservedNetwork>,
    volumes: Vec<ObservedVolume>,
    images: BTreeMap<String, ImageId>,
    behaviours: BTreeMap<String, Behaviour>,
    calls: Vec<Call>,
    fault: Option<FaultFn>,
    removed_volumes: BTreeSet<VolumeName>,
}

struct Container {
    id: ContainerId,
    spec: ContainerSpec,
    name: ContainerName,
    image_id: ImageId,
    networks: BTreeMap<NetworkName, NetworkId>,
    started: Option<Instant>,
    stopped: bool,
    is_paused: bool,
}

impl Default for FakeEngine {
    fn default() -> Self {
        let facts = EngineFacts {
            endpoint: "fake://".to_owned(),
            version: "0".to_owned(),
            api: ApiVersion::new(1, 41),
            os: "linux".to_owned(),
            is_local: false,
        };
        Self { facts, state: Mutex::default(), events: broadcast::channel(4096).0 }
    }
}

impl FakeEngine {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the engine an image; its id follows from `content`.
    pub fn add_image(&self, name: &str, content: &str, behaviour: Behaviour) {
        let mut state = self.lock();
        state.images.insert(crate::model::familiar(name), ImageId::new(format!("sha256:{content:0<64}")));
        state.behaviours.insert(crate::model::familiar(name), behaviour);
    }

    /// Decides what happens to calls from now on.
    pub fn set_faults(&self, fault: impl FnMut(&Call) -> Fault + Send + 'static) {
        self.lock().fault = Some(Box::new(fault));
    }

    /// Lets all calls work from now on.
    pub fn clear_faults(&self) {
        self.lock().fault = None;
    }

    /// Returns the calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Returns the volumes that were ever removed.
    pub fn removed_volumes(&self) -> BTreeSet<VolumeName> {
        self.lock().removed_volumes.clone()
    }

    /// Takes note of a call and asks what happens to it.
    async fn enter(&self, name: &'static str, target: &str, is_mutating: bool) -> EngineResult<Fault> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let fault = {
            let mut state = self.lock();
            let call = Call { number: state.calls.len(), name, target: target.to_owned(), is_mutating };
            state.calls.push(call.clone());
            match &mut state.fault {
                Some(fault) => fault(&call),
                None => Fault::None,
            }
        };
        match fault {
            Fault::Fail(kind) => Err(EngineError::new(kind, format!("{name} {target}"), "a fault on demand")),
            Fault::Crash => std::future::pending().await,
            fault => Ok(fault),
        }
    }

    /// Gives a result back, or loses it.
    async fn leave<T>(&self, fault: Fault, name: &str, result: EngineResult<T>) -> EngineResult<T> {
        match fault {
            Fault::LoseReply => Err(EngineError::new(ErrorKind::Connection, name, "the reply was lost on demand")),
            _ => result,
        }
    }

    async fn change<T>(
        &self,
        name: &'static str,
        target: &str,
        act: impl FnOnce(&mut State) -> EngineResult<T>,
    ) -> EngineResult<T> {
        let fault = self.enter(name, target, true).await?;
        let result = act(&mut self.lock());
        self.leave(fault, name, result).await
    }

    fn tell(&self, id: &ContainerId, action: &str) {
        let event =
            EngineEvent { id: id.clone(), action: action.to_owned(), time_nanos: 0, attributes: BTreeMap::new() };
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}

fn not_found(what: &str) -> EngineError {
    EngineError::new(ErrorKind::NotFound, what, format!("no such thing: {what}"))
}

fn conflict(message: String) -> EngineError {
    EngineError::new(ErrorKind::Conflict, "change", message)
}

impl State {
    fn id(&mut self) -> String {
        self.next += 1;
        format!("{:0>12x}{:0>52}", self.next, 0)
    }

    fn container(&mut self, key: &str) -> EngineResult<&mut Container> {
        self.containers
            .iter_mut()
            .find(|one| one.id.as_str() == key || one.name.as_str() == key)
            .ok_or_else(|| not_found(key))
    }

    fn behaviour(&self, container: &Container) -> Behaviour {
        self.behaviours.get(&crate::model::familiar(container.spec.image.as_str())).cloned().unwrap_or_default()
    }

    /// State, health and exit code at this moment.
    fn now(&self, container: &Container) -> (ContainerState, Health, i64) {
        let behaviour = self.behaviour(container);
        let Some(started) = container.started else { return (ContainerState::Created, Health::None, 0) };
        if container.stopped {
            return (ContainerState::Exited, Health::None, 0);
        }
        let age = started.elapsed();
        if let Some((after, code)) = behaviour.exits
            && age >= after
        {
            return (ContainerState::Exited, Health::None, code);
        }
        let health = match (behaviour.has_healthcheck, behaviour.healthy_after) {
            (false, _) => Health::None,
            (true, Some(after)) if age >= after => Health::Healthy,
            (true, _) => Health::Starting,
        };
        (if container.is_paused { ContainerState::Paused } else { ContainerState::Running }, health, 0)
    }

    fn observed(&self, container: &Container) -> ObservedContainer {
        let (state, health, code) = self.now(container);
        let mounts = container.spec.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { name, .. } | MountKind::Anonymous { name: Some(name), .. } => Some(ObservedMount {
                kind: "volume".to_owned(),
                name: name.to_string(),
                destination: mount.target.clone(),
                ..ObservedMount::default()
            }),
            _ => None,
        });
        ObservedContainer {
            id: container.id.clone(),
            name: container.name.clone(),
            image: container.spec.image.to_string(),
            image_id: container.image_id.clone(),
            state,
            health,
            exit_code: (state == ContainerState::Exited).then_some(code),
            labels: container.spec.labels.clone(),
            networks: container
                .networks
                .iter()
                .map(|(name, id)| {
                    (name.clone(), ObservedEndpoint { network_id: id.clone(), ..ObservedEndpoint::default() })
                })
                .collect(),
            mounts: mounts.collect(),
            ..ObservedContainer::default()
        }
    }
}

fn has_labels(labels: &BTreeMap<String, String>, wanted: &[String]) -> bool {
    wanted.iter().all(|filter| match filter.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(filter),
    })
}

#[async_trait]
impl ReadEngine for FakeEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>> {
        self.enter("list_containers", "", false).await?;
        let state = self.lock();
        Ok(state
            .containers
            .iter()
            .map(|one| state.observed(one))
            .filter(|one| has_labels(&one.labels, labels))
            .collect())
    }

    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails> {
        self.enter("inspect_container", id, false).await?;
        let mut state = self.lock();
        let key = state.container(id)?.id.clone();
        let container = state.containers.iter().find(|one| one.id == key).ok_or_else(|| not_found(id))?;
        let (now, health, exit_code) = state.now(container);
        let behaviour = state.behaviour(container);
        Ok(ContainerDetails {
            id: container.id.clone(),
            name: container.name.clone(),
            state: now,
            health,
            exit_code,
            labels: container.spec.labels.clone(),
            healthcheck: behaviour
                .has_healthcheck
                .then(|| Healthcheck { test: vec!["CMD".to_owned(), "probe".to_owned()], ..Healthcheck::default() }),
            ..ContainerDetails::default()
        })
    }

    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>> {
        self.enter("list_networks", "", false).await?;
        Ok(self.lock().networks.clone())
    }

    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>> {
        self.enter("list_volumes", "", false).await?;
        Ok(self.lock().volumes.clone())
    }

    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>> {
        self.enter("list_images", "", false).await?;
        let state = self.lock();
        Ok(state
            .images
            .iter()
            .map(|(name, id)| ImageSummary { id: id.clone(), tags: vec![name.clone()], ..ImageSummary::default() })
            .collect())
    }

    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>> {
        self.enter("inspect_image", name, false).await?;
        Ok(self
            .lock()
            .images
            .get(&crate::model::familiar(name))
            .map(|id| ImageDetails { id: id.clone(), ..ImageDetails::default() }))
    }

    async fn image_digest(&self, name: &str) -> EngineResult<String> {
        self.enter("image_digest", name, false).await?;
        let id = self.lock().images.get(&crate::model::familiar(name)).cloned();
        id.map(|id| id.to_string()).ok_or_else(|| not_found(name))
    }

    async fn events(
        &self,
        _labels: &[String],
        _since: Option<i64>,
    ) -> EngineResult<BoxStream<'static, EngineResult<EngineEvent>>> {
        self.enter("events", "", false).await?;
        let receiver = self.events.subscribe();
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
            match receiver.recv().await {
                Ok(event) => Some((Ok(event), receiver)),
                Err(_) => None,
            }
        });
        Ok(stream.boxed())
    }

    async fn logs(
        &self,
        id: &ContainerId,
        _options: LogOptions,
    ) -> EngineResult<BoxStream<'static, EngineResult<OutputChunk>>> {
        self.enter("logs", id.as_str(), false).await?;
        let line = OutputChunk { stream: OutputStream::Stdout, bytes: Bytes::from_static(b"a line of output\n") };
        Ok(futures_util::stream::iter([Ok(line)]).boxed())
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn create_container(&self, spec: &ContainerSpec) -> EngineResult<(ContainerId, Vec<String>)> {
        self.change("create_container", spec.name.as_str(), |state| {
            if let Some(other) = state.containers.iter().find(|one| one.name == spec.name) {
                return Err(conflict(format!("the name {} is in use by container {}", spec.name, other.id)));
            }
            let image_id = state
                .images
                .get(&crate::model::familiar(spec.image.as_str()))
                .cloned()
                .ok_or_else(|| not_found(spec.image.as_str()))?;
            let mut networks = BTreeMap::new();
            for endpoint in &spec.networks {
                let network = state
                    .networks
                    .iter()
                    .find(|network| network.name == endpoint.network)
                    .ok_or_else(|| not_found(endpoint.network.as_str()))?;
                networks.insert(endpoint.network.clone(), network.id.clone());
            }
            let id = ContainerId::new(state.id());
            state.containers.push(Container {
                id: id.clone(),
                spec: spec.clone(),
                name: spec.name.clone(),
                image_id,
                networks,
                started: None,
                stopped: false,
                is_paused: false,
            });
            Ok((id, Vec::new()))
        })
        .await
    }

    async fn start_container(&self, id: &ContainerId) -> EngineResult<()> {
        let result = self
            .change("start_container", id.as_str(), |state| {
                let known: Vec<NetworkId> = state.networks.iter().map(|network| network.id.clone()).collect();
                let container = state.container(id.as_str())?;
                if let Some((name, _)) = container.networks.iter().find(|(_, network)| !known.contains(network)) {
                    return Err(not_found(name.as_str()));
                }
                if container.started.is_none() || container.stopped {
                    container.started = Some(Instant::now());
                    container.stopped = false;
                }
                Ok(())
            })
            .await;
        self.tell(id, "start");
        result
    }

    async fn stop_container(&self, id: &ContainerId, _grace: Option<Duration>) -> EngineResult<()> {
        let result = self.change("stop_container", id.as_str(), |state| {
            if let Ok(container) = state.container(id.as_str()) {
                container.stopped = container.started.is_some();
            }
            Ok(())
        });
        let result = result.await;
        self.tell(id, "die");
        result
    }

    async fn kill_container(&self, id: &ContainerId, _signal: &str) -> EngineResult<()> {
        self.change("kill_container", id.as_str(), |state| {
            state.container(id.as_str())?.stopped = true;
            Ok(())
        })
        .await
    }

    async fn restart_container(&self, id: &ContainerId, _grace: Option<Duration>) -> EngineResult<()> {
        self.change("restart_container", id.as_str(), |state| {
            let container = state.container(id.as_str())?;
            (container.started, container.stopped) = (Some(Instant::now()), false);
            Ok(())
        })
        .await
    }

    async fn pause_container(&self, id: &ContainerId) -> EngineResult<()> {
        self.change("pause_container", id.as_str(), |state| {
            state.container(id.as_str())?.is_paused = true;
            Ok(())
        })
        .await
    }

    async fn unpause_container(&self, id: &ContainerId) -> EngineResult<()> {
        self.change("unpause_container", id.as_str(), |state| {
            state.container(id.as_str())?.is_paused = false;
            Ok(())
        })
        .await
    }

    async fn remove_container(&self, id: &ContainerId, force: bool, _volumes: bool) -> EngineResult<()> {
        let result = self
            .change("remove_container", id.as_str(), |state| {
                let Ok(key) = state.container(id.as_str()).map(|one| one.id.clone()) else { return Ok(()) };
                let is_running =
                    state.containers.iter().any(|one| one.id == key && state.now(one).0 == ContainerState::Running);
                if is_running && !force {
                    return Err(conflict(format!("container {key} is running")));
                }
                state.containers.retain(|one| one.id != key);
                Ok(())
            })
            .await;
        self.tell(id, "destroy");
        result
    }

    async fn rename_container(&self, id: &ContainerId, name: &ContainerName) -> EngineResult<()> {
        self.change("rename_container", id.as_str(), |state| {
            if let Some(other) = state.containers.iter().find(|one| one.name == *name) {
                return Err(conflict(format!("the name {name} is in use by container {}", other.id)));
            }
            state.container(id.as_str())?.name = name.clone();
            Ok(())
        })
        .await
    }

    async fn connect_network(
        &self,
        network: &NetworkName,
        id: &ContainerId,
        _endpoint: &EndpointSpec,
    ) -> EngineResult<()> {
        self.change("connect_network", network.as_str(), |state| {
            let found = state
                .networks
                .iter()
                .find(|one| one.name == *network)
                .map(|one| one.id.clone())
                .ok_or_else(|| not_found(network.as_str()))?;
            state.container(id.as_str())?.networks.insert(network.clone(), found);
            Ok(())
        })
        .await
    }

    async fn disconnect_network(&self, network: &NetworkName, id: &ContainerId) -> EngineResult<()> {
        self.change("disconnect_network", network.as_str(), |state| {
            state.container(id.as_str())?.networks.remove(network);
            Ok(())
        })
        .await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> EngineResult<NetworkId> {
        self.change("create_network", spec.name.as_str(), |state| {
            // Compat: engines check for doubles, but only by name and not while another is being made.
            if state.networks.iter().any(|one| one.name == spec.name) {
                return Err(conflict(format!("network {} exists", spec.name)));
            }
            let id = NetworkId::new(state.id());
            state.networks.push(ObservedNetwork {
                id: id.clone(),
                name: spec.name.clone(),
                labels: spec.labels.clone(),
                ..ObservedNetwork::default()
            });
            Ok(id)
        })
        .await
    }

    async fn remove_network(&self, id: &NetworkId) -> EngineResult<()> {
        self.change("remove_network", id.as_str(), |state| {
            let in_use = state.containers.iter().any(|one| {
                one.networks.values().any(|network| network == id) && state.now(one).0 == ContainerState::Running
            });
            if in_use {
                return Err(conflict(format!("network {id} has active endpoints")));
            }
            state.networks.retain(|one| one.id != *id);
            Ok(())
        })
        .await
    }

    async fn create_volume(&self, spec: &VolumeSpec) -> EngineResult<()> {
        self.change("create_volume", spec.name.as_str(), |state| {
            if !state.volumes.iter().any(|one| one.name == spec.name) {
                let driver = spec.driver.clone().unwrap_or_else(|| "local".to_owned());
                state.volumes.push(ObservedVolume {
                    name: spec.name.clone(),
                    driver,
                    options: spec.driver_opts.clone(),
                    labels: spec.labels.clone(),
                    ..ObservedVolume::default()
                });
            }
            Ok(())
        })
        .await
    }

    async fn remove_volume(&self, name: &VolumeName) -> EngineResult<()> {
        self.change("remove_volume", name.as_str(), |state| {
            state.volumes.retain(|one| one.name != *name);
            state.removed_volumes.insert(name.clone());
            Ok(())
        })
        .await
    }

    async fn pull_image(
        &self,
        image: &str,
        _platform: Option<&str>,
    ) -> EngineResult<BoxStream<'static, EngineResult<PullEvent>>> {
        self.change("pull_image", image, |state| {
            state.images.insert(crate::model::familiar(image), ImageId::new(format!("sha256:{:0>64}", "f")));
            Ok(())
        })
        .await?;
        Ok(futures_util::stream::empty().boxed())
    }

    async fn tag_image(&self, image: &str, name: &str) -> EngineResult<()> {
        self.change("tag_image", image, |state| {
            let id = state.images.get(&crate::model::familiar(image)).cloned().ok_or_else(|| not_found(image))?;
            state.images.insert(crate::model::familiar(name), id);
            Ok(())
        })
        .await
    }

    async fn remove_image(&self, image: &str) -> EngineResult<()> {
        self.change("remove_image", image, |state| {
            state.images.remove(&crate::model::familiar(image));
            Ok(())
        })
        .await
    }

    async fn build_image(&self, request: BuildRequest) -> EngineResult<BoxStream<'static, EngineResult<BuildEvent>>> {
        let name = request.tags.first().cloned().unwrap_or_default();
        let id = ImageId::new(format!("sha256:{:0>64}", "b"));
        self.change("build_image", &name, |state| {
            state.images.insert(crate::model::familiar(&name), id.clone());
            Ok(())
        })
        .await?;
        Ok(futures_util::stream::iter([Ok(BuildEvent::Built(id))]).boxed())
    }

    async fn exec(&self, id: &ContainerId, _command: &ExecSpec) -> EngineResult<ExecOutcome> {
        self.enter("exec", id.as_str(), false).await?;
        let mut state = self.lock();
        let key = state.container(id.as_str())?.id.clone();
        let container = state.containers.iter().find(|one| one.id == key).ok_or_else(|| not_found(id.as_str()))?;
        let is_healthy = state.now(container).1 == Health::Healthy;
        Ok(ExecOutcome { exit_code: i64::from(!is_healthy), output: String::new() })
    }

    async fn write_archive(&self, id: &ContainerId, _path: &str, _tar: Bytes) -> EngineResult<()> {
        self.change("write_archive", id.as_str(), |state| state.container(id.as_str()).map(|_| ())).await
    }
}
