//! Containers that were stopped for a moment only, because a network of theirs is made anew or a host port changes hands,
//! and that the plan does not come to starting again: something before it or the start itself failed, or a signal came. They
//! ran before and are not replaced, so they run again.

use std::time::Duration;

use super::{Report, Run, State};
use crate::event::StepState;
use crate::model::ContainerId;
use crate::plan::{Action, ContainerRef, Interrupted, Need, StepId};

/// After so many that could not be started the others are only named: the engine may be gone.
const TRIES: usize = 3;

impl Run<'_> {
    /// Starts the next of them again; returns whether there was one. One after another, for they may share namespaces.
    pub(super) fn start_left_out(&mut self) -> bool {
        let (start, needs, id) = loop {
            let Some(interrupted) = self.left_out() else { return false };
            let (start, id) = (interrupted.start, interrupted.container.clone());
            if self.not_started < TRIES {
                break (start, self.needs(&id, &interrupted.needs), id);
            }
            self.tried_again.insert(start);
            let target = &self.plan.steps[start.index()].target;
            self.outcome.leftovers.push(format!("{target} ran before and is stopped: `docker start {}`", id.short()));
            self.states[start.index()] = State::Failed;
        };
        let lost = self.plan.steps.iter().filter(|step| self.states[step.id.index()] != State::Done);
        let endpoints = lost.filter_map(|step| match &step.action {
            Action::ConnectNetwork { container: ContainerRef::Existing(of), endpoint } if *of == id => {
                Some((**endpoint).clone())
            }
            _ => None,
        });
        let endpoints = endpoints.collect();
        let (runner, target) = (self.runner.clone(), self.plan.steps[start.index()].target.clone());
        self.states[start.index()] = State::Running;
        self.tried_again.insert(start);
        self.calls += 1;
        self.endpoint_calls += 1;
        self.tell(start, StepState::Started);
        self.tasks.spawn(async move {
            let begun = tokio::time::Instant::now();
            let left = runner.start_again(&target, &id, endpoints, &needs).await;
            Report::StartedAgain { start, left, elapsed: begun.elapsed() }
        });
        true
    }

    /// Notes that one runs again, or what is left to do where it does not.
    pub(super) fn started_again(&mut self, start: StepId, left: Option<String>, elapsed: Duration) {
        self.calls -= 1;
        self.endpoint_calls -= 1;
        match left {
            None => {
                self.states[start.index()] = State::Done;
                self.tell(start, StepState::Done { note: None, elapsed });
            }
            Some(words) => {
                self.states[start.index()] = State::Failed;
                self.not_started += 1;
                self.tell(start, StepState::Failed { message: words.clone(), elapsed });
                self.outcome.leftovers.push(words);
            }
        }
    }

    /// Returns one that is still to be started again.
    fn left_out(&self) -> Option<&Interrupted> {
        let is_stop = |id: &&StepId| matches!(self.plan.steps[id.index()].action, Action::StopContainer { .. });
        let has_ended = |id: &StepId| matches!(self.states[id.index()], State::Done | State::Failed);
        self.plan.interrupted.iter().find(|one| {
            // A start that the engine refused for a passing reason is tried again, too.
            let is_open = matches!(self.states[one.start.index()], State::Skipped | State::Failed);
            is_open && !self.tried_again.contains(&one.start) && one.stops.iter().filter(is_stop).any(has_ended)
        })
    }

    /// Returns what must hold before a container is started again: nothing where this run has stopped it, for then it is
    /// owed; else what its service depends on. An engine that restarts ends all containers, and the database that `web`
    /// needs may be gone, too.
    pub(super) fn needs(&self, container: &ContainerId, needs: &[Need]) -> Vec<Need> {
        match self.stopped.contains(&ContainerRef::Existing(container.clone())) {
            true => Vec::new(),
            false => needs.to_vec(),
        }
    }
}
