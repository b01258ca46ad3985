//! Which step starts, within the bounds on parallel calls, and which step is skipped.

use tokio::time::Instant;

use super::state::{Report, Run, State};
use crate::event::StepState;
use crate::exec::outcome::StepError;
use crate::exec::runner::StepContext;
use crate::exec::{no_answer, panics};
use crate::plan::{
    Action, ContainerRef, Effect, Endpoints, Load, Nature, OnSignal, Replacement, Step, StepId, describe,
};

impl Run<'_> {
    /// Starts the steps that are ready, within the bounds.
    pub(super) fn start(&mut self) {
        // A step that was ready may have been skipped meanwhile.
        let states = &self.states;
        self.ready.retain(|id| states[id.index()] == State::Pending);
        // Renames come last: a rename holds back other calls, on which other steps may wait.
        let is_rename = |id: &StepId| self.nature(*id).endpoints == Endpoints::WrittenBack;
        let (renames, others): (Vec<StepId>, Vec<StepId>) = self.ready.iter().partition(|id| is_rename(id));
        for id in others.into_iter().chain(renames) {
            let nature = self.nature(id);
            if self.is_full(nature.load) || self.must_stand_back(nature.endpoints) {
                continue;
            }
            self.ready.remove(&id);
            self.count(id, 1);
            self.states[id.index()] = State::Running;
            self.tell(id, StepState::Started);
            self.spawn(self.plan.steps[id.index()].clone());
        }
    }

    /// Runs a step as a task of its own.
    fn spawn(&mut self, step: Step) {
        let (runner, created) = (self.runner.clone(), self.created.clone());
        let signal = self.cancel.clone();
        let cut_off = self.replacement_waits.get(&step.id).map_or(&self.cancel, |(_, token)| token).clone();
        let is_final = self.dependents[step.id.index()].is_empty();
        let start_took = match &step.action {
            Action::WaitFor { container, .. } => self.starts.get(container).copied(),
            _ => None,
        };
        let is_tty = self.is_tty(&step.action);
        let span = tracing::info_span!("step", verb = describe(&step.action).plain(), target = %step.target);
        let task = async move {
            let (id, begun) = (step.id, Instant::now());
            let context = StepContext { created: &created, is_final, start_took, is_tty, cancel: &signal };
            let work = panics::caught(async {
                let work = runner.run(&step, &context);
                match step.action.nature().on_signal {
                    OnSignal::CutOff => tokio::select! {
                        biased;
                        result = work => Some(result),
                        () = cut_off.cancelled() => None,
                    },
                    OnSignal::Finish | OnSignal::Abandon => {
                        let grace = runner.grace(&step.action, &context);
                        Some(no_answer::reported_after(grace, id, &runner.progress, work).await)
                    }
                }
            });
            let result = match work.await {
                Ok(None) => return Report::CutOff(id),
                Ok(Some(result)) => result,
                Err(panic) => Err((StepError::Internal(panic), Vec::new())),
            };
            tracing::debug!(elapsed_ms = begun.elapsed().as_millis() as u64, ok = result.is_ok(), "step ended");
            Report::Step { id, result, elapsed: begun.elapsed() }
        };
        self.tasks.spawn(tracing::Instrument::instrument(task, span));
    }

    /// Returns whether the container of an action has a terminal; `None` if this plan does not create the container.
    fn is_tty(&self, action: &Action) -> Option<bool> {
        match action.container()? {
            ContainerRef::Existing(_) => None,
            ContainerRef::Planned(creation) => match self.action(*creation) {
                Action::CreateContainer { spec, .. } => Some(spec.tty),
                _ => None,
            },
        }
    }

    /// Frees the slot of a step that has ended.
    pub(super) fn release(&mut self, id: StepId) {
        self.count(id, -1);
    }

    /// Counts a step that begins (1) or ends (-1) against the bounds.
    fn count(&mut self, id: StepId, by: isize) {
        let Nature { load, endpoints, .. } = self.nature(id);
        let is_final = self.is_final_wait(id);
        let add = |number: &mut usize, is_counted: bool| {
            *number = number.saturating_add_signed(if is_counted { by } else { 0 });
        };
        add(&mut self.calls, load == Load::Call);
        add(&mut self.stops, load == Load::Stop);
        add(&mut self.final_waits, is_final);
        add(&mut self.renames, endpoints == Endpoints::WrittenBack);
        add(&mut self.endpoint_calls, endpoints == Endpoints::Changed);
    }

    /// Returns whether the bound for this kind of step is reached.
    fn is_full(&self, load: Load) -> bool {
        match load {
            Load::Wait => false,
            Load::Call => self.calls >= self.runner.settings.parallel,
            Load::Stop => self.stops >= self.runner.settings.stops,
        }
    }

    /// Returns whether a step must wait, because a rename of a running container and a call that changes endpoints must
    /// not run at the same time.
    ///
    /// Compat: after a rename, engines before 29 write the number of a network's endpoints as it was when the rename
    /// began. Endpoints that came or went meanwhile are miscounted, and the network cannot be removed until the engine
    /// restarts (libnetwork, `endpointCnt.updateStore`).
    fn must_stand_back(&self, endpoints: Endpoints) -> bool {
        match endpoints {
            Endpoints::WrittenBack => self.renames > 0 || self.endpoint_calls > 0,
            Endpoints::Changed => self.renames > 0,
            Endpoints::Untouched => false,
        }
    }

    /// Looks at the steps that wait for a step which has ended. Each becomes ready, or is skipped together with the
    /// steps that wait for it.
    pub(super) fn settle(&mut self, ended: StepId) {
        let mut queue = vec![ended];
        while let Some(ended) = queue.pop() {
            for id in self.dependents[ended.index()].clone() {
                if self.state(id) != State::Pending {
                    continue;
                }
                let step = &self.plan.steps[id.index()];
                if let Some(broken) = self.broken_requirement(id) {
                    let root = self.root_of(broken);
                    self.skip(id, Some(root));
                    queue.push(id);
                    queue.extend(self.abandon(id, root));
                } else if step.requires.iter().chain(&step.after).all(|needed| self.state(*needed).has_ended()) {
                    self.ready.insert(id);
                }
            }
        }
    }

    /// Returns the first step that a step requires and that has failed or was skipped.
    fn broken_requirement(&self, id: StepId) -> Option<StepId> {
        let requires = &self.plan.steps[id.index()].requires;
        requires.iter().copied().find(|needed| matches!(self.state(*needed), State::Failed | State::Skipped))
    }

    /// Returns the step that failed and so caused another step to be skipped, directly or through others.
    fn root_of(&self, mut id: StepId) -> StepId {
        while self.state(id) == State::Skipped {
            match self.broken_requirement(id) {
                Some(next) => id = next,
                None => break,
            }
        }
        id
    }

    /// After a signal, skips the steps that have not begun. A step that would leave the project half changed still
    /// runs.
    pub(super) fn skip_pending(&mut self) {
        for index in 0..self.states.len() {
            let id = self.plan.steps[index].id;
            if self.states[index] == State::Pending && !self.is_half_committed(id) && !self.is_half_made_anew(id) {
                self.skip(id, None);
            }
        }
    }

    /// Returns whether a step removes an old container that cannot come back any more: its family comes back only
    /// together, and another old container of the family is already being removed.
    pub(super) fn is_half_committed(&self, id: StepId) -> bool {
        let replacements = &self.plan.replacements;
        let Some(own) = replacements.iter().find(|one| one.commit == id) else { return false };
        let is_with_it = |other: &&Replacement| {
            (own.family.is_some() && other.family == own.family) || (own.undoes_group && other.group == own.group)
        };
        let mut together = replacements.iter().filter(is_with_it);
        together.any(|other| matches!(self.state(other.commit), State::Running | State::Done))
    }

    /// Returns whether a step creates a network whose predecessor is removed: containers that were on the network need
    /// it to run again.
    pub(super) fn is_half_made_anew(&self, id: StepId) -> bool {
        let step = &self.plan.steps[id.index()];
        let is_removed = |needed: &StepId| {
            matches!(self.action(*needed), Action::RemoveNetwork { .. })
                && matches!(self.state(*needed), State::Running | State::Done)
        };
        matches!(step.action, Action::CreateNetwork { .. }) && step.requires.iter().any(is_removed)
    }

    /// Gives up a replacement whose end, `commit`, is skipped: its remaining steps are skipped, and its waits end.
    /// Returns the skipped steps.
    fn abandon(&mut self, commit: StepId, root: StepId) -> Vec<StepId> {
        let plan = self.plan;
        let Some(index) = plan.replacements.iter().position(|one| one.commit == commit) else { return Vec::new() };
        let steps = &plan.replacements[index].steps;
        let mut skipped = Vec::new();
        for id in steps {
            // Other steps may need the stop of the old container, too: a network is created anew, or another service
            // takes over a host port.
            let is_other = |dependent: &StepId| *dependent != commit && !steps.contains(dependent);
            let serves_others = self.dependents[id.index()].iter().any(is_other);
            let is_needed = self.nature(*id).displaces && serves_others;
            if self.state(*id) == State::Pending && !is_needed {
                self.skip(*id, Some(root));
                skipped.push(*id);
            }
        }
        self.replacement_waits.values().filter(|(of, _)| *of == index).for_each(|(_, token)| token.cancel());
        skipped
    }

    /// Returns whether a step has begun and may have had an effect.
    pub(super) fn has_begun_step(&self, id: StepId) -> bool {
        matches!(self.state(id), State::Running | State::Done | State::Failed)
    }

    /// Returns whether one of these steps has this effect and has begun.
    pub(super) fn has_begun_effect(&self, steps: &[StepId], effect: Effect) -> bool {
        steps.iter().any(|id| self.effect(*id) == effect && self.has_begun_step(*id))
    }
}
