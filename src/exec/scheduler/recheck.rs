//! The last look of a run in which a reply was lost, before the run claims success.
//!
//! After a broken connection a call is repeated, and the engine may carry out the first call after the second. Example:
//! the connection breaks while `web` is disconnected from `front`. The run repeats the call, connects `web` to the new
//! `front` and starts `web`. Then the engine carries out the first disconnect and takes the network away again.

use super::state::{Run, State};
use crate::exec::outcome::{StepError, StepFailure};
use crate::exec::runner::resolve;
use crate::model::{ContainerId, ContainerState, ObservedContainer, labels};
use crate::plan::{Action, Effect, Step, Verb};

impl Run<'_> {
    /// Adds a failure for each step whose work has been undone by a late call.
    pub(super) async fn recheck(&mut self) {
        if !self.runner.has_lost_a_reply() || !self.outcome.is_success() {
            return;
        }
        self.remove_late_networks().await;
        let filter = [format!("{}={}", labels::PROJECT, self.plan.project)];
        // Without an answer of the engine nothing can be checked.
        let Ok(all) = self.runner.engine.list_containers(&filter).await else { return };
        let done = self.plan.steps.iter().filter(|step| self.states[step.id.index()] == State::Done);
        let undone = done.filter_map(|step| Some((step, self.what_is_undone(step, &all)?)));
        let failures: Vec<StepFailure> = undone.map(|(step, what)| failure(step, what)).collect();
        self.outcome.failures.extend(failures);
    }

    /// Starts restored old containers again that have ended since, because a stop whose reply was lost took effect
    /// late.
    pub(super) async fn start_restored_again(&mut self) {
        if !self.runner.has_lost_a_reply() || self.outcome.restored.is_empty() {
            return;
        }
        let filter = [format!("{}={}", labels::PROJECT, self.plan.project)];
        let Ok(all) = self.runner.engine.list_containers(&filter).await else { return };
        let has_ended = |id: &ContainerId| all.iter().any(|one| one.id == *id && one.state == ContainerState::Exited);
        let plan = self.plan;
        for replacement in plan.replacements.iter().filter(|one| self.outcome.restored.contains(&one.target)) {
            if has_ended(&replacement.old) {
                let left = self.runner.start_again(&replacement.target, &replacement.old, Vec::new(), &[]).await;
                self.outcome.leftovers.extend(left);
            }
        }
    }

    /// Removes networks that were created twice: by the call whose reply was lost, and by the repeated call.
    async fn remove_late_networks(&mut self) {
        for step in self.plan.steps.iter().filter(|step| self.states[step.id.index()] == State::Done) {
            let Action::CreateNetwork { spec, .. } = &step.action else { continue };
            if let Err(source) = self.runner.remove_doubles(spec).await {
                let error = StepError::Engine { verb: Verb::Create, target: step.target.clone(), source };
                self.outcome.failures.push(StepFailure { error, ..failure(step, String::new()) });
            }
        }
    }

    /// Returns a message about the work of a step that has been undone; `None` if the work is there.
    fn what_is_undone(&self, step: &Step, all: &[ObservedContainer]) -> Option<String> {
        let endpoint = match &step.action {
            Action::ConnectNetwork { endpoint, .. } => Some(endpoint),
            _ => None,
        };
        let is_started = matches!(step.action.nature().effect, Effect::Started | Effect::Restarted);
        let container = step.action.container().filter(|_| is_started || endpoint.is_some())?;
        let id = resolve(container, &self.created)?;
        if self.is_stopped_later(step, &id) {
            return None;
        }
        let Some(found) = all.iter().find(|one| one.id == id) else { return Some("was removed meanwhile".to_owned()) };
        match endpoint {
            Some(endpoint) if found.networks.contains_key(&endpoint.network) => None,
            Some(endpoint) => Some(format!("has lost network `{}` again", endpoint.network)),
            None if found.state == ContainerState::Exited && self.has_not_completed(found) => {
                Some("was stopped again".to_owned())
            }
            None => None,
        }
    }

    /// Returns whether a container that has ended was stopped, rather than at the end of its work. A program that a stop
    /// ends may exit with 0, too.
    fn has_not_completed(&self, ended: &ObservedContainer) -> bool {
        let events = self.runner.events.as_ref().as_ref();
        ended.exit_code != Some(0) || events.is_some_and(|events| events.is_told_to_end(&ended.id))
    }

    /// Returns whether a later step of the plan stops or removes the container.
    fn is_stopped_later(&self, step: &Step, id: &ContainerId) -> bool {
        self.plan.steps[step.id.index()..].iter().any(|later| {
            matches!(later.action.nature().effect, Effect::Stopped | Effect::Removed)
                && later.action.container().and_then(|container| resolve(container, &self.created)).as_ref() == Some(id)
        })
    }
}

fn failure(step: &Step, what: String) -> StepFailure {
    StepFailure {
        step: step.id,
        target: step.target.clone(),
        error: StepError::NotUp { target: step.target.clone(), what, start_failure: None },
        details: Vec::new(),
        help: Some(
            "a reply of the engine was lost, and the call took effect late: run the same command again".to_owned(),
        ),
        is_optional: step.is_optional,
    }
}
