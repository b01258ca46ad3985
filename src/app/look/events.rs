//! `events`: what happens to the containers of a project, as it happens.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde_json::json;

use crate::app::project;
use crate::app::run::{interrupted, session};
use crate::engine::{EngineStream, EventQuery, ObjectEvent, ObjectKind};
use crate::failure::{Exit, Failure};
use crate::model::labels;
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `events`.
#[derive(Clone, Debug, Default)]
pub struct EventsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--json`: an object a line.
    pub is_json: bool,
    /// `--since`.
    pub since: Option<String>,
    /// `--until`: the command ends then.
    pub until: Option<String>,
}

/// Runs `events`, until the end that was asked for or a signal.
pub fn events(context: &Context, request: &EventsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let query = EventQuery {
            kinds: vec![ObjectKind::Container],
            labels: vec![format!("{}={}", labels::PROJECT, found.name())],
            since: request.since.clone(),
            until: request.until.clone(),
        };
        let stream = async { Ok(engine.object_events(query).await?) };
        let stream = session::answer(&interrupt, stream).await?;
        tokio::select! {
            result = print(stream, request) => result?,
            signal = interrupt.first() => return Err(interrupted(signal)),
            failure = ui::failed() => return Err(failure),
        }
        Ok(Exit::SUCCESS)
    })
}

async fn print(mut stream: EngineStream<ObjectEvent>, request: &EventsRequest) -> Result<(), Failure> {
    while let Some(event) = stream.next().await {
        let event = match event {
            Ok(event) => event,
            // The engine ends the stream at the moment that was asked for.
            Err(_) if request.until.is_some() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let service = event.attributes.get(labels::SERVICE).map(String::as_str).unwrap_or_default();
        let is_oneoff = event.attributes.get(labels::ONEOFF).is_some_and(|text| text == "True");
        let is_meant = request.services.is_empty() || request.services.iter().any(|name| name == service);
        if is_meant && !is_oneoff {
            ui::ready().await;
            ui::print_owned(if request.is_json { object(&event, service) } else { line(&event) });
        }
    }
    Ok(())
}

/// Returns the attributes that tell something of the event: not the labels by which a container belongs to its project.
fn attributes(event: &ObjectEvent) -> BTreeMap<&str, &str> {
    let is_label = |name: &str| name.starts_with("com.docker.compose.") || name.starts_with("dev.inception.");
    let all = event.attributes.iter().filter(|(name, _)| !is_label(name));
    all.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Compat: the shape of docker compose's `events --json`.
fn object(event: &ObjectEvent, service: &str) -> String {
    let object = json!({
        "action": event.action,
        "attributes": attributes(event),
        "id": event.id,
        "service": service,
        "time": moment(event.time_nanos).map(|moment| moment.to_string()),
        "type": event.kind.as_str(),
    });
    format!("{object}\n")
}

/// Returns a line as docker compose prints it: `2026-01-02 03:04:05.000006 container start ID (image=a, name=b)`.
fn line(event: &ObjectEvent) -> String {
    let zone = jiff::tz::TimeZone::system();
    let time = moment(event.time_nanos)
        .map(|moment| moment.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S.%6f").to_string())
        .unwrap_or_default();
    let attributes: Vec<String> = attributes(event).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let text = format!("{time} {} {} {} ({})", event.kind.as_str(), event.action, event.id, attributes.join(", "));
    format!("{}\n", escape_controls(&text))
}

fn moment(nanos: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).ok()
}
