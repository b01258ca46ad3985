//! `logs`, and what it has in common with an attached `up`.
//!
//! Without following, lines of several containers come in the order of the engine's time stamps, merged as streams: what
//! is held in memory is one line of each.

use std::sync::Arc;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use super::{down, session};
use crate::engine::docker::DockerEngine;
use crate::engine::{EngineResult, LogEngine, LogOptions, OutputChunk, ReadEngine};
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, labels};
use crate::settings::Context;
use crate::ui::logs::{LogPrinter, Style};

/// A line that goes on for longer is handed on in pieces.
const PIECE: usize = 256 * 1024;
/// Lines of one container that may wait for the printer.
const QUEUE: usize = 64;

/// What `logs` is asked.
#[derive(Clone, Debug, Default)]
pub struct LogsRequest {
    /// Services; empty means all.
    pub services: Vec<String>,
    /// `--index`.
    pub index: Option<u32>,
    /// How to read and print.
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
    let found = down::project(context, &request.services)?;
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
        let containers: Vec<&ObservedContainer> = containers.iter().filter(wanted).collect();
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
            signal = interrupt.first() => return Err(super::interrupted(signal)),
        }
        Ok(Exit::SUCCESS)
    })
}

/// Returns what prints lines of these containers.
pub(super) fn printer(
    context: &Context,
    project: &str,
    containers: &[&ObservedContainer],
    request: &FollowRequest,
) -> LogPrinter {
    let names: Vec<(String, String)> =
        containers.iter().map(|one| (one.id.to_string(), short_name(project, one))).collect();
    let style = Style {
        has_prefix: !request.no_prefix,
        is_coloured: !request.no_color && crate::ui::logs::is_coloured(context),
    };
    LogPrinter::new(names, style)
}

/// The container's name without the project in front.
pub(super) fn short_name(project: &str, container: &ObservedContainer) -> String {
    let name = container.name.as_str();
    let rest = name.strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    rest.unwrap_or(name).to_owned()
}

/// A line, or a piece of a long one.
#[derive(Debug)]
pub(super) struct Line {
    pub bytes: bytes::Bytes,
    /// The engine's time stamp, where lines are put in order by it.
    time: String,
}

async fn print_all(
    engine: &Arc<DockerEngine>,
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
        heads.push((container.id.to_string(), spawn(stream, is_ordered)));
    }
    if is_ordered {
        merge(heads, options.timestamps, printer).await
    } else {
        interleave(heads, printer).await
    }
    Ok(())
}

/// Reads a container's output into lines on a task of its own.
pub(super) fn spawn(mut stream: BoxStream<'static, EngineResult<OutputChunk>>, has_time: bool) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let mut buffer = BytesMut::new();
        while let Some(Ok(chunk)) = stream.next().await {
            // A long line comes in frames, each with the time stamp again.
            let bytes = match has_time && !buffer.is_empty() {
                true => split_time(&chunk.bytes).map_or(&chunk.bytes[..], |(_, rest)| rest),
                false => &chunk.bytes[..],
            };
            buffer.extend_from_slice(bytes);
            while let Some(end) = buffer
                .iter()
                .position(|byte| *byte == b'\n')
                .or((buffer.len() > PIECE && !has_time).then(|| buffer.len() - 1))
            {
                if sender.send(line(buffer.split_to(end + 1).freeze(), has_time)).await.is_err() {
                    return;
                }
            }
        }
        if !buffer.is_empty() {
            // The reader may have gone with the program's end.
            let _ = sender.send(line(buffer.freeze(), has_time)).await;
        }
    });
    receiver
}

fn line(bytes: bytes::Bytes, has_time: bool) -> Line {
    match split_time(&bytes).filter(|_| has_time) {
        Some((time, rest)) => Line { time: time.to_owned(), bytes: bytes.slice_ref(rest) },
        None => Line { time: String::new(), bytes },
    }
}

/// `2026-01-02T03:04:05.000000000Z text`
fn split_time(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let blank = bytes.iter().take(40).position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(&bytes[..blank]).ok()?;
    (blank >= 20 && time.as_bytes().get(10) == Some(&b'T')).then(|| (time, &bytes[blank + 1..]))
}

/// Takes the oldest line of all, again and again.
async fn merge(heads: Vec<(String, mpsc::Receiver<Line>)>, with_time: bool, printer: &mut LogPrinter) {
    let mut open = Vec::new();
    for (id, mut receiver) in heads {
        if let Some(line) = receiver.recv().await {
            open.push((line, id, receiver));
        }
    }
    while let Some(index) = (0..open.len()).min_by(|a, b| open[*a].0.time.cmp(&open[*b].0.time)) {
        let (line, id, receiver) = &mut open[index];
        if with_time {
            printer.line(id, format!("{} ", line.time).as_bytes());
        }
        printer.line(id, &line.bytes);
        match receiver.recv().await {
            Some(next) => *line = next,
            None => {
                open.swap_remove(index);
            }
        }
    }
}

/// Prints lines as they come.
async fn interleave(heads: Vec<(String, mpsc::Receiver<Line>)>, printer: &mut LogPrinter) {
    let streams = heads.into_iter().map(|(id, receiver)| {
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
            .map(move |line| (id.clone(), line))
            .boxed()
    });
    let mut all = futures_util::stream::select_all(streams);
    while let Some((id, line)) = all.next().await {
        printer.line(&id, &line.bytes);
    }
}
