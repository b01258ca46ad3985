//! Streams of the engine: events, output, pulls, and commands run for their result.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::errors::{Call, convert, kind_of};
use super::raw::encode;
use crate::engine::{
    EngineError, EngineEvent, EngineResult, ErrorKind, ExecOutcome, ExecSpec, LogOptions, OutputChunk, OutputStream,
    PullEvent,
};
use crate::model::ContainerId;

/// A line of an event stream is never longer.
const LONGEST_LINE: usize = 16 * 1024 * 1024;
/// Output of a command run for its result is cut here.
const KEPT_OUTPUT: usize = 64 * 1024;

/// Turns a body into its lines (JSON documents, one a line).
pub(super) fn lines(body: Incoming, what: &'static str) -> BoxStream<'static, EngineResult<Bytes>> {
    let state = (body.into_data_stream(), BytesMut::new());
    futures_util::stream::unfold(Some(state), move |state| async move {
        let (mut body, mut buffer) = state?;
        loop {
            if let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = buffer.split_to(end + 1).freeze();
                return Some((Ok(line), Some((body, buffer))));
            }
            if buffer.len() > LONGEST_LINE {
                return Some((
                    Err(EngineError::new(ErrorKind::Garbled, what, "a line of the answer is too long")),
                    None,
                ));
            }
            match body.next().await {
                Some(Ok(bytes)) => buffer.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    return Some((Err(EngineError::new(ErrorKind::Connection, what, error.to_string())), None));
                }
                None if buffer.iter().all(u8::is_ascii_whitespace) => return None,
                None => return Some((Ok(buffer.split().freeze()), Some((body, buffer)))),
            }
        }
    })
    .boxed()
}

/// Turns a body into events; lines that are not understood are passed over.
pub(super) fn events(body: Incoming) -> BoxStream<'static, EngineResult<EngineEvent>> {
    #[derive(serde::Deserialize)]
    struct Event {
        #[serde(rename = "Action", default)]
        action: String,
        #[serde(rename = "Actor", default)]
        actor: Actor,
        #[serde(rename = "timeNano", default)]
        time_nanos: i64,
    }
    #[derive(Default, serde::Deserialize)]
    struct Actor {
        #[serde(rename = "ID", default)]
        id: String,
        #[serde(rename = "Attributes", default)]
        attributes: BTreeMap<String, String>,
    }
    let event = |line: EngineResult<Bytes>| async move {
        match line {
            Ok(line) => serde_json::from_slice::<Event>(&line).ok().map(|event| {
                Ok(EngineEvent {
                    id: ContainerId::new(event.actor.id),
                    action: event.action,
                    time_nanos: event.time_nanos,
                    attributes: event.actor.attributes,
                })
            }),
            Err(error) => Some(Err(error)),
        }
    };
    lines(body, "watch events").filter_map(event).boxed()
}

/// Returns the path of a log request.
pub(super) fn log_path(id: &ContainerId, options: &LogOptions) -> String {
    let mut path = format!(
        "/containers/{}/logs?stdout=1&stderr=1&follow={}&timestamps={}",
        encode(id.as_str()),
        u8::from(options.follow),
        u8::from(options.timestamps)
    );
    if let Some(tail) = options.tail {
        path.push_str(&format!("&tail={tail}"));
    }
    for (name, value) in [("since", &options.since), ("until", &options.until)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encode(&unix_time(value))));
        }
    }
    path
}

/// The API takes seconds since 1970 only; people give moments, dates and durations back from now.
fn unix_time(text: &str) -> String {
    if text.parse::<f64>().is_ok() {
        return text.to_owned();
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return format!("{}.{:09}", moment.as_second(), moment.subsec_nanosecond());
    }
    if let Ok(local) = text.parse::<jiff::civil::DateTime>()
        && let Ok(moment) = jiff::tz::TimeZone::system().to_timestamp(local)
    {
        return moment.as_second().to_string();
    }
    match text.parse::<jiff::SignedDuration>() {
        // A time before all time is the beginning.
        Ok(back) => jiff::Timestamp::now().checked_sub(back).map_or(0, |moment| moment.as_second().max(0)).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Cuts a body into pieces of output: by the engine's frames, or as it comes from a terminal.
pub(super) fn output(body: Incoming, is_tty: bool) -> BoxStream<'static, EngineResult<OutputChunk>> {
    let state = (body.into_data_stream(), Frames::default());
    futures_util::stream::unfold(Some(state), move |state| async move {
        let (mut body, mut frames) = state?;
        loop {
            if let Some(chunk) = frames.next() {
                return Some((Ok(chunk), Some((body, frames))));
            }
            match body.next().await {
                Some(Ok(bytes)) if is_tty => {
                    return Some((Ok(OutputChunk { stream: OutputStream::Stdout, bytes }), Some((body, frames))));
                }
                Some(Ok(bytes)) => frames.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    return Some((Err(EngineError::new(ErrorKind::Connection, "read logs", error.to_string())), None));
                }
                None => return None,
            }
        }
    })
    .boxed()
}

/// The engine's frames: stream number, three zeros, length, bytes. Pieces are handed on as they come.
#[derive(Default)]
struct Frames {
    buffer: BytesMut,
    open: Option<(OutputStream, usize)>,
}

impl Frames {
    fn next(&mut self) -> Option<OutputChunk> {
        if self.open.is_none() && self.buffer.len() >= 8 {
            let mut head = self.buffer.split_to(8);
            let stream = if head.get_u8() == 2 { OutputStream::Stderr } else { OutputStream::Stdout };
            head.advance(3);
            self.open = Some((stream, head.get_u32() as usize));
        }
        let (stream, left) = self.open?;
        if left == 0 {
            self.open = None;
            return self.next();
        }
        if self.buffer.is_empty() {
            return None;
        }
        let bytes = self.buffer.split_to(left.min(self.buffer.len())).freeze();
        self.open = if bytes.len() == left { None } else { Some((stream, left - bytes.len())) };
        Some(OutputChunk { stream, bytes })
    }
}

/// Returns repository and tag (or digest) of an image name; `latest` where none is given.
pub(super) fn split_tag(image: &str) -> (&str, &str) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, digest);
    }
    match image.rfind(':') {
        Some(colon) if !image[colon..].contains('/') => (&image[..colon], &image[colon + 1..]),
        _ => (image, "latest"),
    }
}

/// Turns a pull's stream into ours.
pub(super) fn pull(
    image: String,
    stream: BoxStream<'static, Result<bollard::models::CreateImageInfo, bollard::errors::Error>>,
) -> BoxStream<'static, EngineResult<PullEvent>> {
    stream
        .map(move |item| {
            let info = item.map_err(|error| convert(&Call::new("pull image", &image), error))?;
            if let Some(message) = info.error_detail.and_then(|detail| detail.message) {
                return Err(EngineError::new(kind_of(500, &message), format!("pull image {image}"), message));
            }
            let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
            let detail = info.progress_detail.unwrap_or_default();
            Ok(PullEvent {
                layer: info.id.unwrap_or_default(),
                status: info.status.unwrap_or_default(),
                current: number(detail.current),
                total: number(detail.total),
            })
        })
        .boxed()
}

/// Runs a command and collects what it prints.
pub(super) async fn exec(
    docker: &bollard::Docker,
    id: &ContainerId,
    command: &ExecSpec,
) -> Result<ExecOutcome, bollard::errors::Error> {
    let config = bollard::models::ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.command.clone()),
        env: (!command.environment.is_empty()).then(|| command.environment.clone()),
        user: command.user.clone(),
        working_dir: command.working_dir.clone(),
        privileged: Some(command.privileged),
        ..Default::default()
    };
    let made = in_time(docker.create_exec(id.as_str(), config)).await?;
    let mut output = Vec::new();
    if let bollard::exec::StartExecResults::Attached { output: mut stream, .. } =
        in_time(docker.start_exec(&made.id, None)).await?
    {
        while let Some(piece) = stream.next().await {
            let bytes = piece?.into_bytes();
            let room = KEPT_OUTPUT.saturating_sub(output.len());
            output.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
    let ended = in_time(docker.inspect_exec(&made.id)).await?;
    Ok(ExecOutcome { exit_code: ended.exit_code.unwrap_or(-1), output: String::from_utf8_lossy(&output).into_owned() })
}

/// Bounds the wait for an answer; what a command itself takes is its own affair.
async fn in_time<T>(
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, bollard::errors::Error> {
    tokio::time::timeout(super::LIMIT, call).await.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_may_come_in_any_pieces() {
        let bytes =
            [&[1, 0, 0, 0, 0, 0, 0, 3][..], b"abc", &[2, 0, 0, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 0, 0, 0, 2], b"de"]
                .concat();
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for byte in bytes {
            frames.buffer.extend_from_slice(&[byte]);
            while let Some(chunk) = frames.next() {
                found.push((chunk.stream, chunk.bytes));
            }
        }
        let text: Vec<u8> = found
            .iter()
            .filter(|(stream, _)| *stream == OutputStream::Stdout)
            .flat_map(|(_, bytes)| bytes.to_vec())
            .collect();
        let errors: Vec<u8> = found
            .iter()
            .filter(|(stream, _)| *stream == OutputStream::Stderr)
            .flat_map(|(_, bytes)| bytes.to_vec())
            .collect();
        assert_eq!((text.as_slice(), errors.as_slice()), (&b"abc"[..], &b"de"[..]));
    }

    #[test]
    fn tags_are_told_from_ports() {
        assert_eq!(split_tag("a/b:1"), ("a/b", "1"));
        assert_eq!(split_tag("host:5000/a"), ("host:5000/a", "latest"));
        assert_eq!(split_tag("a@sha256:00"), ("a", "sha256:00"));
    }

    #[test]
    fn moments_become_seconds() {
        assert_eq!(unix_time("1700000000.5"), "1700000000.5");
        assert_eq!(unix_time("2023-11-14T22:13:20Z"), "1700000000.000000000");
        assert!(unix_time("10m").parse::<i64>().is_ok());
    }
}
