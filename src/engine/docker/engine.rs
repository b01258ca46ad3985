//! A connection to a real engine, and the limits within which its calls run.

use std::sync::Arc;
use std::time::Duration;

use super::connect::{self, Wanted};
use super::credentials::Credentials;
use super::http::errors::{self, Call};
use super::http::raw::Raw;
use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::env::Environment;
use crate::model::EngineFacts;

/// A connection to an engine whose API version has been negotiated.
pub struct DockerEngine {
    pub(super) facts: EngineFacts,
    pub(super) docker: bollard::Docker,
    pub(super) raw: Raw,
    pub(super) credentials: Credentials,
}

impl DockerEngine {
    /// Finds an engine in the places where docker's own tools look, connects and negotiates the API version (`GET
    /// /_ping`).
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
            is_local: transport.is_local(),
        };
        let transport = transport.with_version(api);
        let docker = connect::bollard(transport.clone(), api)?;
        let credentials = Credentials::new(environment);
        Ok(Self { facts, docker, raw: Raw::new(transport), credentials })
    }

    /// Returns whether the processes of the engine's containers are processes of this machine that this program could
    /// see (`GET /info`): a socket may lead to a virtual machine, or to another machine.
    pub async fn is_this_machines(&self) -> bool {
        if !self.raw.transport().has_visible_server().await {
            return false;
        }
        let Ok(info) = self.raw.get::<serde_json::Value>("look at the engine", "/info").await else { return false };
        let is_same = |word: &str, file: &str| {
            let own = std::fs::read_to_string(format!("/proc/sys/kernel/{file}")).unwrap_or_default();
            !own.is_empty() && info.get(word).and_then(serde_json::Value::as_str) == Some(own.trim_end())
        };
        is_same("KernelVersion", "osrelease") && is_same("Name", "hostname")
    }

    /// Runs a bollard call within a time limit and turns its error into ours.
    pub(super) async fn call<T>(
        &self,
        call: Call<'_>,
        limit: Duration,
        work: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> EngineResult<T> {
        let work = async { work.await.map_err(|error| errors::convert(&call, error)) };
        self.bounded(call, limit, work).await
    }

    /// Runs a call within a time limit; its error names the call and the object.
    pub(super) async fn bounded<T>(
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

impl std::fmt::Debug for DockerEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DockerEngine({}, API {})", self.facts.endpoint, self.facts.api)
    }
}

/// Connects and returns a handle; see [`DockerEngine::connect`].
pub async fn connect(wanted: &Wanted, environment: &Environment) -> EngineResult<Arc<DockerEngine>> {
    DockerEngine::connect(wanted, environment).await.map(Arc::new)
}
