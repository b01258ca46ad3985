//! Builds by the engine's BuildKit, without a program beside this one.
//!
//! Two connections of the engine are taken over (`Upgrade: h2c`). On that of `POST /session` the engine asks for files,
//! secrets and logins (`session`); on that of `POST /grpc` this program asks for the build and for its progress (`solve`).
//! `grpc` is how calls are written on both. Start at [`build`].

mod grpc;
mod names;
mod session;
mod solve;

pub(super) use session::sharing::Sessions;

use self::grpc::client::Client;
use self::names::WHAT;
use super::http::raw::Raw;
use super::registry::credentials::Credentials;
use crate::engine::{BuildEvent, EngineResult, EngineStream};
use crate::model::BuildRequest;

/// Starts a build; returns its events as they come. A failure of the build is the last event. Where the stream is dropped, the
/// engine ends the build.
pub(super) async fn build(
    raw: &Raw,
    credentials: &Credentials,
    sessions: &Sessions,
    request: &BuildRequest,
) -> EngineResult<EngineStream<BuildEvent>> {
    let prepared = solve::request::prepare(request, credentials.variable("SSH_AUTH_SOCK"))?;
    let session = sessions.join(raw, credentials, prepared.tables.clone()).await?;
    let stream = raw.upgrade_to(WHAT, "/grpc", "h2c", &[]).await?;
    let client = Client::new(stream).await.map_err(|status| session::error(&status))?;
    solve::run(client, session, prepared)
}
