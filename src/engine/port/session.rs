//! Sessions: commands in running containers, attached containers, the wait for a container's end.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::io::AsyncWrite;

use super::logs::OutputChunk;
use super::unsupported::unsupported;
use crate::engine::{EngineResult, EngineStream};
use crate::model::{ContainerId, Hook};

/// The calls that open a session, and the calls about an open session.
#[async_trait]
pub trait SessionEngine: Send + Sync {
    /// Runs a command in a running container and collects its output (`POST /containers/{id}/exec`), for hooks and
    /// readiness probes. Output beyond 64 KiB is read and thrown away. When the future is dropped, the command goes on
    /// in the container.
    async fn exec(&self, id: &ContainerId, command: &ExecSpec) -> EngineResult<ExecOutcome>;

    /// Starts a command in a running container and connects its streams (`POST /containers/{id}/exec`, `POST
    /// /exec/{id}/start`). The session's output ends with the command; [`Self::exec_exit_code`] then tells its exit
    /// code. A program that is missing or cannot be run is no error of this call: the engine writes its words to the
    /// output, and the exit code is 126 or 127. A container that does not run gives
    /// [`ErrorKind::Conflict`](crate::engine::ErrorKind::Conflict).
    async fn open_exec(
        &self,
        id: &ContainerId,
        command: &ExecSpec,
        options: &SessionOptions,
    ) -> EngineResult<(ExecId, Session)> {
        let _ = (id, command, options);
        unsupported("run a command in container")
    }

    /// Starts a command in a running container and leaves the command to itself (`Detach` of `POST /exec/{id}/start`).
    /// A program that cannot be run is an error here.
    async fn exec_detached(&self, id: &ContainerId, command: &ExecSpec, is_tty: bool) -> EngineResult<ExecId> {
        let _ = (id, command, is_tty);
        unsupported("run a command in container")
    }

    /// Returns the exit code of a command (`GET /exec/{id}/json`). For up to `patience` the call looks again at a
    /// command that still runs, because engines close the output a moment before they know the exit code. `None` is a
    /// command that still runs.
    async fn exec_exit_code(&self, exec: &ExecId, patience: Duration) -> EngineResult<Option<i64>> {
        let _ = (exec, patience);
        unsupported("look at a command")
    }

    /// Sets the size of a command's terminal (`POST /exec/{id}/resize`). A command that has ended gives an error, of
    /// [`ErrorKind::NotFound`](crate::engine::ErrorKind::NotFound) or another kind, which callers may pass over.
    async fn resize_exec(&self, exec: &ExecId, size: TerminalSize) -> EngineResult<()> {
        let _ = (exec, size);
        unsupported("resize a terminal")
    }

    /// Connects to the streams of a container's main process (`POST /containers/{id}/attach`). A client that attaches
    /// before the container starts misses no output. The session's output ends with the container.
    async fn attach(&self, id: &ContainerId, options: &AttachOptions) -> EngineResult<Session> {
        let _ = (id, options);
        unsupported("attach to container")
    }

    /// Sets the size of a container's terminal (`POST /containers/{id}/resize`). A container that does not run gives
    /// [`ErrorKind::Conflict`](crate::engine::ErrorKind::Conflict).
    async fn resize_container(&self, id: &ContainerId, size: TerminalSize) -> EngineResult<()> {
        let _ = (id, size);
        unsupported("resize a terminal")
    }

    /// Waits for a container (`POST /containers/{id}/wait?condition=…`). The call returns once the engine has taken the
    /// wait; the future that it returns ends when the condition holds, after any time. For a one-off container: wait
    /// for [`WaitCondition::NextExit`], then start the container, then await the future. The future fails with
    /// [`ErrorKind::Connection`](crate::engine::ErrorKind::Connection) when the connection is lost.
    async fn wait_container(&self, id: &ContainerId, condition: WaitCondition) -> EngineResult<Ending> {
        let _ = (id, condition);
        unsupported("wait for container")
    }
}

/// A command to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// User; `None` is the container's.
    pub user: Option<String>,
    /// Working directory; `None` is the container's.
    pub working_dir: Option<String>,
    /// Further variables, `KEY=value`.
    pub environment: Vec<String>,
    /// The command has all capabilities.
    pub privileged: bool,
}

impl From<&Hook> for ExecSpec {
    fn from(hook: &Hook) -> Self {
        Self {
            command: hook.command.clone(),
            user: hook.user.clone(),
            working_dir: hook.working_dir.clone(),
            environment: hook.environment.clone(),
            privileged: hook.privileged,
        }
    }
}

/// The result of a command whose output was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutcome {
    /// Exit code; -1 where the engine does not tell one.
    pub exit_code: i64,
    /// Standard output and error together, cut at 64 KiB.
    pub output: String,
}

/// The id of a command in a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecId(String);

impl ExecId {
    /// Takes the engine's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the streams of a command are connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionOptions {
    /// The command gets a terminal: its output comes as standard output alone.
    pub is_tty: bool,
    /// The command reads the session's input; without, its standard input is empty.
    pub stdin: bool,
    /// The keys that end the session and leave the command running (`ctrl-p,ctrl-q`); `None` is the engine's default.
    pub detach_keys: Option<String>,
    /// The first size of the terminal. Engines before API 1.42 do not take it: the terminal is resized after the start.
    pub size: Option<TerminalSize>,
}

/// How a container's streams are connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachOptions {
    /// Whether the container has a terminal (`Config.Tty` of an inspect): the output of a terminal is not framed.
    pub is_tty: bool,
    /// The container reads the session's input; the container must have been created with an open standard input.
    pub stdin: bool,
    /// The output that the container has written so far comes first.
    pub logs: bool,
    /// The keys that end the session and leave the container running (`ctrl-p,ctrl-q`); `None` is the engine's default.
    pub detach_keys: Option<String>,
}

/// The input of a session. `shutdown` closes the input while the output goes on, so that `cat` sees the end of its
/// input.
pub type SessionInput = Box<dyn AsyncWrite + Send + Unpin>;

/// An open session. The session ends when both halves are dropped; the command goes on.
pub struct Session {
    /// Input for the process.
    pub input: SessionInput,
    /// Output of the process. An error item is the last item.
    pub output: EngineStream<OutputChunk>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TerminalSize {
    /// Number of lines.
    pub rows: u16,
    /// Number of columns.
    pub columns: u16,
}

/// The condition that ends the wait for a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WaitCondition {
    /// The container does not run: at once for a container that was never started or has ended.
    #[default]
    NotRunning,
    /// The container ends from now on: a container that does not run yet is awaited.
    NextExit,
    /// The container is removed.
    Removed,
}

/// The end of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerEnd {
    /// Exit code.
    pub exit_code: i64,
    /// The engine's message if the wait itself failed; empty otherwise.
    pub error: String,
}

/// A wait that the engine has accepted.
pub type Ending = BoxFuture<'static, EngineResult<ContainerEnd>>;
