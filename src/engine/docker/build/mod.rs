//! Builds by the classic builder of the engine (`POST /build`). The context is sent as a tar stream while its files are
//! read; the builder's output is turned into events. Start at [`build`].

#![expect(clippy::disallowed_methods, reason = "reads the Dockerfile of a build")]

mod context;

use std::io::{self, Write};
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::context::{Extra, OUTSIDE};
use super::engine::DockerEngine;
use super::http::errors::kind_of;
use super::http::lines;
use super::http::raw::{self, Raw, encode};
use super::http::transport::Body;
use super::registry::credentials::Credentials;
use crate::engine::{BuildEngine, BuildEvent, EngineError, EngineResult, EngineStream, ErrorKind};
use crate::model::ImageId;
use crate::model::{BuildContext, BuildRequest};

/// How many pieces of the context may wait for the engine.
const QUEUE: usize = 16;
/// Size of a piece, in bytes.
const PIECE: usize = 64 * 1024;
const WHAT: &str = "build image";

#[async_trait]
impl BuildEngine for DockerEngine {
    async fn build_image(&self, request: BuildRequest) -> EngineResult<EngineStream<BuildEvent>> {
        build(&self.raw, &self.credentials, request).await
    }
}

/// Starts a build; returns its events as they come. A failure of the build is the last event.
async fn build(
    raw: &Raw,
    credentials: &Credentials,
    request: BuildRequest,
) -> EngineResult<BoxStream<'static, EngineResult<BuildEvent>>> {
    let (body, dockerfile, lines) = match &request.context {
        BuildContext::Remote(_) => (raw::empty(), request.dockerfile.clone(), Vec::new()),
        BuildContext::Directory(directory) => {
            let (name, text, is_inside) = dockerfile(directory, &request)?;
            let lines = instruction_lines(&String::from_utf8_lossy(&text));
            let extra = (!is_inside).then(|| Extra { name: name.clone(), text });
            (context_body(directory, &name, extra), Some(name), lines)
        }
    };
    let path = format!("/build?{}", query(&request, dockerfile.as_deref()));
    let mut headers = vec![("content-type", "application/x-tar".to_owned())];
    // Only the engine knows which base images a Dockerfile needs, so it gets all logins.
    headers.extend(credentials.header_of_all().await.map(|logins| ("X-Registry-Config", logins)));
    let response = raw.request(WHAT, "POST", &path, body, &headers).await?;
    let failed = std::sync::atomic::AtomicBool::new(false);
    let events = lines::lines(response.into_body(), WHAT).flat_map(move |line| {
        let items = match line {
            Ok(line) => events_of(&line, &lines),
            Err(error) => vec![Err(error)],
        };
        // The builder may report a failure twice in different words; only the first is passed on.
        let items: Vec<_> = items.into_iter().filter(|_| !failed.load(std::sync::atomic::Ordering::Relaxed)).collect();
        if items.iter().any(Result::is_err) {
            failed.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        futures_util::stream::iter(items)
    });
    Ok(events.boxed())
}

/// Returns the Dockerfile's name inside the context, its text, and whether it is a file of the context.
fn dockerfile(directory: &Path, request: &BuildRequest) -> EngineResult<(String, Vec<u8>, bool)> {
    if let Some(text) = &request.dockerfile_inline {
        return Ok((OUTSIDE.to_owned(), text.clone().into_bytes(), false));
    }
    let fault = |message: String| EngineError::new(ErrorKind::Invalid, WHAT, message);
    if !directory.is_dir() {
        return Err(fault(format!("there is no directory `{}`", directory.display())));
    }
    let name = request.dockerfile.as_deref().unwrap_or("Dockerfile");
    let path = directory.join(name);
    let is_up = |part: std::path::Component<'_>| part.as_os_str() == "..";
    let inside = path.strip_prefix(directory).ok().filter(|path| !path.components().any(is_up));
    let text = std::fs::read(&path).map_err(|error| fault(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(match inside {
        Some(inside) => (inside.to_string_lossy().into_owned(), text, true),
        None => (OUTSIDE.to_owned(), text, false),
    })
}

/// Returns the line at which each instruction of a Dockerfile begins. The builder numbers its steps in the same order.
fn instruction_lines(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut is_continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !is_continued {
            found.push(number);
        }
        is_continued = line.ends_with('\\');
    }
    found
}

/// Returns the context as the body of a request. A thread reads the files; its queue is bounded, so it reads no faster
/// than the engine receives.
fn context_body(directory: &Path, dockerfile: &str, extra: Option<Extra>) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(QUEUE);
    let (directory, dockerfile) = (directory.to_owned(), dockerfile.to_owned());
    tokio::task::spawn_blocking(move || {
        let out = io::BufWriter::with_capacity(PIECE, Pieces(sender.clone()));
        if let Err(error) = context::write(&directory, &dockerfile, extra.as_ref(), out) {
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

/// Turns a line of the engine's answer into events. `lines` are the line numbers of the Dockerfile's instructions.
fn events_of(line: &[u8], lines: &[u32]) -> Vec<EngineResult<BuildEvent>> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else { return Vec::new() };
    if let Some(message) = value.get("error").and_then(Value::as_str) {
        return vec![Err(EngineError::new(kind_of(500, message), WHAT, message))];
    }
    if let Some(id) = value.pointer("/aux/ID").and_then(Value::as_str) {
        return vec![Ok(BuildEvent::Built(ImageId::new(id)))];
    }
    let stream = value.get("stream").and_then(Value::as_str).unwrap_or_default();
    stream.lines().filter(|line| !line.trim().is_empty()).filter_map(|line| event(line, lines)).map(Ok).collect()
}

fn event(line: &str, lines: &[u32]) -> Option<BuildEvent> {
    if let Some(rest) = line.strip_prefix("Step ") {
        let (counts, instruction) = rest.split_once(" : ")?;
        let (number, total) = counts.split_once('/')?;
        let number: u32 = number.parse().ok()?;
        let line = (number as usize).checked_sub(1).and_then(|index| lines.get(index)).copied().unwrap_or(0);
        let total = total.trim().parse().ok()?;
        return Some(BuildEvent::Step { number, total, instruction: instruction.trim().to_owned(), line });
    }
    if line.contains("---> Using cache") {
        return Some(BuildEvent::Cached);
    }
    let is_noise = [" ---> ", "Removing intermediate container", "Successfully built", "Successfully tagged"]
        .iter()
        .any(|start| line.starts_with(start));
    (!is_noise).then(|| BuildEvent::Output(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(line: &str) -> Vec<EngineResult<BuildEvent>> {
        events_of(line.as_bytes(), &instruction_lines("# x\nFROM a\n\nRUN b \\\n c\nCMD d"))
    }

    #[test]
    fn the_builders_words_become_steps() {
        let step = events(r#"{"stream":"Step 2/3 : RUN make\n"}"#).remove(0).unwrap();
        assert_eq!(step, BuildEvent::Step { number: 2, total: 3, instruction: "RUN make".into(), line: 4 });
        assert_eq!(events(r#"{"stream":" ---> Using cache\n"}"#).remove(0).unwrap(), BuildEvent::Cached);
        assert_eq!(
            events(r#"{"aux":{"ID":"sha256:1"}}"#).remove(0).unwrap(),
            BuildEvent::Built(ImageId::from("sha256:1"))
        );
        assert!(events(r#"{"errorDetail":{"code":2},"error":"returned a non-zero code: 2"}"#).remove(0).is_err());
        assert!(events("not json").is_empty());
    }
}
