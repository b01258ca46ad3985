//! The calls that undo a replacement. Each may be made twice. If a call fails for good, a message says what is left and
//! how to clean up.
//!
//! There are three parts, in this order: the new container is ended, the old container is started, the new container is
//! removed. While the new container exists, its label tells the next run that the old container must run, in case this
//! run dies.

use std::time::Duration;

use crate::engine::{EngineResult, ErrorKind, RemoveOptions};
use crate::exec::runner::{Created, Runner, resolve};
use crate::model::{Condition, ContainerId, ContainerState, EndpointSpec, Health, ObservedContainer, labels};
use crate::plan::{ContainerRef, Need, Replacement, Target, Until};
use crate::text::escape_controls;

/// The result of ending the new container.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::exec) enum Ending {
    /// The new container does not run, so the old container can have its ports and its name.
    Ended,
    /// The new container could not be ended.
    StillRuns,
    /// The old container is gone: another run has finished the replacement, and there is nothing to restore.
    Finished,
    /// The engine does not tell how far the replacement is; the text is for people.
    Unknown(String),
}

/// The state of the old container before it is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) enum OldContainer {
    /// The container did not run before.
    DidNotRun,
    /// The container runs: nothing has stopped it.
    Runs,
    /// The container runs, but without a network: it shares the network of a container that was stopped and started.
    LostItsHost,
    /// A step stopped the container.
    WasStopped,
    /// The reply to a stop of the container was lost. A second stop waits for the end of the first. A start during the
    /// first stop would find the container running, and do nothing.
    MayBeStopping,
}

/// What an undo did.
#[derive(Debug, Default)]
pub(in crate::exec) struct Undone {
    /// Whether the old container was started again.
    pub is_restored: bool,
    /// Sentences for people about what is left, each with the command that cleans up.
    pub leftovers: Vec<String>,
}

impl Runner {
    /// Ends the new container of a replacement, if the container may have been started.
    ///
    /// The container is killed, not stopped: another run could take an end with code 0 for completed work.
    pub(in crate::exec) async fn end_new(
        &self,
        replacement: &Replacement,
        created: &Created,
        was_started: bool,
    ) -> Ending {
        match attempt(|| self.exists(replacement.old.as_str())).await {
            Ok(true) => {}
            Ok(false) => return Ending::Finished,
            Err(reason) => {
                return Ending::Unknown(format!(
                    "the replacement of {} is half done, and the engine does not say how far ({reason}): run the same \
                     command again",
                    replacement.target
                ));
            }
        }
        let Some(new) = resolve(&replacement.new, created).filter(|_| was_started) else { return Ending::Ended };
        match attempt(|| self.end(&new)).await {
            Ok(()) => Ending::Ended,
            Err(_) => Ending::StillRuns,
        }
    }

    /// Starts the old container of a replacement again and removes the new container. A new container that could not be
    /// ended is removed first.
    pub(in crate::exec) async fn restore_old(
        &self,
        replacement: &Replacement,
        created: &Created,
        ending: Ending,
        (old, mut needs): (OldContainer, Vec<Need>),
    ) -> Undone {
        let mut undone = Undone::default();
        let mut is_back = true;
        if matches!(ending, Ending::Ended | Ending::StillRuns) {
            is_back = self.settle_old(replacement, old, &mut needs, &mut undone).await;
        }
        match ending {
            Ending::Finished => {}
            Ending::Unknown(words) => undone.leftovers.push(words),
            Ending::Ended => {
                is_back &= self.restore(replacement, &needs, &mut undone).await;
                // While the new container exists, it tells the next run that the old one is to run.
                if is_back {
                    self.discard(replacement, created, &mut undone).await;
                }
            }
            Ending::StillRuns => {
                self.discard(replacement, created, &mut undone).await;
                self.restore(replacement, &needs, &mut undone).await;
            }
        }
        undone
    }

    /// Waits for the end of a stop that may be under way, or gives the container the new network of its host. Returns
    /// whether the container is as it was, as far as known.
    async fn settle_old(
        &self,
        replacement: &Replacement,
        old: OldContainer,
        needs: &mut Vec<Need>,
        undone: &mut Undone,
    ) -> bool {
        match old {
            OldContainer::MayBeStopping => {
                // If the stop fails, the start that follows reports it.
                if let Ok(true) = attempt(|| self.engine.stop_container(&replacement.old, None)).await {
                    needs.clear();
                }
            }
            OldContainer::LostItsHost => {
                // A restart of the engine may have ended the container. Then the restart is a start, and needs the
                // conditions of one.
                if !self.runs(&replacement.old).await
                    && let Some(what) = self.first_unmet(needs).await
                {
                    undone.leftovers.push(stays_stopped(&replacement.target, &what));
                    return false;
                }
                if let Err(reason) = attempt(|| self.restart(&replacement.old, None)).await {
                    undone.leftovers.push(format!(
                        "the old container of {} shares the network of one that was restarted, and could not be \
                         restarted itself ({reason}): `docker restart {}`",
                        replacement.target,
                        replacement.old.short()
                    ));
                    return false;
                }
            }
            OldContainer::DidNotRun | OldContainer::Runs | OldContainer::WasStopped => {}
        }
        true
    }

    /// Removes the new container.
    async fn discard(&self, replacement: &Replacement, created: &Created, undone: &mut Undone) {
        let Some(new) = resolve(&replacement.new, created) else { return };
        let volumes = self.may_lose_volumes(replacement, &new).await;
        let options = RemoveOptions { force: true, volumes };
        if let Err(reason) = attempt(|| self.engine.remove_container(&new, options)).await {
            undone.leftovers.push(format!(
                "the new container of {} could not be removed ({reason}): `docker rm -f {}`",
                replacement.target,
                new.short()
            ));
        }
    }

    /// Returns whether the anonymous volumes of a new container may be removed with it. This run has created the
    /// container, so its own volumes hold only the work of a failed start. Volumes that the container took over from
    /// the old one are mounted by name, and the engine keeps those. For volumes by `volumes_from`, see
    /// [`Runner::has_volumes_of_its_own`]. If anything is uncertain, all volumes stay.
    async fn may_lose_volumes(&self, replacement: &Replacement, new: &ContainerId) -> bool {
        matches!(replacement.new, ContainerRef::Planned(_))
            && self.exists(replacement.old.as_str()).await.unwrap_or(false)
            && self.has_volumes_of_its_own(new).await.unwrap_or(false)
    }

    /// Connects the old container to its networks again and starts it, if it ran before and `needs` are met. Returns
    /// false if the container ran before and does not run now.
    async fn restore(&self, replacement: &Replacement, needs: &[Need], undone: &mut Undone) -> bool {
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
        if !replacement.was_running {
            return true;
        }
        if let Some(what) = self.first_unmet(needs).await {
            undone.leftovers.push(stays_stopped(&replacement.target, &what));
            return false;
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
        undone.is_restored
    }

    /// Starts an old container. Another service may have its host port or address now: this run, or a dead run, has
    /// given port 5432 of the old `db` to the new `web`. Then `web` is stopped, and a message says so.
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
                escape_controls(holder.name.as_str()),
                replacement.target
            ));
        }
        insist(start).await
    }

    /// Returns the running containers of this project that have a host port or an address of a stopped old container.
    /// They were started after its stop, because both could not run at the same time.
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

    /// Starts a container again that the plan stopped for a moment, if `needs` are met. Returns what the user must do
    /// if the container does not run.
    pub(in crate::exec) async fn start_again(
        &self,
        target: &Target,
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

    /// Returns a message about the first unmet need; `None` if all needs are met.
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
        let name = escape_controls(unmet.service.as_str());
        Some(format!("service `{name}`, which it depends on, is not {}", Until::Condition(unmet.condition)))
    }

    /// Returns whether a container runs, as far as the engine tells.
    async fn runs(&self, id: &ContainerId) -> bool {
        let details = attempt(|| self.engine.inspect_container(id.as_str())).await;
        details.is_ok_and(|details| details.state == ContainerState::Running)
    }

    /// Kills a container. A refusal because the container does not run counts as success.
    async fn end(&self, id: &ContainerId) -> EngineResult<()> {
        match self.engine.kill_container(id, "KILL").await {
            Err(error) if error.kind == ErrorKind::Conflict || error.is_not_found() => Ok(()),
            result => result,
        }
    }
}

/// Returns the message about an old container that is not started because a dependency is missing.
fn stays_stopped(target: &Target, what: &str) -> String {
    format!("the old container of {target} ran before and is stopped, and {what}: run the same command again")
}

/// Returns whether a container meets a condition of `depends_on`.
fn meets(container: &ObservedContainer, condition: Condition) -> bool {
    let is_running = container.state == ContainerState::Running;
    let has_succeeded = container.state == ContainerState::Exited && container.exit_code == Some(0);
    match condition {
        Condition::Started => is_running || has_succeeded,
        Condition::Healthy => is_running && container.health == Health::Healthy,
        Condition::CompletedSuccessfully => has_succeeded,
    }
}

/// Makes a call up to three times. Returns the last message of the engine.
async fn attempt<T, F, R>(call: F) -> Result<T, String>
where
    F: FnMut() -> R,
    R: Future<Output = EngineResult<T>>,
{
    insist(call).await.map_err(|error| error.message)
}

/// Makes a call up to three times. Returns the last error.
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
