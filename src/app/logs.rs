//! `logs`, and what it has in common with an attached `up`.
//!
//! Without `--follow`, lines of several containers come in the order of the engine's time stamps. Their outputs are merged as
//! streams: memory holds a few lines of each container, and a few pieces of a long line.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::output::lines::{self, Line};
use super::project;
use super::run::{interrupted, session};
use crate::diag::Diagnostic;
use crate::engine::{LogOptions, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Sources, Span, labels};
use crate::settings::Context;
use crate::ui;
use crate::ui::logs::{LogPrinter, Style};

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
        let mut printer = printer(context, found.name(), &containers, &request.follow);
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

/// Refuses `--index` of a replica that is not there.
fn check_index(request: &LogsRequest, found: &[&ObservedContainer]) -> Result<(), Failure> {
    let (Some(index), [service], []) = (request.index, request.services.as_slice(), found) else { return Ok(()) };
    let message =
        format!("service `{}` has no container with the number {index}", crate::text::escape_controls(service));
    Err(Failure::one(Diagnostic::error("no-container", Span::NONE, message).help("`ps -a` lists the containers")))
}

/// Returns the printer for the lines of some containers.
pub(super) fn printer(
    context: &Context,
    project: &str,
    containers: &[&ObservedContainer],
    request: &FollowRequest,
) -> LogPrinter {
    let names: Vec<(String, String)> =
        containers.iter().map(|one| (one.id.to_string(), short_name(project, one))).collect();
    let style =
        Style { has_prefix: !request.no_prefix, is_coloured: !request.no_color && ui::logs::is_coloured(context) };
    LogPrinter::new(names, style)
}

/// Returns a container's name without the project in front: `web-1` for `shop-web-1`.
pub(super) fn short_name(project: &str, container: &ObservedContainer) -> String {
    let name = container.name.as_str();
    let rest = name.strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    rest.unwrap_or(name).to_owned()
}

async fn print_all(
    engine: &Arc<dyn ReadEngine>,
    containers: &[&ObservedContainer],
    options: &LogOptions,
    printer: &mut LogPrinter,
) -> Result<(), Failure> {
    let is_ordered = !options.follow && containers.len() > 1;
    let mut heads = Vec::new();
    for container in containers {
        let is_tty = engine.inspect_container(container.id.as_str()).await?.is_tty;
        let options = LogOptions { timestamps: options.timestamps || is_ordered, is_tty, ..options.clone() };
        let stream = engine.logs(&container.id, options).await?;
        heads.push((container.id.to_string(), lines::spawn(stream, is_ordered)));
    }
    if is_ordered {
        merge(heads, options.timestamps, printer).await
    } else {
        interleave(heads, printer).await
    }
    Ok(())
}

/// Prints the oldest line of all, again and again. The pieces of a long line stay together.
async fn merge(heads: Vec<(String, mpsc::Receiver<Line>)>, with_time: bool, printer: &mut LogPrinter) {
    let mut open = Vec::new();
    for (id, mut receiver) in heads {
        if let Some(line) = receiver.recv().await {
            open.push((line, id, receiver));
        }
    }
    while let Some(index) = (0..open.len()).min_by(|a, b| open[*a].0.time.cmp(&open[*b].0.time)) {
        let (line, id, receiver) = &mut open[index];
        printer.ready().await;
        if with_time {
            printer.line(id, format!("{} ", line.time).as_bytes());
        }
        printer.line(id, &line.bytes);
        let next = loop {
            match receiver.recv().await {
                Some(piece) if !piece.is_start => {
                    printer.ready().await;
                    printer.line(id, &piece.bytes);
                }
                next => break next,
            }
        };
        match next {
            Some(next) => *line = next,
            None => drop(open.swap_remove(index)),
        }
    }
}

/// Prints the lines of all containers in the order in which they arrive.
async fn interleave(heads: Vec<(String, mpsc::Receiver<Line>)>, printer: &mut LogPrinter) {
    let streams = heads.into_iter().map(|(id, receiver)| {
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
            .map(move |line| (id.clone(), line))
            .boxed()
    });
    let mut all = futures_util::stream::select_all(streams);
    while let Some((id, line)) = all.next().await {
        printer.ready().await;
        printer.line(&id, &line.bytes);
    }
}
