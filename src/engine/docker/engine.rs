//! A connection to a real engine, and the time limits of its calls.

#![expect(clippy::disallowed_methods, reason = "measures calls for the trace")]

use std::sync::Arc;
use std::time::Duration;

use super::connect::{self, Wanted};
use super::http::errors::{self, Call};
use super::http::raw::Raw;
use super::place;
use super::proxies;
use super::registry::credentials::Credentials;
use crate::engine::{EngineError, EngineResult, ErrorKind};
use crate::env::Environment;
use crate::model::EngineFacts;

/// A connection to an engine whose API version has been negotiated.
pub struct DockerEngine {
    pub(super) facts: EngineFacts,
    pub(super) docker: bollard::Docker,
    pub(super) raw: Raw,
    pub(super) credentials: Credentials,
    #[cfg(feature = "buildkit")]
    pub(super) sessions: super::buildkit::Sessions,
    /// Whether the engine is Podman; `podman` completes its lists.
    pub(super) is_podman: bool,
    /// Whether the engine is on this machine, once it was asked.
    is_local: tokio::sync::OnceCell<bool>,
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
        let builder = connect::builder(&version, environment);
        let facts = EngineFacts {
            endpoint: transport.endpoint().to_owned(),
            version: version.version,
            api,
            os: version.os,
            is_local: place::judge(transport.way()) == place::Verdict::Here,
            proxies: proxies::proxies(environment, transport.endpoint()),
            detach_keys: connect::configured(environment, "detachKeys"),
            ps_format: connect::configured(environment, "psFormat"),
            builder,
            limits_processes: version.is_podman,
        };
        let transport = transport.with_version(api);
        let docker = connect::bollard(transport.clone(), api)?;
        let credentials = Credentials::new(environment);
        Ok(Self {
            facts,
            docker,
            raw: Raw::new(transport),
            credentials,
            #[cfg(feature = "buildkit")]
            sessions: super::buildkit::Sessions::default(),
            is_podman: version.is_podman,
            is_local: tokio::sync::OnceCell::new(),
        })
    }

    /// Returns whether the processes of the engine's containers are processes of this machine that this program could
    /// see. Only then `/proc` tells something about them.
    pub async fn is_this_machines(&self) -> bool {
        place::sees_processes(self.raw.transport().way()) && self.is_local_engine().await
    }

    /// Returns whether the engine is on this machine. The engine is asked if the connection does not show that.
    pub(super) async fn is_local_engine(&self) -> bool {
        match place::judge(self.raw.transport().way()) {
            place::Verdict::Here => true,
            place::Verdict::Elsewhere => false,
            place::Verdict::Unclear => *self.is_local.get_or_init(|| self.asked_whether_local()).await,
        }
    }

    /// Asks the engine where it is (`GET /info`). Without an answer it counts as on another machine.
    async fn asked_whether_local(&self) -> bool {
        let info = self.raw.get::<serde_json::Value>("look at the engine", "/info").await;
        info.is_ok_and(|info| place::is_this_machine(&info, &place::Machine::own()))
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
