//! Steps on an existing container: start, stop, signals, pause, names, files, removal.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::{ContainerDetails, EngineResult, ErrorKind, RemoveOptions};
use crate::event::StepState;
use crate::exec::runner::{Refusal, Runner};
use crate::exec::settle::LATE;
use crate::model::{ContainerId, ContainerName, ContainerState, ObservedContainer};
use crate::plan::StepId;

/// How soon a container usually reacts to its stop signal.
const REACTION: Duration = Duration::from_secs(2);

impl Runner {
    /// Starts a container. The call may be repeated: the second call waits for the first, and has nothing to do.
    pub(super) async fn start(&self, id: &ContainerId) -> EngineResult<()> {
        let deadline = Instant::now() + self.settings.patience;
        loop {
            match self.engine.start_container(id).await {
                Err(error) if error.is_uncertain() && Instant::now() < deadline => {
                    self.back(error).await?;
                    if self.look(id).await?.state == ContainerState::Running {
                        return Ok(());
                    }
                }
                Err(error) if error.kind == ErrorKind::Ambiguous && Instant::now() < deadline => {
                    self.settle_networks(error).await?;
                }
                result => return result,
            }
        }
    }

    /// Stops a container, however long that takes. After a lost reply the stop is repeated. Returns whether the
    /// container ran until then; false if that is unknown, because a restart of the engine may have ended the
    /// container.
    pub(super) async fn stop(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<bool> {
        self.certain(|| self.engine.stop_container(id, grace)).await
    }

    /// Stops a container, and tells where the container does not react to its stop signal: nobody is to wait in front of a
    /// silent screen until the engine kills it.
    pub(super) async fn stop_and_tell(
        &self,
        step: StepId,
        id: &ContainerId,
        grace: Option<Duration>,
    ) -> EngineResult<bool> {
        let stop = self.stop(id, grace);
        tokio::pin!(stop);
        if grace.is_some_and(|grace| grace <= REACTION) {
            return stop.await;
        }
        if let Ok(result) = tokio::time::timeout(REACTION, &mut stop).await {
            return result;
        }
        let rest = match grace {
            Some(grace) => format!("killed in {} s", (grace - REACTION).as_secs_f64().ceil()),
            None => "killed when its grace period is over".to_owned(),
        };
        let words = format!("no reaction to the stop signal for {} s; {rest}", REACTION.as_secs());
        // The receiver is closed only when the run is over.
        let _ = self.progress.send((step, StepState::Delayed(words))).await;
        stop.await
    }

    /// Restarts a container. After a lost reply the time of its last start tells whether the restart has happened.
    pub(super) async fn restart(&self, id: &ContainerId, grace: Option<Duration>) -> EngineResult<()> {
        let before = self.look(id).await?.started_at;
        let is_restarted = |found: &ContainerDetails| found.started_at != before;
        self.settled(id, || self.engine.restart_container(id, grace), is_restarted).await
    }

    /// Sends a signal. After a lost reply, KILL is repeated until the container has ended, because a second KILL does
    /// no harm. No other signal is repeated: a program may take a second HUP or TERM for another order. If the
    /// container has not ended, the error says that the signal may or may not have arrived.
    pub(super) async fn kill(&self, id: &ContainerId, signal: &str) -> Result<(), Refusal> {
        let send = || self.engine.kill_container(id, signal);
        if is_kill(signal) {
            return Ok(self.settled(id, send, has_ended).await?);
        }
        let lost = match send().await {
            Err(error) if error.is_uncertain() => error,
            result => return Ok(result?),
        };
        self.back(lost.clone()).await?;
        // The signal may be on its way, and the container may need a moment to end.
        tokio::time::sleep(LATE).await;
        if has_ended(&self.look(id).await?) {
            return Ok(());
        }
        let signal = crate::text::escape_controls(signal);
        let unknown = format!("the container still runs, and whether signal {signal} has reached it is not known");
        Err(Refusal::Engine(lost, vec![unknown]))
    }

    pub(super) async fn pause(&self, id: &ContainerId) -> EngineResult<()> {
        let is_paused = |found: &ContainerDetails| found.state == ContainerState::Paused;
        self.settled(id, || self.engine.pause_container(id), is_paused).await
    }

    pub(super) async fn unpause(&self, id: &ContainerId) -> EngineResult<()> {
        let goes_on = |found: &ContainerDetails| found.state != ContainerState::Paused;
        self.settled(id, || self.engine.unpause_container(id), goes_on).await
    }

    /// Removes a container, with `volumes` also its anonymous volumes.
    pub(super) async fn remove(&self, id: &ContainerId, force: bool, volumes: bool) -> EngineResult<()> {
        let volumes = volumes && self.has_volumes_of_its_own(id).await?;
        self.certain(|| self.engine.remove_container(id, RemoveOptions { force, volumes })).await
    }

    /// Returns whether the anonymous volumes of a container may be removed with it.
    ///
    /// By `volumes_from` a container shares the anonymous volumes of another one. The engine keeps a volume while any
    /// container has it, and removes it with the last one. Example: `web` takes its volumes from `db`. While `db`
    /// exists, the removal of `web` keeps the volumes of `db`. If `db` was removed without its volumes, `web` is the
    /// last to have them, and its removal would destroy the data of `db`. Then all volumes stay, unless this plan gives
    /// up the volumes of `db`, too.
    pub(super) async fn has_volumes_of_its_own(&self, id: &ContainerId) -> EngineResult<bool> {
        let volumes_from = match self.look(id).await {
            Ok(details) => details.volumes_from,
            Err(error) if error.is_not_found() => return Ok(true),
            Err(error) => return Err(error),
        };
        // Each entry is `ID[:ro]` or `NAME[:ro]`.
        let givers = volumes_from.iter().map(|entry| entry.split_once(':').map_or(entry.as_str(), |(giver, _)| giver));
        let givers: Vec<&str> = givers.filter(|giver| !self.given_up.contains(*giver)).collect();
        if givers.is_empty() {
            return Ok(true);
        }
        let all = self.certain(|| self.engine.list_containers(&[])).await?;
        let Some(taker) = all.iter().find(|one| one.id == *id) else { return Ok(true) };
        let find = |giver: &str| all.iter().find(|one| one.id.as_str() == giver || one.name.as_str() == giver);
        Ok(givers.into_iter().all(|giver| find(giver).is_some_and(|giver| gives(giver, taker))))
    }

    /// Renames a container. After a refusal the name is checked: by a call with a lost reply the container may already
    /// have it.
    pub(super) async fn rename(&self, id: &ContainerId, to: &ContainerName) -> EngineResult<()> {
        let deadline = Instant::now() + self.settings.reconnect;
        loop {
            let error = match self.certain(|| self.engine.rename_container(id, to)).await {
                Err(error) if error.kind == ErrorKind::Conflict || error.kind == ErrorKind::Invalid => error,
                result => return result,
            };
            if self.look(id).await?.name == *to {
                return Ok(());
            }
            if Instant::now() >= deadline || !self.is_leaving(to).await? {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Returns whether the container that holds a name is being removed. A removal by a dead run may still be under
    /// way, and the engine frees the name last.
    async fn is_leaving(&self, name: &ContainerName) -> EngineResult<bool> {
        match self.engine.inspect_container(name.as_str()).await {
            Ok(holder) => Ok(matches!(holder.state, ContainerState::Removing | ContainerState::Dead)),
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether a signal is KILL, in any of its spellings.
fn is_kill(signal: &str) -> bool {
    let name = signal.to_ascii_uppercase();
    matches!(name.strip_prefix("SIG").unwrap_or(&name), "KILL" | "9")
}

fn has_ended(found: &ContainerDetails) -> bool {
    !matches!(found.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting)
}

/// Returns whether `giver` is the container whose volumes `taker` has. A container that was created later under the
/// giver's name has other volumes.
fn gives(giver: &ObservedContainer, taker: &ObservedContainer) -> bool {
    fn volumes(of: &ObservedContainer) -> impl Iterator<Item = &str> {
        of.mounts.iter().filter(|mount| mount.kind == "volume").map(|mount| mount.name.as_str())
    }
    giver.created <= taker.created && volumes(giver).all(|given| volumes(taker).any(|taken| taken == given))
}
