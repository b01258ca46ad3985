//! Builds by the engine's BuildKit, without a program beside this one.
//!
//! Two connections of the engine are taken over (`Upgrade: h2c`). On that of `POST /session` the engine asks for files,
//! secrets and logins (`session`); on that of `POST /grpc` this program asks for the build and for its progress (`solve`).
//! `unchanged` tells beforehand which builds would give the image that is there. `grpc` is how calls are written on both. Start at [`build`].

mod grpc;
mod names;
mod session;
mod solve;
mod unchanged;

pub(super) use session::sharing::Sessions;

use futures_util::StreamExt;

use self::grpc::client::Client;
use self::names::WHAT;
use self::unchanged::Known;
use super::http::raw::Raw;
use super::registry::credentials::Credentials;
use crate::engine::{BuildEvent, EngineError, EngineResult, EngineStream, ErrorKind};
use crate::model::BuildRequest;

/// Starts a build; `engine` is the engine's version. Returns its events as they come. A failure of the build is the last event. Where the stream is dropped, the
/// engine ends the build.
pub(super) async fn build(
    raw: &Raw,
    credentials: &Credentials,
    (sessions, engine): (&Sessions, &str),
    request: &BuildRequest,
) -> EngineResult<EngineStream<BuildEvent>> {
    let known = Known::of(raw, credentials, engine, request).await;
    if let Some(known) = known.as_ref().filter(|_| request.skips_unchanged)
        && let Some(image) = known.image(raw, request).await
    {
        return Ok(futures_util::stream::iter([Ok(BuildEvent::Unchanged), Ok(BuildEvent::Built(image))]).boxed());
    }
    let (asked, agent) = (request.clone(), credentials.variable("SSH_AUTH_SOCK").map(str::to_owned));
    let preparing = tokio::task::spawn_blocking(move || solve::request::prepare(&asked, agent.as_deref()));
    let unread = |_| EngineError::new(ErrorKind::Invalid, WHAT, "the Dockerfile could not be read");
    let prepared = preparing.await.map_err(unread)??;
    let session = sessions.join(raw, credentials, prepared.tables.clone()).await?;
    let stream = raw.upgrade_to(WHAT, "/grpc", "h2c", &[]).await?;
    let client = Client::new(stream).await.map_err(|status| session::error(&status))?;
    solve::run(client, session, (prepared, known))
}
