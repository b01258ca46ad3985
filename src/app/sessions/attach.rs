//! `attach`: the streams of a container that runs.

use std::cell::Cell;

use super::exec::{keys, listen};
use super::run::{Container, ended};
use super::streams::{self, Over, Wiring};
use crate::app::look::replica::{self, ReplicaRequest};
use crate::app::project;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::{AttachOptions, ContainerDetails, EngineHandle, WaitCondition};
use crate::failure::{Exit, Failure};
use crate::model::{ObservedContainer, Span};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::terminal;

/// The request of `attach`.
#[derive(Clone, Debug, Default)]
pub struct AttachRequest {
    /// The container.
    pub replica: ReplicaRequest,
    /// Standard input is left alone.
    pub no_stdin: bool,
    /// Signals are handed on to the container (`--sig-proxy`).
    pub hands_signals_on: bool,
    /// `--detach-keys`.
    pub detach_keys: Option<String>,
}

/// Runs `attach`: ends with the exit code of the container.
pub fn attach(context: &Context, request: &AttachRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let look = async {
            let container = replica::find_running(session.reading(), &found, &request.replica).await?;
            let details = session.reading().inspect_container(container.id.as_str()).await?;
            Ok((container, details))
        };
        let (container, details) = session::answer(&session.interrupt, look).await?;
        let Some(engine) = session.changing() else {
            ui::tell(&format!("would attach to container `{}`\n", escape_controls(container.name.as_str())));
            return Ok(Exit::SUCCESS);
        };
        attached(&session, engine, &container, &details, request).await
    })
}

async fn attached(
    session: &Session,
    engine: &EngineHandle,
    container: &ObservedContainer,
    details: &ContainerDetails,
    request: &AttachRequest,
) -> Result<Exit, Failure> {
    let (text, keys) = keys(session, request.detach_keys.as_ref())?;
    let takes_input = !request.no_stdin && details.is_stdin_open;
    if takes_input && details.is_tty && !terminal::is_input() {
        // Compat: docker compose refuses the same.
        let name = escape_controls(container.name.as_str());
        let message = format!("container `{name}` has a terminal, standard input has none");
        let help = "use `--no-stdin` to see its output alone";
        return Err(Failure::one(Diagnostic::error("usage", Span::NONE, message).help(help)));
    }
    let is_tty = takes_input && details.is_tty && terminal::is_output();
    let mut signals = listen()?;
    let options = AttachOptions { is_tty: details.is_tty, stdin: takes_input, detach_keys: text, logs: false };
    let open = async {
        // The end is waited for from here on: an engine may remove the container as soon as it has ended.
        let ending = engine.wait_container(&container.id, WaitCondition::NotRunning).await?;
        Ok((engine.attach(&container.id, &options).await?, ending))
    };
    let (open, ending) = session::answer(&session.interrupt, open).await?;
    // Compat: a session ends as a whole with its input, unless the container's input is for one reader alone.
    let wiring = Wiring { is_tty, takes_input, passes_end: details.is_stdin_once, keys, is_to_panic: false };
    let far = Container {
        engine,
        id: &container.id,
        gets_signals: request.hands_signals_on,
        own: None,
        is_asked: Cell::default(),
    };
    match streams::pass(open, wiring, &mut signals, &far, async { Ok(ending.await?) }).await? {
        Over::Ended(end) => Ok(ended(&end)),
        Over::Signal(signal) => Err(Failure::Interrupted(signal.exit())),
        Over::Detached => {
            ui::tell("\ndetached: the container goes on\n");
            Ok(Exit::SUCCESS)
        }
    }
}
