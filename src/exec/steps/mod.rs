//! What one step asks of the engine. A file for each kind of step; [`Runner::run`] chooses.

mod building;
mod container;
mod create;
mod hook;
mod image;
mod network;
mod owners;
mod restore;

pub(super) use restore::{Ending, OldContainer, Undone};

use std::time::Duration;

use super::outcome::StepError;
use super::outputs::{Output, Outputs};
use super::runner::{Failed, Refusal, Runner, StepContext, Success, resolve};
use super::wait::{Wait, Wakeups};
use crate::engine::AttachOptions;
use crate::model::ContainerId;
use crate::plan::{Action, Step, Until, describe};

/// The engine's default grace period, if neither the call nor the container sets one.
const GRACE: Duration = Duration::from_secs(10);

impl Runner {
    /// Runs a step to its end.
    pub(super) async fn run(&self, step: &Step, context: &StepContext<'_>) -> Result<Success, Failed> {
        self.carry_out(step, context).await.map_err(|refusal| match refusal {
            Refusal::Step(failed) => failed,
            Refusal::Engine(source, details) => {
                (StepError::Engine { verb: describe(&step.action), target: step.target.clone(), source }, details)
            }
        })
    }

    async fn carry_out(&self, step: &Step, context: &StepContext<'_>) -> Result<Success, Refusal> {
        let id = || container_of(step, context);
        let engine = &self.engine;
        match &step.action {
            Action::PullImage { image, platform } => self.pull(step.id, image, platform.as_deref()).await?,
            Action::PushImage { image } => self.push(step.id, image).await?,
            Action::BuildImage(request) => return self.build(step.id, request).await,
            Action::RemoveImage { image } => self.remove_image(image).await?,
            Action::CreateNetwork { spec, before } => self.create_network_or_restore(spec, before.as_deref()).await?,
            Action::RemoveNetwork { id } => self.certain(|| engine.remove_network(id)).await?,
            Action::ConnectNetwork { endpoint, .. } => self.connect(&id()?, endpoint).await?,
            Action::DisconnectNetwork { network, .. } => self.disconnect(&id()?, network).await?,
            Action::CreateVolume(spec) => self.certain(|| engine.create_volume(spec)).await?,
            Action::RemoveVolume { name } => self.certain(|| engine.remove_volume(name)).await?,
            Action::CreateContainer { spec, references } => {
                let spec = create::fill(spec, references, context.created);
                let made = self.create_container(&spec, step.target.name()).await?;
                return Ok(Success { created: Some(made.id), unknown_owners: made.unknown, ..Success::default() });
            }
            Action::PutFiles { files, .. } => {
                return Ok(Success { unknown_owners: self.upload(&id()?, files).await?, ..Success::default() });
            }
            Action::StartContainer { .. } => {
                let id = id()?;
                self.open_output(step, &id, context.is_tty).await;
                if let Some(events) = self.events.as_ref() {
                    events.keep_from_start(&id);
                }
                self.start(&id).await?;
            }
            Action::StopContainer { grace, .. } => {
                let has_stopped = self.stop_and_tell(step.id, &id()?, *grace).await?;
                return Ok(Success { has_stopped, ..Success::default() });
            }
            Action::KillContainer { signal, .. } => self.kill(&id()?, signal).await?,
            Action::RestartContainer { grace, .. } if self.wants_output(step) => {
                // At a stop the engine ends the session, so a restart needs a new one before its start.
                let id = id()?;
                self.stop(&id, *grace).await?;
                self.open_output(step, &id, None).await;
                self.start(&id).await?;
            }
            Action::RestartContainer { grace, .. } => self.restart(&id()?, *grace).await?,
            Action::PauseContainer { .. } => self.pause(&id()?).await?,
            Action::UnpauseContainer { .. } => self.unpause(&id()?).await?,
            Action::RemoveContainer { force, volumes, .. } => self.remove(&id()?, *force, *volumes).await?,
            Action::RenameContainer { to, .. } => self.rename(&id()?, to).await?,
            Action::WaitFor { until, limit, .. } => {
                let word = self.wait(step, &id()?, (*until, *limit), context).await?;
                return Ok(Success { note: Some(word), ..Success::default() });
            }
            Action::RunHook { hook, phase, .. } => self.hook(step, &id()?, (hook, *phase), context.cancel).await?,
            Action::Pause { delay } => tokio::time::sleep(*delay).await,
        }
        Ok(Success::default())
    }

    fn wants_output(&self, step: &Step) -> bool {
        self.settings.outputs.as_ref().is_some_and(|outputs| outputs.wants(&step.target))
    }

    /// Attaches to a container before its start, if its output is wanted. If that fails, the container is started all
    /// the same: the reader notices that no session was opened.
    async fn open_output(&self, step: &Step, id: &ContainerId, is_tty: Option<bool>) {
        let wants = |outputs: &&Outputs| outputs.wants(&step.target);
        let Some(outputs) = self.settings.outputs.as_ref().filter(wants) else { return };
        let is_tty = match is_tty {
            Some(is_tty) => is_tty,
            None => match self.engine.inspect_container(id.as_str()).await {
                Ok(details) => details.is_tty,
                Err(_) => return,
            },
        };
        match self.engine.attach(id, &AttachOptions { is_tty, ..outputs.options.clone() }).await {
            Ok(session) => {
                let ending = match outputs.until {
                    Some(until) => self.engine.wait_container(id, until).await.ok(),
                    None => None,
                };
                let (container, target) = (id.clone(), step.target.clone());
                outputs.tell(Output::Opened { container, target, session, ending });
            }
            Err(error) => tracing::warn!(cause = error.message, "not attached before the start"),
        }
    }

    async fn wait(
        &self,
        step: &Step,
        id: &ContainerId,
        (until, limit): (Until, Option<Duration>),
        context: &StepContext<'_>,
    ) -> Result<&'static str, Failed> {
        let wait = Wait {
            engine: &self.engine,
            list: &self.list,
            start_took: context.start_took,
            others_done: context.is_final.then(|| self.others_done.clone()),
            settings: &self.settings,
            target: &step.target,
            container: id,
            until,
            limit,
            step: step.id,
            progress: self.progress.clone(),
        };
        let wakeups = match self.events.as_ref() {
            Some(events) => events.wakeups(id.clone()),
            None => Wakeups::none(id.clone()),
        };
        wait.run(wakeups).await
    }

    /// Returns how long a step may normally be without an answer of the engine: a stop lasts until its container has
    /// ended, a hook until its command has ended.
    pub(super) async fn grace(&self, action: &Action, context: &StepContext<'_>) -> Duration {
        let grace = match action {
            Action::StopContainer { grace, .. } | Action::RestartContainer { grace, .. } => *grace,
            Action::RunHook { .. } => Some(self.settings.hook_limit),
            _ => return Duration::ZERO,
        };
        match (grace, action.container().and_then(|container| resolve(container, context.created))) {
            (Some(grace), _) => grace,
            (None, None) => GRACE,
            (None, Some(id)) => {
                let found = self.engine.inspect_container(id.as_str()).await;
                found.ok().and_then(|details| details.stop_timeout).unwrap_or(GRACE)
            }
        }
    }
}

/// Returns the id of the container that a step acts on. A plan without one is wrong.
fn container_of(step: &Step, context: &StepContext<'_>) -> Result<ContainerId, Failed> {
    let id = step.action.container().and_then(|container| resolve(container, context.created));
    id.ok_or_else(|| (StepError::Internal(format!("step {} has no container", step.id)), Vec::new()))
}
