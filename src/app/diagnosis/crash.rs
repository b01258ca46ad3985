//! The test of a crash: the main process of a container is killed, or the container restarted, and must come back.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::look::replica;
use crate::engine::{ContainerDetails, EngineHandle};
use crate::model::{ContainerState, Health, ObservedContainer};

/// The time between two looks at the container.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns a running container of a service.
pub(super) async fn running(engine: &EngineHandle, project: &str, service: &str) -> Result<ObservedContainer, String> {
    let list =
        replica::containers(&**engine, project).await.map_err(|_| "the containers cannot be listed".to_owned())?;
    let is_meant = |one: &ObservedContainer| one.service() == Some(service) && one.state == ContainerState::Running;
    list.into_iter().find(is_meant).ok_or_else(|| format!("no container of `{service}` runs"))
}

/// Kills the main process of a service, or restarts its container, and waits until it is up and healthy again.
pub(super) async fn survives(
    engine: Option<&EngineHandle>,
    project: &str,
    service: &str,
    is_kill: bool,
    end: Instant,
) -> Result<String, String> {
    let engine = engine.ok_or("a dry run disturbs nothing")?;
    let container = running(engine, project, service).await?;
    let id = container.id.as_str();
    let before = engine.inspect_container(id).await.map_err(|error| error.message)?;
    let begun = Instant::now();
    match is_kill {
        true => kill(engine, &before).await?,
        false => engine.restart_container(&container.id, None).await.map_err(|error| error.message)?,
    }
    loop {
        let now = engine.inspect_container(id).await.map_err(|error| error.message)?;
        let is_new = now.started_at != before.started_at;
        let is_well = now.healthcheck.is_none() || now.health == Health::Healthy;
        if now.state == ContainerState::Running && is_new && is_well {
            return Ok(format!("back after {} ms", begun.elapsed().as_millis()));
        }
        if Instant::now() >= end {
            let state = now.state.as_str();
            return Err(match is_new {
                true => format!("started again, but is {state} and not healthy"),
                false => format!("is {state}, and was not started again"),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Kills the main process from outside. The engine's own kill counts as a stop by hand, after which no policy restarts the
/// container, and process 1 cannot be killed from inside.
async fn kill(engine: &EngineHandle, details: &ContainerDetails) -> Result<(), String> {
    if !engine.is_this_machines().await {
        return Err("the processes of the engine are not known to be of this machine, so none is killed".to_owned());
    }
    let pid = i32::try_from(details.pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or("the engine does not tell the process")?;
    rustix::process::kill_process(pid, rustix::process::Signal::KILL)
        .map_err(|error| format!("cannot kill process {}: {error}", details.pid))
}
