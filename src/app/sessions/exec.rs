//! `exec`: a command in a running container.

use std::time::Duration;

use async_trait::async_trait;

use super::keys::Keys;
use super::signals::{Named, Signals};
use super::streams::{self, Far, Over, Wiring};
use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::{EngineHandle, ExecId, ExecSpec, SessionOptions, TerminalSize};
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Span};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::terminal;

/// How long one look at a command that has closed its output lasts; then it is looked at again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a terminal's size is set that its command is not ready for.
const TRIES: u32 = 6;
/// The pause after the first try; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(10);

/// The request of `exec`.
#[derive(Clone, Debug, Default)]
pub struct ExecRequest {
    /// The container.
    pub replica: ReplicaRequest,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// `NAME=VALUE`, or `NAME` alone, whose value is this program's own.
    pub environment: Vec<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--workdir`.
    pub working_dir: Option<String>,
    /// `--privileged`.
    pub privileged: bool,
    /// The command is left to itself.
    pub detach: bool,
    /// `-T`: no terminal, also where this program has one.
    pub no_terminal: bool,
    /// The command's standard input is empty, and this program's is not read.
    pub no_stdin: bool,
    /// `--detach-keys`.
    pub detach_keys: Option<String>,
}

/// Runs `exec`: ends with the exit code of the command.
pub fn exec(context: &Context, request: &ExecRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let look = replica::find_running(session.reading(), &found, &request.replica);
        let container = session::answer(&session.interrupt, look).await?;
        let Some(engine) = session.changing() else {
            ui::tell(&format!("would run a command in container `{}`\n", escape_controls(container.name.as_str())));
            return Ok(Exit::SUCCESS);
        };
        let spec = ExecSpec {
            command: request.command.clone(),
            user: request.user.clone(),
            working_dir: request.working_dir.clone(),
            environment: resolved(&context.environment, &request.environment),
            privileged: request.privileged,
        };
        let is_tty = !request.no_terminal && !request.no_stdin && terminal::is_input() && terminal::is_output();
        if request.detach {
            engine.exec_detached(&container.id, &spec, is_tty).await?;
            return Ok(Exit::SUCCESS);
        }
        let is_to_panic = streams::is_to_panic(&context.environment);
        let wiring = (is_tty, is_to_panic);
        attached(&session, engine, &container, &spec, wiring, request).await
    })
}

async fn attached(
    session: &Session,
    engine: &EngineHandle,
    container: &ObservedContainer,
    spec: &ExecSpec,
    (is_tty, is_to_panic): (bool, bool),
    request: &ExecRequest,
) -> Result<Exit, Failure> {
    let (text, keys) = keys(session, request.detach_keys.as_ref())?;
    let mut signals = listen()?;
    let options =
        SessionOptions { is_tty, stdin: !request.no_stdin, detach_keys: text, size: streams::first_size(is_tty) };
    let open = async { Ok(engine.open_exec(&container.id, spec, &options).await?) };
    let (id, open) = session::answer(&session.interrupt, open).await?;
    let wiring = Wiring { is_tty, takes_input: !request.no_stdin, passes_end: true, keys, is_to_panic };
    let command = Command { engine, id: &id };
    match streams::pass(open, wiring, &mut signals, &command, command.end()).await? {
        Over::Ended(code) => Ok(exit(code)),
        Over::Signal(signal) => Err(Failure::Interrupted(signal.exit())),
        Over::Detached => {
            ui::tell("\ndetached: the command goes on\n");
            // Compat: so ends docker compose, too. The code of the command is not known.
            Err(Failure::Told(Exit::FAILURE))
        }
    }
}

/// A command in a container.
struct Command<'a> {
    engine: &'a EngineHandle,
    id: &'a ExecId,
}

impl Command<'_> {
    /// Waits for the end of the command and returns its exit code. A command may close its output before it ends.
    async fn end(&self) -> Result<i64, Failure> {
        loop {
            if let Some(code) = self.engine.exec_exit_code(self.id, PATIENCE).await? {
                return Ok(code);
            }
        }
    }
}

#[async_trait(?Send)]
impl Far for Command<'_> {
    async fn resize(&self, size: TerminalSize) {
        for attempt in 0..TRIES {
            match self.engine.resize_exec(self.id, size).await {
                Ok(()) => return,
                // The engine has taken the command, but its process is not there yet.
                Err(_) => tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await,
            }
        }
    }

    /// The engine hands no signals on to a command.
    async fn signal(&self, _: Named) -> bool {
        false
    }
}

/// Returns the keys that end a session: as the engine reads them, and read. `None` leaves them to the engine.
pub(super) fn keys(session: &Session, asked: Option<&String>) -> Result<(Option<String>, Keys), Failure> {
    let (text, place) = match (asked, &session.reading().facts().detach_keys) {
        (Some(text), _) => (Some(text.clone()), "`--detach-keys`"),
        (None, Some(text)) => (Some(text.clone()), "`detachKeys` of docker's configuration"),
        (None, None) => (None, ""),
    };
    let keys = Keys::parse(text.as_deref()).map_err(|cause| {
        let message = format!("{place} names no keys: `{}`", escape_controls(text.as_deref().unwrap_or_default()));
        Failure::one(Diagnostic::error("bad-value", Span::NONE, message).cause(cause))
    })?;
    Ok((text.filter(|text| !text.is_empty()), keys))
}

/// Listens for the signals of a session.
pub(super) fn listen() -> Result<Signals, Failure> {
    Signals::listen().map_err(|error| Failure::Other(anyhow::anyhow!("cannot listen for signals: {error}")))
}

/// Returns this program's exit code for that of a process.
pub(super) fn exit(code: i64) -> Exit {
    Exit(u8::try_from(code.rem_euclid(256)).unwrap_or(1))
}

/// Gives variables that have a name alone the value of this program's environment; one that has none is left out.
pub(super) fn resolved(environment: &Environment, variables: &[String]) -> Vec<String> {
    let value = |variable: &String| match variable.contains('=') {
        true => Some(variable.clone()),
        false => environment.get(variable).map(|value| format!("{variable}={value}")),
    };
    variables.iter().filter_map(value).collect()
}
