//! Which replacement is undone, and when. The calls are in `steps/restore.rs`.
//!
//! A replacement is undone when its end, the removal of the old container, was skipped. The undo has two halves: the
//! new container is ended, then the old container comes back. Between the halves the undo waits for other replacements.
//! Example: `web` and `db` have exchanged their host ports. The old `web` comes back only when the new `db` has ended,
//! too.

use super::state::{Report, Run, State, Undo};
use crate::event::StepState;
use crate::exec::panics;
use crate::exec::runner::resolve;
use crate::exec::steps::{Ending, OldContainer, Undone};
use crate::model::ServiceName;
use crate::plan::{Action, ContainerRef, Effect, Interrupted, Replacement, Step, StepId};

impl Run<'_> {
    /// Begins each undo of a replacement that cannot be finished, or its second half, once none of its steps runs any
    /// more.
    pub(super) fn undo_failed(&mut self) {
        for index in 0..self.plan.replacements.len() {
            if self.renames > 0 || self.calls >= self.runner.settings.parallel {
                return;
            }
            match self.undos.get(&index) {
                None if self.must_undo(index) && !self.waits_for_parent(index) => self.end_new(index),
                Some(Undo::NewEnded(_))
                    if !self.waits_for_family(index)
                        && !self.waits_for_network(index)
                        && !self.waits_for_host(index)
                        && !self.waits_for_resume(index) =>
                {
                    self.restore_old(index);
                }
                _ => {}
            }
        }
    }

    /// If all remaining undos wait for each other in a circle, begins the next half of one of them: two services may
    /// have changed sides in sharing a network. An undo that waits for a container that is only stopped for a moment is
    /// not among them, because `resume` starts that container. Returns whether there was one.
    pub(super) fn undo_deadlocked(&mut self) -> bool {
        for index in 0..self.plan.replacements.len() {
            match self.undos.get(&index) {
                None if self.must_undo(index) => self.end_new(index),
                Some(Undo::NewEnded(_)) if !self.waits_for_resume(index) => self.restore_old(index),
                _ => continue,
            }
            return true;
        }
        false
    }

    fn end_new(&mut self, index: usize) {
        self.undos.insert(index, Undo::EndingNew);
        self.begin_call();
        let replacement = self.plan.replacements[index].clone();
        let was_started = self.may_be_started(&replacement);
        let (runner, created) = (self.runner.clone(), self.created.clone());
        self.tasks.spawn(async move {
            let work = panics::caught(runner.end_new(&replacement, &created, was_started));
            let ending = work.await.unwrap_or_else(|panic| Ending::Unknown(interrupted_undo(&replacement, &panic)));
            Report::NewEnded { index, ending }
        });
    }

    fn restore_old(&mut self, index: usize) {
        let Some(Undo::NewEnded(ending)) = self.undos.insert(index, Undo::RestoringOld) else { return };
        self.begin_call();
        let mut replacement = self.plan.replacements[index].clone();
        let old = self.old_container(&replacement);
        replacement.was_running &= matches!(old, OldContainer::WasStopped | OldContainer::MayBeStopping);
        let needs = match resolve(&replacement.new, &self.created) {
            None => self.needs(&replacement.old, &replacement.needs),
            // The new container was created only after the dependencies of its service were up.
            Some(_) => Vec::new(),
        };
        let (runner, created) = (self.runner.clone(), self.created.clone());
        self.tasks.spawn(async move {
            let work = panics::caught(runner.restore_old(&replacement, &created, ending, (old, needs)));
            let undone = work.await.unwrap_or_else(|panic| Undone {
                leftovers: vec![interrupted_undo(&replacement, &panic)],
                ..Undone::default()
            });
            Report::Undone { index, undone }
        });
    }

    /// Returns the state of the old container, as far as the steps of this run tell.
    fn old_container(&self, replacement: &Replacement) -> OldContainer {
        match self.may_be_stopped(replacement) {
            _ if !replacement.was_running => OldContainer::DidNotRun,
            true if self.stops_of(replacement).any(|state| state == State::Failed) => OldContainer::MayBeStopping,
            true => OldContainer::WasStopped,
            false if self.has_lost_its_host(replacement) => OldContainer::LostItsHost,
            false => OldContainer::Runs,
        }
    }

    /// Returns whether a replacement must be undone now: its work has begun, none of its steps runs, and its old
    /// container will not be removed.
    fn must_undo(&self, index: usize) -> bool {
        let replacement = &self.plan.replacements[index];
        let is_over = |id: &StepId| match self.state(*id) {
            State::Running => false,
            State::Pending => !self.nature(*id).displaces,
            State::Done | State::Failed | State::Skipped => true,
        };
        self.will_be_undone(index) && replacement.steps.iter().all(is_over)
    }

    /// Returns whether a replacement must be undone, now or once its steps have ended.
    pub(super) fn will_be_undone(&self, index: usize) -> bool {
        let replacement = &self.plan.replacements[index];
        self.state(replacement.commit) == State::Skipped && self.has_begun(replacement)
    }

    /// Returns whether the work of a replacement has begun, in this run or in an earlier one that may have stopped the
    /// old container.
    fn has_begun(&self, replacement: &Replacement) -> bool {
        matches!(replacement.new, ContainerRef::Existing(_))
            || replacement.steps.iter().any(|id| self.has_begun_step(*id))
    }

    /// Returns whether another replacement must be undone first, because this one shares its namespaces or volumes.
    fn waits_for_parent(&self, index: usize) -> bool {
        self.is_any_parent(index, |parent| self.must_undo(parent))
    }

    /// Returns whether the old container that this old container shares namespaces or volumes with must still come
    /// back. The undo of that one may not have begun yet, because its container is still being stopped.
    fn waits_for_host(&self, index: usize) -> bool {
        self.is_any_parent(index, |parent| self.will_be_undone(parent))
    }

    /// Whether the old container shares the namespaces of a container that the plan has stopped for a moment, and that does not
    /// run again yet.
    fn waits_for_resume(&self, index: usize) -> bool {
        let shares_with = &self.plan.replacements[index].shares_with;
        self.interrupted_hosts(shares_with).any(|host| match self.state(host.start) {
            State::Done => false,
            State::Pending | State::Running => true,
            State::Failed | State::Skipped => !self.resumed.contains(&host.start),
        })
    }

    /// Returns the containers of `services` that the plan stops for a moment, and that were stopped.
    fn interrupted_hosts(&self, services: &[ServiceName]) -> impl Iterator<Item = &Interrupted> {
        self.plan.interrupted.iter().filter(|one| {
            let service = self.plan.steps[one.start.index()].target.service();
            service.is_some_and(|service| services.contains(service)) && self.has_stopped(one)
        })
    }

    /// Returns whether the undo of a replacement that this one shares with is under way, or `is_to_come` says so.
    fn is_any_parent(&self, index: usize, is_to_come: impl Fn(usize) -> bool) -> bool {
        let parents = &self.plan.replacements[index].shares_with;
        let is_parent = |(_, replacement): &(usize, &Replacement)| parents.contains(&replacement.group);
        self.plan.replacements.iter().enumerate().filter(is_parent).any(|(parent, _)| match self.undos.get(&parent) {
            Some(Undo::Done) => false,
            Some(_) => true,
            None => is_to_come(parent),
        })
    }

    /// Returns whether a new container of the family must still be ended: it may have the host port that the old
    /// container of this replacement needs.
    fn waits_for_family(&self, index: usize) -> bool {
        let replacements = &self.plan.replacements;
        let Some(family) = &replacements[index].family else { return false };
        let others = replacements.iter().enumerate().filter(|(_, other)| other.family.as_ref() == Some(family));
        others.filter(|(other, _)| *other != index).any(|(other, replacement)| match self.undos.get(&other) {
            Some(Undo::EndingNew) => true,
            Some(_) => false,
            // A container that shares a namespace comes back after its host, and the host does not wait for it.
            None => self.will_be_undone(other) && self.may_be_started(replacement) && !self.waits_for_parent(other),
        })
    }

    /// Returns whether a network that the old container must be connected to again is still to be created.
    fn waits_for_network(&self, index: usize) -> bool {
        let reconnects = &self.plan.replacements[index].reconnects;
        if reconnects.is_empty() {
            return false;
        }
        let is_open = |step: &Step| match &step.action {
            Action::CreateNetwork { spec, .. } => {
                !self.state(step.id).has_ended() && reconnects.iter().any(|one| one.network == spec.name)
            }
            _ => false,
        };
        self.plan.steps.iter().any(is_open)
    }

    /// Returns whether the new container may have been started.
    fn may_be_started(&self, replacement: &Replacement) -> bool {
        matches!(replacement.new, ContainerRef::Existing(_))
            || self.has_begun_effect(&replacement.steps, Effect::Started)
    }

    /// Returns whether the old container may be stopped, by a step of this run or by the run that began the
    /// replacement.
    fn may_be_stopped(&self, replacement: &Replacement) -> bool {
        let mut stops = self.stops_of(replacement).peekable();
        stops.peek().is_none() || stops.any(|state| matches!(state, State::Done | State::Failed))
    }

    /// Returns whether the old container shares the network of a container that was stopped and started, and so has
    /// another network now.
    fn has_lost_its_host(&self, replacement: &Replacement) -> bool {
        let is_host = |(_, other): &(usize, &Replacement)| replacement.shares_with.contains(&other.group);
        let mut hosts = self.plan.replacements.iter().enumerate().filter(is_host);
        hosts.any(|(index, host)| {
            matches!(self.undos.get(&index), Some(Undo::Done)) && host.was_running && self.may_be_stopped(host)
        }) || self.interrupted_hosts(&replacement.shares_with).any(|host| self.state(host.start) == State::Done)
    }

    /// Returns the states of the steps that stop the old container.
    fn stops_of(&self, replacement: &Replacement) -> impl Iterator<Item = State> {
        let old = ContainerRef::Existing(replacement.old.clone());
        let is_stop =
            move |id: &&StepId| self.effect(**id) == Effect::Stopped && self.action(**id).container() == Some(&old);
        replacement.steps.iter().filter(is_stop).map(|id| self.state(*id))
    }

    pub(super) fn undo_ended(&mut self, index: usize, undone: Undone) {
        self.undos.insert(index, Undo::Done);
        self.end_call();
        let replacement = &self.plan.replacements[index];
        if undone.is_restored {
            self.outcome.restored.push(replacement.target.clone());
        }
        self.outcome.leftovers.extend(undone.leftovers);
        for id in &replacement.steps {
            if self.state(*id) == State::Done {
                self.tell(*id, StepState::Undone);
            }
        }
    }
}

/// Returns the message about an undo whose task panicked.
fn interrupted_undo(replacement: &Replacement, panic: &str) -> String {
    format!("internal: the replacement of {} is half undone ({panic}): run the same command again", replacement.target)
}
