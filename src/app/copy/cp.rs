//! `cp`: files into the containers of a service, or out of one.

use std::ffi::OsString;

use super::place::Side;
use super::request::CopyRequest;
use super::{arriving, leaving};
use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project::{self, Found};
use crate::app::run::interrupted;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Span, labels};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Runs `cp`.
pub fn copy(context: &Context, request: &CopyRequest) -> Result<Exit, Failure> {
    let (from, to) = (Side::of(&request.from), Side::of(&request.to));
    let service = match (&from, &to) {
        (Side::Container { .. }, Side::Container { .. }) => {
            return Err(wrong(
                "copying between services is not supported",
                "copy to this machine first, or pipe: `inception cp a:/x - | inception cp - b:/y`",
            ));
        }
        (Side::Container { service, .. }, _) | (_, Side::Container { service, .. }) => service,
        _ => return Err(wrong("unknown copy direction", "one of the two must be `SERVICE:PATH`")),
    };
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let list = containers(session.reading(), &found, service, request);
        let mut list = session::answer(&session.interrupt, list).await?;
        if matches!(from, Side::Container { .. }) {
            list.truncate(1);
        }
        let Some(engine) = session.changing() else {
            let lines = list.iter().map(|one| format!(" DRY-RUN MODE - {} Copied", told(one, request, &from, &to)));
            lines.for_each(|line| ui::progress::say(context, &line));
            return Ok(Exit::SUCCESS);
        };
        let say = |one: &ObservedContainer| {
            ui::progress::say(context, &format!("{} Copied", told(one, request, &from, &to)));
        };
        let work = async {
            match (&from, &to) {
                (Side::Container { path, .. }, to) => leaving::copy(engine, &list, path, to, request, &say).await,
                (from, Side::Container { path, .. }) => arriving::copy(engine, &list, from, path, request, &say).await,
                _ => Ok(()),
            }
        };
        tokio::select! {
            result = work => result?,
            signal = session.interrupt.first() => return Err(interrupted(signal)),
            failure = ui::failed() => return Err(failure),
        }
        Ok(Exit::SUCCESS)
    })
}

/// Returns the containers of the service, by number; with `--all`, those that `run` made come last.
async fn containers(
    engine: &dyn ReadEngine,
    found: &Found,
    service: &str,
    request: &CopyRequest,
) -> Result<Vec<ObservedContainer>, Failure> {
    let replica = ReplicaRequest { service: service.to_owned(), index: request.index };
    if request.index.is_some() {
        return Ok(vec![replica::find(engine, found, &replica).await?]);
    }
    if request.with_oneoffs {
        let filters = [labels::PROJECT, labels::SERVICE].map(|label| match label {
            labels::PROJECT => format!("{label}={}", found.name()),
            label => format!("{label}={service}"),
        });
        let mut list = engine.list_containers(&filters).await?;
        list.sort_by(|a, b| (a.is_oneoff(), a.number(), &a.name).cmp(&(b.is_oneoff(), b.number(), &b.name)));
        if !list.is_empty() {
            return Ok(list);
        }
    }
    let list = replica::containers(engine, found.name()).await?;
    let list = replica::of_services(list, found, std::slice::from_ref(&replica.service))?;
    if list.is_empty() {
        // Says that there is no container, and how to make one.
        replica::find(engine, found, &replica).await?;
    }
    Ok(list)
}

/// Compat: the words of docker compose.
fn told(container: &ObservedContainer, request: &CopyRequest, from: &Side, to: &Side) -> String {
    let name = escape_controls(container.name.as_str());
    let side = |side: &Side, argument: &OsString| match side {
        Side::Container { path, .. } => format!("{name}:{}", escape_controls(path)),
        _ => escape_controls(&argument.to_string_lossy()).into_owned(),
    };
    format!(" {name} copy {} to {}", side(from, &request.from), side(to, &request.to))
}

fn wrong(message: &str, help: &str) -> Failure {
    Failure::one(Diagnostic::error("usage", Span::NONE, message).help(help))
}
