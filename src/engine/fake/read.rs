//! The calls that change nothing.
//!
//! The simulator needs no process lists, image histories and statistics; these calls answer
//! [`ErrorKind::Unsupported`](crate::engine::ErrorKind::Unsupported).

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::container::Container;
use super::state::not_found;
use super::{AWAY, FakeEngine};
use crate::engine::{
    ContainerDetails, EngineError, EngineResult, EngineStream, EventEngine, EventQuery, ImageDetails, ImageSummary,
    LogEngine, LogOptions, ObjectEvent, OutputChunk, OutputStream, ReadEngine, StatsEngine,
};
use crate::model::{
    ContainerId, DefinedEndpoint, Definition, EngineFacts, Healthcheck, ObservedContainer, ObservedNetwork,
    ObservedVolume, Plugins, PortSpec, RestartPolicy,
};

/// The command of every health check here; [`crate::engine::SessionEngine::exec`] runs it.
pub(super) const PROBE: &str = "probe";
/// A command that ends with 1; all others end with 0.
pub(super) const FAIL: &str = "fail";

fn has_labels(labels: &BTreeMap<String, String>, wanted: &[String]) -> bool {
    wanted.iter().all(|filter| match filter.split_once('=') {
        Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
        None => labels.contains_key(filter),
    })
}

fn details(container: &Container, born: Instant) -> ContainerDetails {
    let mut definition = Definition::default();
    let port = |port: &PortSpec| serde_json::json!({ "target": port.target, "published": port.published, "protocol": port.protocol });
    for network in container.networks.keys() {
        let ipv4_address = container.addresses.get(network).cloned().unwrap_or_default();
        definition.add_endpoint(network.clone(), DefinedEndpoint { ipv4_address, ..DefinedEndpoint::default() });
    }
    definition.set_if_given("ports", container.spec.ports.iter().map(port).collect::<Vec<_>>());
    ContainerDetails {
        id: container.id.clone(),
        name: container.name.clone(),
        state: container.state(),
        health: container.health(Instant::now()),
        exit_code: container.exit_code(),
        error: container.error.clone(),
        started_at: container.started.map_or_else(String::new, |at| moment(at.duration_since(born))),
        restart_count: container.restarts,
        has_restart_policy: container.spec.restart != RestartPolicy::No,
        is_kept_up: matches!(container.spec.restart, RestartPolicy::Always | RestartPolicy::UnlessStopped),
        stop_timeout: container.spec.stop_timeout,
        volumes_from: container.spec.volumes_from.clone(),
        labels: container.spec.labels.clone(),
        healthcheck: container.behaviour.has_healthcheck.then(check),
        definition,
        ..ContainerDetails::default()
    }
}

/// Returns the health check of images that have one.
fn check() -> Healthcheck {
    Healthcheck { test: vec!["CMD".to_owned(), PROBE.to_owned()], ..Healthcheck::default() }
}

/// Returns a time in the engine's form (RFC 3339). The engine starts at the beginning of 1970.
fn moment(since: Duration) -> String {
    let nanos = i128::try_from(since.as_nanos()).unwrap_or_default();
    jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| String::new(), |at| at.to_string())
}

#[async_trait]
impl ReadEngine for FakeEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    /// Returns only the drivers that every engine has.
    async fn plugins(&self) -> EngineResult<Plugins> {
        self.read("plugins", "", |_| Ok(Plugins::default())).await
    }

    async fn identity(&self) -> EngineResult<String> {
        self.read("identity", "", |_| Ok("fake".to_owned())).await
    }

    async fn list_containers(&self, labels: &[String]) -> EngineResult<Vec<ObservedContainer>> {
        let labels = labels.to_vec();
        self.read("list_containers", "", move |state| {
            let all = state.containers.iter().map(|one| state.observed(one));
            Ok(all.filter(|one| has_labels(&one.labels, &labels)).collect())
        })
        .await
    }

    async fn inspect_container(&self, id: &str) -> EngineResult<ContainerDetails> {
        let key = id.to_owned();
        self.read("inspect_container", id, move |state| {
            let born = state.born;
            state.container(&key).map(|one| details(one, born))
        })
        .await
    }

    async fn list_networks(&self) -> EngineResult<Vec<ObservedNetwork>> {
        self.read("list_networks", "", |state| Ok(state.networks.clone())).await
    }

    async fn list_volumes(&self) -> EngineResult<Vec<ObservedVolume>> {
        self.read("list_volumes", "", |state| Ok(state.volumes.clone())).await
    }

    async fn list_images(&self) -> EngineResult<Vec<ImageSummary>> {
        self.read("list_images", "", |state| {
            let summary = |(name, id): (&String, &crate::model::ImageId)| ImageSummary {
                id: id.clone(),
                tags: vec![name.clone()],
                ..ImageSummary::default()
            };
            Ok(state.images.iter().map(summary).collect())
        })
        .await
    }

    async fn inspect_image(&self, name: &str) -> EngineResult<Option<ImageDetails>> {
        let key = crate::model::familiar(name);
        self.read("inspect_image", name, move |state| {
            let id = state.images.get(&key);
            let behaviour = state.behaviours.get(&key).cloned().unwrap_or_default();
            let healthcheck = behaviour.has_healthcheck.then(check);
            let details = |id: &crate::model::ImageId| ImageDetails {
                id: id.clone(),
                healthcheck,
                has_command: true,
                ..ImageDetails::default()
            };
            Ok(id.map(details))
        })
        .await
    }

    async fn image_digest(&self, name: &str) -> EngineResult<String> {
        let key = crate::model::familiar(name);
        self.read("image_digest", name, move |state| {
            state.images.get(&key).map(ToString::to_string).ok_or_else(|| not_found(&key))
        })
        .await
    }
}

/// Sends only events of containers, whatever the query asks for: the simulator needs no others.
#[async_trait]
impl EventEngine for FakeEngine {
    async fn object_events(&self, _query: EventQuery) -> EngineResult<EngineStream<ObjectEvent>> {
        let receiver = self.read("events", "", |state| Ok(state.events.subscribe())).await?;
        let life = self.shared.lock().life.clone();
        let stream = futures_util::stream::unfold(Some((receiver, life)), |streams| async move {
            let (mut receiver, life) = streams?;
            tokio::select! {
                biased;
                event = receiver.recv() => Some((Ok(event.ok()?), Some((receiver, life)))),
                () = life.cancelled() => Some((Err(EngineError::new(AWAY, "watch events", "the engine went away")), None)),
            }
        });
        Ok(stream.boxed())
    }
}

#[async_trait]
impl LogEngine for FakeEngine {
    async fn logs(&self, id: &ContainerId, _options: LogOptions) -> EngineResult<EngineStream<OutputChunk>> {
        let key = id.clone();
        self.read("logs", id.as_str(), move |state| state.container(key.as_str()).map(|_| ())).await?;
        let line = OutputChunk { stream: OutputStream::Stdout, bytes: Bytes::from_static(b"a line of output\n") };
        Ok(futures_util::stream::iter([Ok(line)]).boxed())
    }
}

/// The fake has no resource use: the call is unsupported.
impl StatsEngine for FakeEngine {}
