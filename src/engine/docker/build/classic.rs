//! Builds by the classic builder of the engine (`POST /build`). The context is sent as a tar stream while its files are
//! read; the builder's output is turned into events. Start at [`build`].

use std::io::{self, Write};
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::context::{self, Extra, OUTSIDE};
use super::dockerfile::Dockerfile;
use super::size::Size;
use crate::engine::docker::http::errors::kind_of;
use crate::engine::docker::http::lines;
use crate::engine::docker::http::raw::{self, Raw, encode};
use crate::engine::docker::http::transport::Body;
use crate::engine::docker::registry::credentials::Credentials;
use crate::engine::{BuildEvent, BuildStep, EngineError, EngineResult, StepEnd};
use crate::model::ImageId;
use crate::model::{BuildContext, BuildRequest};

/// How many pieces of the context may wait for the engine.
const QUEUE: usize = 16;
/// Size of a piece, in bytes.
const PIECE: usize = 64 * 1024;
const WHAT: &str = "build image";

/// Starts a build; returns its events as they come. A failure of the build is the last event.
pub(super) async fn build(
    raw: &Raw,
    credentials: &Credentials,
    request: BuildRequest,
) -> EngineResult<BoxStream<'static, EngineResult<BuildEvent>>> {
    let size = Size::default();
    let (body, name, file) = match &request.context {
        BuildContext::Remote(_) => (raw::empty(), request.dockerfile.clone(), None),
        BuildContext::Directory(directory) => {
            let file = Dockerfile::read(WHAT, directory, &request)?;
            let name = file.inside.clone().unwrap_or_else(|| OUTSIDE.to_owned());
            let extra = file.inside.is_none().then(|| Extra { name: name.clone(), text: file.text.clone() });
            (context_body(directory, &name, extra, &size), Some(name), Some(file))
        }
    };
    let path = format!("/build?{}", query(&request, name.as_deref()));
    let mut headers = vec![("content-type", "application/x-tar".to_owned())];
    // Only the engine knows which base images a Dockerfile needs, so it gets all logins.
    headers.extend(credentials.header_of_all().await.map(|logins| ("X-Registry-Config", logins)));
    let response = raw.request(WHAT, "POST", &path, body, &headers).await?;
    let mut talk = Talk::of(file);
    let events = lines::lines(response.into_body(), WHAT).flat_map(move |line| {
        let items = match line {
            Ok(line) => talk.events(&line),
            Err(error) => talk.failed(error),
        };
        // The builder says nothing before it has the whole context.
        futures_util::stream::iter(size.told().map(Ok).into_iter().chain(items))
    });
    Ok(events.boxed())
}

/// Returns the context as the body of a request. A thread reads the files; its queue is bounded, so it reads no faster
/// than the engine receives.
fn context_body(directory: &Path, dockerfile: &str, extra: Option<Extra>, size: &Size) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(QUEUE);
    let (directory, dockerfile, size) = (directory.to_owned(), dockerfile.to_owned(), size.clone());
    tokio::task::spawn_blocking(move || {
        let out = io::BufWriter::with_capacity(PIECE, Pieces(sender.clone()));
        if let Err(error) = context::write(&directory, &dockerfile, extra.as_ref(), &size, out) {
            // The body ends with an error, so the engine refuses the build.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let stream =
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    StreamBody::new(stream.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// A writer that sends each written piece to the body of the request.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the engine no longer reads the build context");
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn query(request: &BuildRequest, dockerfile: Option<&str>) -> String {
    let mut query = vec!["rm=1".to_owned(), "forcerm=1".to_owned(), "version=1".to_owned()];
    let mut add = |name: &str, value: &str| query.push(format!("{name}={}", encode(value)));
    request.tags.iter().for_each(|tag| add("t", tag));
    if let Some(dockerfile) = dockerfile {
        add("dockerfile", dockerfile);
    }
    if let BuildContext::Remote(url) = &request.context {
        add("remote", url);
    }
    let args: serde_json::Map<String, Value> =
        request.args.iter().filter_map(|(key, value)| Some((key.clone(), json!(value.as_ref()?)))).collect();
    if !args.is_empty() {
        add("buildargs", &Value::Object(args).to_string());
    }
    if !request.labels.is_empty() {
        add("labels", &json!(request.labels).to_string());
    }
    if !request.cache_from.is_empty() {
        add("cachefrom", &json!(request.cache_from).to_string());
    }
    if let Some(target) = &request.target {
        add("target", target);
    }
    if let Some(network) = &request.network {
        add("networkmode", network);
    }
    if let Some(platform) = &request.platform {
        add("platform", platform);
    }
    if request.no_cache {
        add("nocache", "1");
    }
    if request.pull {
        add("pull", "1");
    }
    if request.shm_size > 0 {
        add("shmsize", &request.shm_size.to_string());
    }
    if request.memory > 0 {
        add("memory", &request.memory.to_string());
    }
    request.extra_hosts.iter().for_each(|host| add("extrahosts", host));
    if !request.ulimits.is_empty() {
        let list: Vec<Value> = request
            .ulimits
            .iter()
            .map(|(name, limit)| json!({"Name": name, "Soft": limit.soft, "Hard": limit.hard}))
            .collect();
        add("ulimits", &Value::Array(list).to_string());
    }
    query.join("&")
}

/// Turns the engine's lines into events.
#[derive(Default)]
struct Talk {
    file: Option<Dockerfile>,
    /// The lines at which the Dockerfile's instructions begin.
    lines: Vec<u32>,
    /// The step that runs, and its line.
    running: Option<(u32, u32)>,
    has_failed: bool,
}

impl Talk {
    fn of(file: Option<Dockerfile>) -> Self {
        let lines = file.as_ref().map(Dockerfile::instruction_lines).unwrap_or_default();
        Self { file, lines, ..Self::default() }
    }

    /// Returns the events of a line.
    fn events(&mut self, line: &[u8]) -> Vec<EngineResult<BuildEvent>> {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { return Vec::new() };
        if let Some(message) = value.get("error").and_then(Value::as_str) {
            return self.failed(EngineError::new(kind_of(500, message), WHAT, message));
        }
        if let Some(id) = value.pointer("/aux/ID").and_then(Value::as_str) {
            let ended = self.end(StepEnd::Done);
            return ended.into_iter().chain([BuildEvent::Built(ImageId::new(id))]).map(Ok).collect();
        }
        let stream = value.get("stream").and_then(Value::as_str).unwrap_or_default();
        let lines = stream.lines().filter(|line| !line.trim().is_empty());
        lines.flat_map(|line| self.line(line)).map(Ok).collect()
    }

    /// Returns the events of a failure. The builder may report a failure twice in different words; only the first is
    /// passed on.
    fn failed(&mut self, error: EngineError) -> Vec<EngineResult<BuildEvent>> {
        if std::mem::replace(&mut self.has_failed, true) {
            return Vec::new();
        }
        let line = self.running.map_or(0, |(_, line)| line);
        let place = self.file.as_ref().and_then(|file| file.instruction(line)).map(BuildEvent::Broken);
        self.end(StepEnd::Failed).into_iter().chain(place).map(Ok).chain([Err(error)]).collect()
    }

    fn end(&mut self, end: StepEnd) -> Option<BuildEvent> {
        self.running.take().map(|(step, _)| BuildEvent::Ended { step, end, elapsed: None })
    }

    fn line(&mut self, line: &str) -> Vec<BuildEvent> {
        if let Some(step) = line.strip_prefix("Step ").and_then(|rest| self.step(rest)) {
            let ended = self.end(StepEnd::Done);
            self.running = Some((step.id, step.line));
            return ended.into_iter().chain([BuildEvent::Step(step)]).collect();
        }
        if line.contains("---> Using cache") {
            return self.end(StepEnd::Cached).into_iter().collect();
        }
        let is_noise = [" ---> ", "Removing intermediate container", "Successfully built", "Successfully tagged"]
            .iter()
            .any(|start| line.starts_with(start));
        let step = self.running.map_or(0, |(step, _)| step);
        (!is_noise).then(|| BuildEvent::Output { step, line: line.to_owned() }).into_iter().collect()
    }

    /// Reads the rest of `Step 2/3 : RUN make`.
    fn step(&self, rest: &str) -> Option<BuildStep> {
        let (counter, instruction) = rest.split_once(" : ")?;
        let id: u32 = counter.split_once('/')?.0.parse().ok()?;
        let line = (id as usize).checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(0);
        Some(BuildStep { id, counter: counter.trim().to_owned(), instruction: instruction.trim().to_owned(), line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builders_words_become_steps() {
        let mut talk = Talk::of(Some(Dockerfile::inline("# x\nFROM a\n\nRUN b \\\n c\nCMD d")));
        let mut said = |line: &str| {
            let events = talk.events(line.as_bytes()).into_iter();
            events.map(|event| format!("{:?}", event.map_err(|error| error.message))).collect::<Vec<_>>()
        };
        let step = said(r#"{"stream":"Step 2/3 : RUN make\n"}"#).remove(0);
        assert_eq!(step, r#"Ok(Step(BuildStep { id: 2, counter: "2/3", instruction: "RUN make", line: 4 }))"#);
        assert_eq!(said(r#"{"stream":" ---> Using cache\n"}"#), ["Ok(Ended { step: 2, end: Cached, elapsed: None })"]);
        assert_eq!(said(r#"{"aux":{"ID":"sha256:1"}}"#), [r#"Ok(Built(ImageId("sha256:1")))"#]);
        assert!(said("not json").is_empty());
        said(r#"{"stream":"Step 2/3 : RUN make\n"}"#);
        let failed = said(r#"{"errorDetail":{"code":2},"error":"returned a non-zero code: 2"}"#);
        assert_eq!(failed.len(), 3, "{failed:?}");
        assert!(failed[1].contains("line: 4") && failed[2].contains("non-zero code"), "{failed:?}");
        assert!(said(r#"{"error":"again"}"#).is_empty());
    }
}
