//! Sessions on a real engine: commands in containers, attached containers, waits for a container's end.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::engine::DockerEngine;
use super::http::errors::Call;
use super::http::frames;
use super::http::limits::LIMIT;
use super::http::raw::{empty, encode, full};
use crate::engine::{
    AttachOptions, ContainerEnd, Ending, EngineError, EngineResult, ErrorKind, ExecId, ExecOutcome, ExecSpec, Session,
    SessionEngine, SessionOptions, TerminalSize, WaitCondition,
};
use crate::model::{ApiVersion, ContainerId};

const EXEC: &str = "run a command in container";
const ATTACH: &str = "attach to container";
const RESIZE: &str = "resize a terminal";
const WAIT: &str = "wait for container";

/// The most collected output of a command; the rest is dropped.
const KEPT_OUTPUT: usize = 64 * 1024;
/// How much output is read at once.
const PIECE: usize = 32 * 1024;
/// The pause between two inspects of a command that still runs.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long to wait for the exit code after the end of a command's output.
const PATIENCE: Duration = Duration::from_secs(2);

#[async_trait]
impl SessionEngine for DockerEngine {
    async fn exec(&self, id: &ContainerId, command: &ExecSpec) -> EngineResult<ExecOutcome> {
        let named = |error| EngineError { request: Call::new(EXEC, id.short()).to_string(), ..error };
        let (exec, session) = self.open_exec(id, command, &SessionOptions::default()).await?;
        let mut stream = session.output;
        let mut output = Vec::new();
        while let Some(piece) = stream.next().await {
            let bytes = piece.map_err(named)?.bytes;
            let room = KEPT_OUTPUT.saturating_sub(output.len());
            output.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        let exit_code = self.exec_exit_code(&exec, PATIENCE).await.map_err(named)?;
        Ok(ExecOutcome { exit_code: exit_code.unwrap_or(-1), output: String::from_utf8_lossy(&output).into_owned() })
    }

    async fn open_exec(
        &self,
        id: &ContainerId,
        command: &ExecSpec,
        options: &SessionOptions,
    ) -> EngineResult<(ExecId, Session)> {
        let call = Call::new(EXEC, id.short());
        let exec = self.create_exec(id, command, options, true).await?;
        let document = json!({ "Detach": false, "Tty": options.is_tty });
        let path = format!("/exec/{}/start", encode(exec.as_str()));
        let upgraded = self.bounded(call, LIMIT, self.raw.upgrade(EXEC, &path, Some(&document))).await?;
        Ok((exec, session(upgraded, options.is_tty, EXEC)))
    }

    async fn exec_detached(&self, id: &ContainerId, command: &ExecSpec, is_tty: bool) -> EngineResult<ExecId> {
        let options = SessionOptions { is_tty, ..SessionOptions::default() };
        let exec = self.create_exec(id, command, &options, false).await?;
        let document = json!({ "Detach": true, "Tty": is_tty }).to_string();
        let path = format!("/exec/{}/start", encode(exec.as_str()));
        let headers = [("content-type", "application/json".to_owned())];
        let start = self.raw.begun(EXEC, "POST", &path, full(document), &headers);
        self.bounded(Call::new(EXEC, id.short()), LIMIT, start).await?;
        Ok(exec)
    }

    async fn exec_exit_code(&self, exec: &ExecId, patience: Duration) -> EngineResult<Option<i64>> {
        let path = format!("/exec/{}/json", encode(exec.as_str()));
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let value: Value = self.raw.get("look at a command", &path).await?;
            let is_running = value.get("Running").and_then(Value::as_bool).unwrap_or_default();
            let code = value.get("ExitCode").and_then(Value::as_i64);
            match code.filter(|_| !is_running) {
                Some(code) => return Ok(Some(code)),
                None if tokio::time::Instant::now() >= deadline => return Ok(None),
                None => tokio::time::sleep(BETWEEN).await,
            }
        }
    }

    async fn resize_exec(&self, exec: &ExecId, size: TerminalSize) -> EngineResult<()> {
        self.resize(&format!("/exec/{}/resize", encode(exec.as_str())), size).await
    }

    async fn attach(&self, id: &ContainerId, options: &AttachOptions) -> EngineResult<Session> {
        let mut path = format!(
            "/containers/{}/attach?stream=1&stdout=1&stderr=1&stdin={}&logs={}",
            encode(id.as_str()),
            u8::from(options.stdin),
            u8::from(options.logs),
        );
        if let Some(keys) = &options.detach_keys {
            path.push_str(&format!("&detachKeys={}", encode(keys)));
        }
        let work = self.raw.upgrade(ATTACH, &path, None);
        let upgraded = self.bounded(Call::new(ATTACH, id.short()), LIMIT, work).await?;
        Ok(session(upgraded, options.is_tty, ATTACH))
    }

    async fn resize_container(&self, id: &ContainerId, size: TerminalSize) -> EngineResult<()> {
        self.resize(&format!("/containers/{}/resize", encode(id.as_str())), size).await
    }

    async fn wait_container(&self, id: &ContainerId, condition: WaitCondition) -> EngineResult<Ending> {
        let condition = match condition {
            WaitCondition::NotRunning => "not-running",
            WaitCondition::NextExit => "next-exit",
            WaitCondition::Removed => "removed",
        };
        let path = format!("/containers/{}/wait?condition={condition}", encode(id.as_str()));
        // The engine sends the head of its answer when it has accepted the wait, and the body at the end of the wait.
        let begun = self.raw.begun(WAIT, "POST", &path, empty(), &[]);
        let response = self.bounded(Call::new(WAIT, id.short()), LIMIT, begun).await?;
        let raw = self.raw.clone();
        let ending = async move {
            let bytes = raw.body(WAIT, response).await?;
            let garbled = || EngineError::new(ErrorKind::Garbled, WAIT, "the engine told no exit code");
            let value: Value = serde_json::from_slice(&bytes).map_err(|_| garbled())?;
            Ok(ContainerEnd {
                exit_code: value.get("StatusCode").and_then(Value::as_i64).ok_or_else(garbled)?,
                error: value.pointer("/Error/Message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            })
        };
        Ok(ending.boxed())
    }
}

impl DockerEngine {
    async fn create_exec(
        &self,
        id: &ContainerId,
        command: &ExecSpec,
        options: &SessionOptions,
        is_attached: bool,
    ) -> EngineResult<ExecId> {
        let mut document = json!({
            "AttachStdin": options.stdin,
            "AttachStdout": is_attached,
            "AttachStderr": is_attached,
            "Tty": options.is_tty,
            "Cmd": command.command,
            "Privileged": command.privileged,
        });
        if !command.environment.is_empty() {
            document["Env"] = json!(command.environment);
        }
        let words =
            [("User", &command.user), ("WorkingDir", &command.working_dir), ("DetachKeys", &options.detach_keys)];
        for (key, word) in words {
            if let Some(word) = word {
                document[key] = json!(word);
            }
        }
        // An engine refuses a size where there is no terminal.
        if let Some(size) = options.size.filter(|_| options.is_tty && self.facts.api >= ApiVersion::new(1, 42)) {
            document["ConsoleSize"] = json!([size.rows, size.columns]);
        }
        let path = format!("/containers/{}/exec", encode(id.as_str()));
        let create = self.raw.post::<Value>(EXEC, &path, &document);
        let made = self.bounded(Call::new(EXEC, id.short()), LIMIT, create).await?;
        let exec = made.get("Id").and_then(Value::as_str).filter(|id| !id.is_empty());
        exec.map(ExecId::new).ok_or_else(|| {
            EngineError::new(ErrorKind::Garbled, Call::new(EXEC, id.short()).to_string(), "the engine told no id")
        })
    }

    async fn resize(&self, path: &str, size: TerminalSize) -> EngineResult<()> {
        let path = format!("{path}?h={}&w={}", size.rows, size.columns);
        self.raw.begun(RESIZE, "POST", &path, empty(), &[]).await.map(|_| ())
    }
}

/// Makes a session from a connection that was taken over.
fn session(upgraded: TokioIo<Upgraded>, is_tty: bool, what: &'static str) -> Session {
    let (output, input) = tokio::io::split(upgraded);
    let pieces = ReaderStream::with_capacity(output, PIECE);
    Session { input: Box::new(input), output: frames::output(pieces, is_tty, what) }
}
