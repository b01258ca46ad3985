//! Containers that the plan stops for a moment and whose start the run does not reach.
//!
//! A container is stopped for a moment when one of its networks is created anew, or when another service takes over its
//! host port. A step before its start may fail, the start itself may fail, or a signal may come. The container ran
//! before and is not replaced, so the run starts it again at its end.

use std::time::Duration;

use tokio::time::Instant;

use super::state::{Report, Run, State};
use crate::event::StepState;
use crate::exec::panics;
use crate::model::{ContainerId, EndpointSpec};
use crate::plan::{Action, ContainerRef, Effect, Interrupted, StepId};

/// After this many failed starts the other containers are only named: the engine may be gone.
const TRIES: usize = 3;

impl Run<'_> {
    /// Starts the next of these containers again. Returns whether there was one. One container at a time, because they
    /// may share namespaces.
    pub(super) fn resume_next(&mut self) -> bool {
        let (start, needs, id) = loop {
            let Some(interrupted) = self.next_stopped() else { return false };
            let (start, id) = (interrupted.start, interrupted.container.clone());
            if self.not_resumed < TRIES {
                break (start, self.needs(&id, &interrupted.needs), id);
            }
            self.resumed.insert(start);
            let target = &self.plan.steps[start.index()].target;
            self.outcome.leftovers.push(format!("{target} ran before and is stopped: `docker start {}`", id.short()));
            self.states[start.index()] = State::Failed;
        };
        let endpoints = self.lost_endpoints(&id);
        let (runner, target) = (self.runner.clone(), self.plan.steps[start.index()].target.clone());
        self.states[start.index()] = State::Running;
        self.resumed.insert(start);
        self.begin_call();
        self.tell(start, StepState::Started);
        self.tasks.spawn(async move {
            let begun = Instant::now();
            let work = panics::caught(runner.start_again(&target, &id, endpoints, &needs)).await;
            let left = work.unwrap_or_else(|panic| {
                Some(format!(
                    "internal: {target} ran before, and may be stopped ({panic}): `docker start {}`",
                    id.short()
                ))
            });
            Report::Resumed { start, left, elapsed: begun.elapsed() }
        });
        true
    }

    /// Returns the endpoints that the run has taken from a container without connecting it again.
    fn lost_endpoints(&self, id: &ContainerId) -> Vec<EndpointSpec> {
        let lost = self.plan.steps.iter().filter(|step| self.state(step.id) != State::Done);
        let endpoints = lost.filter_map(|step| match &step.action {
            Action::ConnectNetwork { container: ContainerRef::Existing(of), endpoint } if of == id => {
                Some((**endpoint).clone())
            }
            _ => None,
        });
        endpoints.collect()
    }

    /// Notes that a container runs again, or else what is left for the user to do.
    pub(super) fn resume_ended(&mut self, start: StepId, left: Option<String>, elapsed: Duration) {
        self.end_call();
        match left {
            None => {
                self.states[start.index()] = State::Done;
                self.tell(start, StepState::Done { note: None, elapsed });
            }
            Some(words) => {
                self.states[start.index()] = State::Failed;
                self.not_resumed += 1;
                self.tell(start, StepState::Failed { message: words.clone(), elapsed });
                self.outcome.leftovers.push(words);
            }
        }
    }

    /// Returns a container that must still be started again.
    pub(super) fn next_stopped(&self) -> Option<&Interrupted> {
        self.plan.interrupted.iter().find(|one| {
            // A start that failed is tried once more: the reason may have passed.
            let is_open = matches!(self.state(one.start), State::Skipped | State::Failed);
            is_open && !self.resumed.contains(&one.start) && self.has_stopped(one)
        })
    }

    /// Whether the run has stopped a container that is to be stopped for a moment.
    pub(super) fn has_stopped(&self, interrupted: &Interrupted) -> bool {
        let is_stopped =
            |id: &StepId| self.effect(*id) == Effect::Stopped && matches!(self.state(*id), State::Done | State::Failed);
        interrupted.stops.iter().any(is_stopped)
    }
}
