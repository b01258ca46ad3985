//! Gives back what a failed replacement took away. May run twice; what it cannot do it says, with the command that does.
//!
//! First the new container is taken away, then the old one comes back, and only then the new one is removed: that it is
//! there tells the next run, should this one die, that the old one is to run.

use std::time::Duration;

use super::action::{Created, Runner, resolve};
use crate::engine::{EngineResult, ErrorKind, RemoveOptions};
use crate::model::{Condition, ContainerId, ContainerState, EndpointSpec, Health, ObservedContainer, labels};
use crate::plan::{ContainerRef, Need, Replacement, Until};

/// What taking the new container away found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It runs no more: the old one can have its place.
    Yes,
    /// It could not be ended.
    No,
    /// There is nothing to give back: another run has finished the replacement.
    Finished,
    /// The engine does not say how things stand; these words do.
    Unknown(String),
}

/// How things stand with the old container when it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    /// It did not run before.
    Stopped,
    /// It runs, for nothing has stopped it.
    Runs,
    /// It runs, but shares the network of a container that was stopped and started: it has none.
    LostItsHost,
    /// It was stopped.
    WasStopped,
    /// A stop was asked for, and its reply was lost. A second one waits for its end; a start in the middle of it would
    /// find the container running, and do nothing.
    MayBeStopping,
}

/// What an undo did.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// Whether the old container runs again.
    pub is_restored: bool,
    /// What is left, with the command that cleans it.
    pub leftovers: Vec<String>,
}

impl Runner {
    /// Ends the new container, where it was ever started; where the old one is gone, the new one stays.
    ///
    /// By a signal and not by a stop: an end with code 0 would look to another run like work that is done.
    pub(super) async fn take_away(&self, replacement: &Replacement, created: &Created, was_started: bool) -> Taken {
        match attempt(|| self.exists(&replacement.old)).await {
            Ok(true) => {}
            // Another run has finished the replacement: the new one is all there is.
            Ok(false) => return Taken::Finished,
            Err(reason) => {
                return Taken::Unknown(format!(
                    "the replacement of {} is half done, and the engine does not say how far ({reason}): run the same \
                     command again",
                    replacement.target
                ));
            }
        }
        let Some(new) = resolve(&replacement.new, created).filter(|_| was_started) else { return Taken::Yes };
        match attempt(|| self.end(&new)).await {
            Ok(()) => Taken::Yes,
            Err(_) => Taken::No,
        }
    }

    /// Starts the old container again and removes the new one.
    ///
    pub(super) async fn give_back(
        &self,
        replacement: &Replacement,
        created: &Created,
        taken: Taken,
        (old, mut needs): (Old, Vec<Need>),
    ) -> Undone {
        let mut undone = Undone::default();
        let is_there = matches!(taken, Taken::Yes | Taken::No);
        if old == Old::MayBeStopping && is_there {
            // Where that fails, the start tells.
            if let Ok(true) = attempt(|| self.engine.stop_container(&replacement.old, None)).await {
                needs.clear();
            }
        }
        if old == Old::LostItsHost
            && is_there
            && let Err(reason) = attempt(|| self.engine.restart_container(&replacement.old, None)).await
        {
            undone.leftovers.push(format!(
                "the old container of {} shares the network of one that was restarted, and could not be restarted \
                     itself ({reason}): `docker restart {}`",
                replacement.target,
                replacement.old.short()
            ));
        }
        match taken {
            Taken::Finished => {}
            Taken::Unknown(words) => undone.leftovers.push(words),
            Taken::Yes => {
                self.restore(replacement, &needs, &mut undone).await;
                self.discard(replacement, created, &mut undone).await;
            }
            Taken::No => {
                self.discard(replacement, created, &mut undone).await;
                self.restore(replacement, &needs, &mut undone).await;
            }
        }
        undone
    }

    async fn discard(&self, replacement: &Replacement, created: &Created, undone: &mut Undone) {
        let Some(new) = resolve(&replacement.new, created) else { return };
        let volumes = self.has_only_volumes_of_its_own(replacement, &new).await;
        if let Err(reason) =
            attempt(|| self.engine.remove_container(&new, RemoveOptions { force: true, volumes })).await
        {
            undone.leftovers.push(format!(
                "the new container of {} could not be removed ({reason}): `docker rm -f {}`",
                replacement.target,
                new.short()
            ));
        }
    }

    /// Whether the anonymous volumes of a new container go with it: it was made by this run, so nothing but its failed
    /// start can be in them. What it has from the old one was mounted by name, which engines keep, and is in use by the
    /// old one besides; what it takes from another container (`volumes_from`) might be the last of it. Where that is not
    /// certain, all stay.
    async fn has_only_volumes_of_its_own(&self, replacement: &Replacement, new: &ContainerId) -> bool {
        let is_made_here = matches!(replacement.new, ContainerRef::Planned(_));
        is_made_here
            && self.exists(&replacement.old).await.unwrap_or(false)
            && self.engine.inspect_container(new.as_str()).await.is_ok_and(|details| !details.takes_volumes)
    }

    async fn restore(&self, replacement: &Replacement, needs: &[Need], undone: &mut Undone) {
        for endpoint in &replacement.reconnects {
            let network = &endpoint.network;
            if let Err(reason) = attempt(|| self.connect(&replacement.old, endpoint)).await {
                undone.leftovers.push(format!(
                    "the old container of {} could not be connected again to network `{network}` ({reason}): \
                     `docker network connect {network} {}`",
                    replacement.target,
                    replacement.old.short()
                ));
            }
        }
        if replacement.was_running {
            if let Some(what) = self.first_unmet(needs).await {
                let target = &replacement.target;
                undone.leftovers.push(format!(
                    "the old container of {target} ran before and is stopped, and {what}: run the same command again"
                ));
                return;
            }
            match self.start_old(replacement, undone).await {
                Ok(()) => undone.is_restored = true,
                Err(error) => undone.leftovers.push(format!(
                    "the old container of {} could not be started again ({}): `docker start {}`",
                    replacement.target,
                    error.message,
                    replacement.old.short()
                )),
            }
        }
    }

    /// Starts an old container. Another service may have taken its host port or address by now: this run, or one that died,
    /// has given it to a new container. That one gives way.
    async fn start_old(&self, replacement: &Replacement, undone: &mut Undone) -> EngineResult<()> {
        let start = || self.engine.start_container(&replacement.old);
        let is_taken = match start().await {
            Ok(()) => return Ok(()),
            Err(error) => error.kind == ErrorKind::PortTaken,
        };
        let holders = if is_taken { self.holders(&replacement.old).await.unwrap_or_default() } else { Vec::new() };
        for holder in holders {
            insist(|| self.engine.stop_container(&holder.id, None)).await?;
            undone.leftovers.push(format!(
                "container `{}` is stopped: it had a host port or an address of the old container of {}, which runs again: \
                 run the same command again once the new one can work",
                crate::text::escape_controls(holder.name.as_str()),
                replacement.target
            ));
        }
        insist(start).await
    }

    /// Returns the running containers of this project that have a host port or an address of one which does not run. They
    /// were started after its stop: the two cannot have run side by side.
    async fn holders(&self, old: &ContainerId) -> EngineResult<Vec<ObservedContainer>> {
        let definition = self.engine.inspect_container(old.as_str()).await?.definition;
        let ports = definition.fixed_ports();
        let has_port =
            |one: &ObservedContainer| one.ports.iter().any(|held| ports.iter().any(|port| port.excludes(held)));
        let has_address = |one: &ObservedContainer| {
            let mut addresses = definition.fixed_addresses();
            addresses.any(|(network, address)| one.networks.get(network).is_some_and(|held| held.ip_address == address))
        };
        let filter = [format!("{}={}", labels::PROJECT, self.project)];
        let mut all = self.engine.list_containers(&filter).await?;
        all.retain(|one| {
            one.id != *old
                && !one.is_oneoff()
                && one.state == ContainerState::Running
                && (has_port(one) || has_address(one))
        });
        Ok(all)
    }

    /// Starts a container again that was stopped for a moment only, where `needs` are met. Returns what is left to do where
    /// it does not run again.
    pub(super) async fn start_again(
        &self,
        target: &crate::plan::Target,
        id: &ContainerId,
        endpoints: Vec<EndpointSpec>,
        needs: &[Need],
    ) -> Option<String> {
        if let Some(what) = self.first_unmet(needs).await {
            return Some(format!("{target} ran before and is stopped, and {what}: run the same command again"));
        }
        for endpoint in &endpoints {
            let network = &endpoint.network;
            if let Err(reason) = attempt(|| self.connect(id, endpoint)).await {
                return Some(format!(
                    "{target} ran before and is stopped: it could not be connected again to network `{network}` \
                     ({reason}): run the same command again, with the file that it last worked with"
                ));
            }
        }
        let started = attempt(|| self.engine.start_container(id)).await;
        started.err().map(|reason| {
            let id = id.short();
            format!("{target} ran before and is stopped: it could not be started again ({reason}): `docker start {id}`")
        })
    }

    /// Returns words about the first need that is not met, as the engine tells it now; `None` where all are.
    async fn first_unmet(&self, needs: &[Need]) -> Option<String> {
        if needs.is_empty() {
            return None;
        }
        let filter = [format!("{}={}", labels::PROJECT, self.project)];
        let all = match attempt(|| self.engine.list_containers(&filter)).await {
            Ok(all) => all,
            Err(reason) => return Some(format!("the engine does not tell of what it depends on ({reason})")),
        };
        let is_met = |need: &Need| {
            let replicas = all.iter().filter(|one| one.service() == Some(need.service.as_str()) && !one.is_oneoff());
            replicas.filter(|one| meets(one, need.condition)).count() >= need.replicas
        };
        let unmet = needs.iter().find(|need| !is_met(need))?;
        let name = crate::text::escape_controls(unmet.service.as_str());
        Some(format!("service `{name}`, which it depends on, is not {}", Until::Condition(unmet.condition)))
    }

    /// The engine refuses to kill what does not run.
    async fn end(&self, id: &ContainerId) -> EngineResult<()> {
        match self.engine.kill_container(id, "KILL").await {
            Err(error) if error.kind == ErrorKind::Conflict || error.is_not_found() => Ok(()),
            result => result,
        }
    }

    async fn exists(&self, id: &ContainerId) -> EngineResult<bool> {
        match self.engine.inspect_container(id.as_str()).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Returns whether a container is as a condition asks.
fn meets(container: &ObservedContainer, condition: Condition) -> bool {
    let is_running = container.state == ContainerState::Running;
    let has_succeeded = container.state == ContainerState::Exited && container.exit_code == Some(0);
    match condition {
        Condition::Started => is_running || has_succeeded,
        Condition::Healthy => is_running && container.health == Health::Healthy,
        Condition::CompletedSuccessfully => has_succeeded,
    }
}

/// Tries three times; gives the engine's last words back.
async fn attempt<T, F, R>(call: F) -> Result<T, String>
where
    F: FnMut() -> R,
    R: Future<Output = EngineResult<T>>,
{
    insist(call).await.map_err(|error| error.message)
}

/// Tries three times; gives the last error back.
async fn insist<T, F, R>(mut call: F) -> EngineResult<T>
where
    F: FnMut() -> R,
    R: Future<Output = EngineResult<T>>,
{
    let mut tries = 1;
    loop {
        match call().await {
            Ok(done) => return Ok(done),
            Err(error) if tries == 3 => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
        tries += 1;
    }
}
