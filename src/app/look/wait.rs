//! `wait`: blocks until containers end, and ends with the exit code of the last.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::replica;
use crate::app::down;
use crate::app::project;
use crate::app::run::interrupted;
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::{ContainerEnd, EngineHandle, EngineResult, WaitCondition};
use crate::failure::{Exit, Failure};
use crate::model::{ContainerState, ObservedContainer, Span};
use crate::plan::DownOptions;
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The request of `wait`.
#[derive(Clone, Debug, Default)]
pub struct WaitRequest {
    /// Services, at least one.
    pub services: Vec<String>,
    /// `--down-project`: the first end is enough, and the project is taken down then.
    pub takes_down: bool,
}

/// Runs `wait`.
pub fn wait(context: &Context, request: &WaitRequest) -> Result<Exit, Failure> {
    let exit = wait_for_ends(context, request)?;
    if request.takes_down {
        down::down(context, &[], &DownOptions::default(), true)?;
    }
    Ok(exit)
}

fn wait_for_ends(context: &Context, request: &WaitRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let session = Session::without_lock(context).await?;
        let look = async {
            let list = replica::containers(session.reading(), found.name()).await?;
            replica::of_services(list, &found, &request.services)
        };
        let list = session::answer(&session.interrupt, look).await?;
        if list.is_empty() {
            return Err(nothing_to_wait_for(found.name()));
        }
        // A dry run says what it would wait for.
        let Some(engine) = session.changing() else {
            list.iter().for_each(|one| ui::tell(&format!("would wait for container `{}`\n", shown(one))));
            return Ok(Exit::SUCCESS);
        };
        tokio::select! {
            last = last_end(engine, &list, request.takes_down) => last,
            signal = session.interrupt.first() => Err(interrupted(signal)),
            failure = ui::failed() => Err(failure),
        }
    })
}

/// Waits for all ends, or for the first, tells each, and returns the exit code of the last. A container that has ended
/// before is told first.
async fn last_end(engine: &EngineHandle, list: &[ObservedContainer], is_first_enough: bool) -> Result<Exit, Failure> {
    let mut ends: FuturesUnordered<_> = list.iter().map(|one| end(engine, one)).collect();
    let mut exit = Exit::SUCCESS;
    while let Some(end) = ends.next().await {
        let (container, code) = end?;
        ui::print_owned(format!("container \"{}\" exited with status code {code}\n", shown(container)));
        exit = Exit(u8::try_from(code.rem_euclid(256)).unwrap_or(1));
        if is_first_enough {
            break;
        }
    }
    Ok(exit)
}

async fn end<'c>(
    engine: &EngineHandle,
    container: &'c ObservedContainer,
) -> EngineResult<(&'c ObservedContainer, i64)> {
    if let (ContainerState::Exited | ContainerState::Dead, Some(code)) = (container.state, container.exit_code) {
        return Ok((container, code));
    }
    // A container that was never started is waited for, too: somebody may be about to start it.
    let condition = match container.state {
        ContainerState::Created => WaitCondition::NextExit,
        _ => WaitCondition::NotRunning,
    };
    let ContainerEnd { exit_code, .. } = engine.wait_container(&container.id, condition).await?.await?;
    Ok((container, exit_code))
}

fn shown(container: &ObservedContainer) -> String {
    escape_controls(container.name.as_str()).into_owned()
}

fn nothing_to_wait_for(project: &str) -> Failure {
    let message = format!("no container to wait for in project `{}`", escape_controls(project));
    Failure::one(Diagnostic::error("not-running", Span::NONE, message).help("start it: `inception up -d`"))
}
