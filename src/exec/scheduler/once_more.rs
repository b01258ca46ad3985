//! A run in which a reply was lost looks at its work once more before it says that all is well.
//!
//! A call whose connection broke is asked for again, and the engine may come to the first of the two only after the second:
//! `web` is disconnected, connected again and started, and then the first disconnect takes its network away.

use super::{Run, State};
use crate::exec::action::resolve;
use crate::exec::outcome::{StepError, StepFailure};
use crate::model::{ContainerId, ContainerState, ObservedContainer, labels};
use crate::plan::{Action, Step, Verb};

impl Run<'_> {
    /// Adds a failure for each step whose work is not there any more.
    pub(super) async fn look_once_more(&mut self) {
        if !self.runner.has_lost_a_reply() || !self.outcome.is_success() {
            return;
        }
        self.remove_late_networks().await;
        let filter = [format!("{}={}", labels::PROJECT, self.plan.project)];
        // Where the engine does not answer there is nothing to be learnt.
        let Ok(all) = self.runner.engine.list_containers(&filter).await else { return };
        let done = self.plan.steps.iter().filter(|step| self.states[step.id.index()] == State::Done);
        let undone = done.filter_map(|step| Some((step, self.what_is_undone(step, &all)?)));
        let failures: Vec<StepFailure> = undone.map(|(step, what)| failure(step, what)).collect();
        self.outcome.failures.extend(failures);
    }

    /// Starts the old containers again that were given back and do not run any more: the stop whose reply was lost has come
    /// only now.
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

    /// A network may have been made twice: by the call whose reply was lost, and by the one that asked again.
    async fn remove_late_networks(&mut self) {
        for step in self.plan.steps.iter().filter(|step| self.states[step.id.index()] == State::Done) {
            let Action::CreateNetwork { spec, .. } = &step.action else { continue };
            if let Err(source) = self.runner.remove_doubles(spec).await {
                let error = StepError::Engine { verb: Verb::Create, target: step.target.clone(), source };
                self.outcome.failures.push(StepFailure { error, ..failure(step, String::new()) });
            }
        }
    }

    fn what_is_undone(&self, step: &Step, all: &[ObservedContainer]) -> Option<String> {
        let (Action::StartContainer { container }
        | Action::RestartContainer { container, .. }
        | Action::ConnectNetwork { container, .. }) = &step.action
        else {
            return None;
        };
        let id = resolve(container, &self.created)?;
        if self.is_stopped_later(step, &id) {
            return None;
        }
        let Some(found) = all.iter().find(|one| one.id == id) else { return Some("was removed meanwhile".to_owned()) };
        match &step.action {
            Action::ConnectNetwork { endpoint, .. } if found.networks.contains_key(&endpoint.network) => None,
            Action::ConnectNetwork { endpoint, .. } => Some(format!("has lost network `{}` again", endpoint.network)),
            _ if found.state == ContainerState::Exited && found.exit_code != Some(0) => {
                Some("was stopped again".to_owned())
            }
            _ => None,
        }
    }

    /// Whether a later step of the plan ends the container.
    fn is_stopped_later(&self, step: &Step, id: &ContainerId) -> bool {
        self.plan.steps[step.id.index()..].iter().any(|later| match &later.action {
            Action::StopContainer { container, .. } | Action::RemoveContainer { container, .. } => {
                resolve(container, &self.created).as_ref() == Some(id)
            }
            _ => false,
        })
    }
}

fn failure(step: &Step, what: String) -> StepFailure {
    StepFailure {
        step: step.id,
        target: step.target.clone(),
        error: StepError::NotUp { target: step.target.clone(), what },
        details: Vec::new(),
        help: Some(
            "a reply of the engine was lost, and the call took effect late: run the same command again".to_owned(),
        ),
        is_optional: step.is_optional,
    }
}
