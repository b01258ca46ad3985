//! `logs`, and what an attached `up` has in common with it.
//!
//! Without `--follow`, lines of several containers are sorted by the engine's time stamps. The outputs are merged as
//! streams: memory holds a few lines of each container, and a few pieces of a long line.

use std::sync::Arc;

use tokio::sync::mpsc;

pub use request::{FollowRequest, LogsRequest};
use shown::{piece, source, style};

use super::output::lines::Line;
use super::output::reader::{self, Stamps};
use super::output::rotated::Tally;
use super::output::services::Services;
use super::project;
use super::run::{interrupted, session};
use crate::diag::Diagnostic;
use crate::engine::{ContainerDetails, LogOptions, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Sources, Span, labels};
use crate::settings::Context;
use crate::text::{escape_controls, one_line};
use crate::ui;
use crate::ui::logs::LogPrinter;

pub(in crate::app) mod request;
pub(super) mod shown;

/// Runs `logs`.
pub fn logs(context: &Context, request: &LogsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &request.services)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let begun = async {
            let engine = session::connect(context).await?;
            let following = match request.is_following {
                true => Some(Services::begin(context, engine.clone(), found.name(), request).await?),
                false => None,
            };
            let filter = [format!("{}={}", labels::PROJECT, found.name())];
            let containers = engine.list_containers(&filter).await?;
            Ok((engine, following, containers))
        };
        let (engine, mut following, containers) = session::answer(&interrupt, begun).await?;
        ui::diagnostics(context, &found.unknown_services(&request.services, &containers), &Sources::default());
        let containers: Vec<&ObservedContainer> = containers.iter().filter(|one| request.is_meant(one)).collect();
        check_index(request, &containers)?;
        let work = async {
            match &mut following {
                Some(services) => services.follow(&containers).await,
                None => print_all(context, &engine, found.name(), &containers, request).await,
            }
        };
        tokio::select! {
            result = work => result?,
            signal = interrupt.first() => return Err(interrupted(signal)),
            failure = ui::failed() => return Err(failure),
        }
        Ok(Exit::SUCCESS)
    })
}

/// Refuses an `--index` without such a replica.
fn check_index(request: &LogsRequest, found: &[&ObservedContainer]) -> Result<(), Failure> {
    let (Some(index), [service], []) = (request.index, request.services.as_slice(), found) else { return Ok(()) };
    let message = format!("service `{}` has no container with the number {index}", escape_controls(service));
    Err(Failure::one(Diagnostic::error("no-container", Span::NONE, message).help("`ps -a` lists the containers")))
}

/// The log of a container that is being read.
struct Log {
    id: String,
    /// The container's name in the output.
    name: String,
    details: ContainerDetails,
    lines: mpsc::Receiver<Line>,
    tally: Tally,
}

/// Prints the logs of containers in the order of time.
async fn print_all(
    context: &Context,
    engine: &Arc<dyn ReadEngine>,
    project: &str,
    containers: &[&ObservedContainer],
    request: &LogsRequest,
) -> Result<(), Failure> {
    let shown = |one: &&ObservedContainer| {
        let number = one.label(labels::NUMBER).unwrap_or_default();
        (one.id.to_string(), source(project, one.name.as_str(), one.service().unwrap_or_default(), number))
    };
    let shown: Vec<_> = containers.iter().map(shown).collect();
    let mut printer = LogPrinter::new(&shown, style(context, &request.follow));
    let (mut logs, mut failed) = (Vec::new(), None);
    for container in containers {
        let details = engine.inspect_container(container.id.as_str()).await?;
        let name = container.name.to_string();
        let options = LogOptions {
            follow: false,
            tail: request.tail,
            timestamps: true,
            since: request.since.clone(),
            until: request.until.clone(),
            is_tty: details.is_tty,
        };
        match engine.logs(&container.id, options).await {
            Ok(stream) => {
                let lines = reader::spawn(stream, Stamps::Engines);
                logs.push(Log { id: container.id.to_string(), name, details, lines, tally: Tally::default() });
            }
            // Not every logging driver can be read.
            Err(error) => {
                ui::tell(&format!("no output of {}: {}\n", escape_controls(&name), one_line(&error.message)));
                failed = Some(error);
            }
        }
    }
    if let Some(error) = failed.filter(|_| logs.is_empty()) {
        return Err(error.into());
    }
    if request.is_grouped {
        logs.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let groups = if request.is_grouped { logs.into_iter().map(|log| vec![log]).collect() } else { vec![logs] };
    let mut done = Vec::new();
    for group in groups {
        done.extend(merge(group, request.follow.has_time(), &mut printer).await);
    }
    for log in done {
        let is_whole = request.since.is_none() && request.tail.is_none_or(|tail| log.tally.lines < tail);
        if let Some(words) = log.tally.told(&escape_controls(&log.name), &log.details).filter(|_| is_whole) {
            ui::tell(&format!("{words}\n"));
        }
    }
    Ok(())
}

/// Prints the oldest of all next lines, again and again. The pieces of a long line stay together. Returns the logs that
/// were read.
async fn merge(logs: Vec<Log>, with_time: bool, printer: &mut LogPrinter) -> Vec<Log> {
    let (mut open, mut done) = (Vec::new(), Vec::new());
    for mut log in logs {
        match log.lines.recv().await {
            Some(line) => open.push((line, log)),
            None => done.push(log),
        }
    }
    while let Some(index) = (0..open.len()).min_by(|a, b| open[*a].0.time.cmp(&open[*b].0.time)) {
        let (line, log) = &mut open[index];
        printer.ready().await;
        printer.print(&log.id, piece(line, with_time));
        log.tally.add(line);
        let next = loop {
            match log.lines.recv().await {
                Some(next) if !next.is_start => {
                    printer.ready().await;
                    printer.print(&log.id, piece(&next, false));
                    log.tally.add(&next);
                }
                next => break next,
            }
        };
        match next {
            Some(next) => *line = next,
            None => done.push(open.swap_remove(index).1),
        }
    }
    done
}
