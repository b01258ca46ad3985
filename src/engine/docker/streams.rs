//! Subscriptions to a real engine: events, logs, resource use.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyExt;

use super::convert::{events, logs, stats};
use super::engine::DockerEngine;
use super::http::raw::encode;
use super::http::{frames, lines};
use crate::engine::{
    EngineResult, EngineStream, EventEngine, EventQuery, LogEngine, LogOptions, ObjectEvent, OutputChunk, StatsEngine,
    StatsSample,
};
use crate::model::ContainerId;

/// Turns lines into values; a line without a value is skipped.
fn values<T: Send + 'static>(
    lines: EngineStream<Bytes>,
    value: impl Fn(&[u8]) -> Option<T> + Send + Sync + 'static,
) -> EngineStream<T> {
    let item = move |line: EngineResult<Bytes>| std::future::ready(line.map(|line| value(&line)).transpose());
    lines.filter_map(item).boxed()
}

#[async_trait]
impl EventEngine for DockerEngine {
    async fn object_events(&self, query: EventQuery) -> EngineResult<EngineStream<ObjectEvent>> {
        const WHAT: &str = "watch events";
        let body = self.raw.stream(WHAT, "GET", &events::path(&query)).await?;
        Ok(values(lines::lines(body, WHAT), events::event))
    }
}

#[async_trait]
impl LogEngine for DockerEngine {
    async fn logs(&self, id: &ContainerId, options: LogOptions) -> EngineResult<EngineStream<OutputChunk>> {
        const WHAT: &str = "read logs";
        let body = self.raw.stream(WHAT, "GET", &logs::path(id, &options)).await?;
        Ok(frames::output(body.into_data_stream(), options.is_tty, WHAT))
    }
}

#[async_trait]
impl StatsEngine for DockerEngine {
    async fn stats(&self, id: &ContainerId) -> EngineResult<EngineStream<StatsSample>> {
        const WHAT: &str = "read statistics of container";
        let body = self.raw.stream(WHAT, "GET", &format!("/containers/{}/stats", encode(id.as_str()))).await?;
        Ok(values(lines::lines(body, WHAT), stats::sample))
    }
}
