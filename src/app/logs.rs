//! `logs`, and what an attached `up` has in common with it.
//!
//! Without `--follow`, lines of several containers are sorted by the engine's time stamps. The outputs are merged as
//! streams: memory holds a few lines of each container, and a few pieces of a long line.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::output::lines::Line;
use super::output::mux::Mux;
use super::output::reader::{self, Stamps};
use super::output::rotated::Tally;
use super::project;
use super::run::{interrupted, session};
use crate::diag::Diagnostic;
use crate::engine::{ContainerDetails, LogOptions, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Sources, Span, labels};
use crate::settings::Context;
use crate::text::{escape_controls, one_line};
use crate::ui;
use crate::ui::logs::{LogPrinter, Piece, Style};

/// The request of `logs`.
#[derive(Clone, Debug, Default)]
pub struct LogsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--index`.
    pub index: Option<u32>,
    /// How output is read and printed.
    pub follow: FollowRequest,
    /// `--follow`.
    pub is_following: bool,
    /// `--since`.
    pub since: Option<String>,
    /// `--until`.
    pub until: Option<String>,
    /// `--tail`; `None` is all.
    pub tail: Option<u64>,
}

/// How output is followed and printed.
#[derive(Clone, Debug, Default)]
pub struct FollowRequest {
    /// `--no-color`.
    pub no_color: bool,
    /// `--no-log-prefix`.
    pub no_prefix: bool,
    /// `--timestamps`.
    pub timestamps: bool,
    /// `--abort-on-container-exit`.
    pub abort_on_exit: bool,
    /// `--abort-on-container-failure`.
    pub abort_on_failure: bool,
    /// `--exit-code-from`.
    pub exit_code_from: Option<String>,
    /// `--attach`.
    pub attach: Vec<String>,
    /// `--no-attach`.
    pub no_attach: Vec<String>,
    /// `--attach-dependencies`.
    pub with_dependencies: bool,
}

impl FollowRequest {
    /// Returns whether the end of one container ends all.
    pub fn stops_all(&self) -> bool {
        self.abort_on_exit || self.abort_on_failure || self.exit_code_from.is_some()
    }
}

/// Runs `logs`.
pub fn logs(context: &Context, request: &LogsRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &request.services)?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::connect(context).await?;
        let containers = engine.list_containers(&[format!("{}={}", labels::PROJECT, found.name())]).await?;
        let wanted = |container: &&ObservedContainer| {
            let service = container.service().unwrap_or_default();
            !container.is_oneoff()
                && (request.services.is_empty() || request.services.iter().any(|name| name == service))
                && request.index.is_none_or(|index| container.number() == Some(index))
        };
        ui::diagnostics(context, &found.unknown_services(&request.services, &containers), &Sources::default());
        let containers: Vec<&ObservedContainer> = containers.iter().filter(wanted).collect();
        check_index(request, &containers)?;
        let short = |one: &&ObservedContainer| (one.id.to_string(), short_name(found.name(), one.name.as_str()));
        let mut printer = LogPrinter::new(containers.iter().map(short).collect(), style(context, &request.follow));
        let options = LogOptions {
            follow: request.is_following,
            tail: request.tail,
            timestamps: request.follow.timestamps,
            since: request.since.clone(),
            until: request.until.clone(),
            is_tty: false,
        };
        tokio::select! {
            result = print_all(&engine, &containers, &options, &mut printer) => result?,
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

/// Returns how lines are printed.
pub(super) fn style(context: &Context, request: &FollowRequest) -> Style {
    Style { has_prefix: !request.no_prefix, is_coloured: !request.no_color && ui::logs::is_coloured(context) }
}

/// Returns a container's name without the project: `web-1` for `shop-web-1`.
pub(super) fn short_name(project: &str, name: &str) -> String {
    let rest = name.strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    rest.unwrap_or(name).to_owned()
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

async fn print_all(
    engine: &Arc<dyn ReadEngine>,
    containers: &[&ObservedContainer],
    options: &LogOptions,
    printer: &mut LogPrinter,
) -> Result<(), Failure> {
    let is_ordered = !options.follow;
    let stamps = if is_ordered { Stamps::Engines } else { Stamps::None };
    let (mut logs, mut failed) = (Vec::new(), None);
    for container in containers {
        let details = engine.inspect_container(container.id.as_str()).await?;
        let is_tty = details.is_tty;
        let name = container.name.to_string();
        let options = LogOptions { timestamps: options.timestamps || is_ordered, is_tty, ..options.clone() };
        match engine.logs(&container.id, options).await {
            Ok(stream) => {
                let lines = reader::spawn(stream, stamps);
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
    if !is_ordered {
        interleave(logs, printer).await;
        return Ok(());
    }
    for log in merge(logs, options.timestamps, printer).await {
        let is_whole = options.since.is_none() && options.tail.is_none_or(|tail| log.tally.lines < tail);
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

/// Returns a line in the form to print.
pub(super) fn piece(line: &Line, with_time: bool) -> Piece<'_> {
    Piece { bytes: &line.bytes, time: if with_time { &line.time } else { "" }, is_start: line.is_start }
}

/// Prints the lines of all containers in the order of their arrival. A long line stays whole.
async fn interleave(logs: Vec<Log>, printer: &mut LogPrinter) {
    let mut mux = Mux::default();
    for log in logs {
        mux.add(&log.id, log.lines);
    }
    while let Some((id, line)) = mux.next().await {
        if let Some(line) = line {
            printer.print(&id, piece(&line, true));
        }
    }
}
