//! Owns the state of a run: which steps may start, which must be skipped, which replacements are given back.

mod left_out;
mod once_more;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::action::{Created, Failed, Runner, Success, is_cancellable, only_waits, resolve};
use super::hub::Hub;
use super::outcome::{Outcome, StepError, StepFailure};
use super::roll::RollCall;
use super::undo::{Old, Taken, Undone};
use super::{ExecSettings, Interrupt, silence};
use crate::engine::EngineHandle;
use crate::event::{Event, Listener, StepHeader, StepState};
use crate::model::RestartPolicy;
use crate::plan::{Action, ContainerRef, Plan, Replacement, Step, StepId, Until, describe};

/// Runs a plan to its end and says how it went. Events go to `listener` in one order.
pub async fn run(
    plan: &Plan,
    engine: EngineHandle,
    settings: ExecSettings,
    listener: &mut dyn Listener,
    interrupt: &Interrupt,
) -> Outcome {
    let begun = Instant::now();
    listener.on_event(&Event::Planned { steps: plan.steps.iter().map(header).collect(), is_dry_run: false });
    let hub = if needs_events(plan) { Some(Hub::subscribe(engine.clone(), &plan.project).await) } else { None };
    let (sender, receiver) = mpsc::channel(1024);
    let roll = Arc::new(RollCall::new(engine.clone(), &plan.project));
    let runner = Runner {
        engine,
        settings,
        project: plan.project.clone(),
        hub: Arc::new(hub),
        roll,
        quiet: CancellationToken::new(),
        lost_replies: Arc::default(),
        progress: sender,
    };
    let mut run = Run::new(plan, runner, receiver, listener);
    run.drive(interrupt).await;
    if interrupt.received().is_none() {
        run.look_once_more().await;
    }
    run.start_restored_again().await;
    let outcome = run.finish(interrupt);
    listener.on_event(&Event::Finished { elapsed: begun.elapsed() });
    outcome
}

/// Returns what listeners need to know of a step.
pub fn header(step: &Step) -> StepHeader {
    StepHeader {
        id: step.id,
        target: step.target.clone(),
        verb: describe(&step.action),
        reason: step.reason.to_string(),
        requires: step.requires.clone(),
    }
}

/// Whether a run must hear of what happens: something is waited for, or may be started again and again by the engine.
fn needs_events(plan: &Plan) -> bool {
    let dependents = dependents(plan);
    plan.steps.iter().any(|step| match &step.action {
        Action::WaitFor { until, .. } => !matches!(until, Until::Alive(_)) || !dependents[step.id.index()].is_empty(),
        Action::CreateContainer { spec, .. } => spec.restart != RestartPolicy::No,
        // Nothing here tells of its restart policy.
        Action::StartContainer { container: ContainerRef::Existing(_) } => true,
        _ => false,
    })
}

/// Returns, for each step, the steps that wait for it.
fn dependents(plan: &Plan) -> Vec<Vec<StepId>> {
    let mut dependents = vec![Vec::new(); plan.steps.len()];
    for step in &plan.steps {
        for needed in step.requires.iter().chain(&step.after) {
            if let Some(list) = dependents.get_mut(needed.index()) {
                list.push(step.id);
            }
        }
    }
    dependents
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Running,
    Done,
    Failed,
    Skipped,
}

impl State {
    fn has_ended(self) -> bool {
        matches!(self, State::Done | State::Failed | State::Skipped)
    }
}

/// How far the undo of a replacement is.
#[derive(Debug)]
enum Undo {
    TakingAway,
    /// The new container is out of the way.
    Taken(Taken),
    GivingBack,
    Done,
}

enum Report {
    Step {
        id: StepId,
        result: Result<Success, Failed>,
        elapsed: Duration,
    },
    Cancelled(StepId),
    TakenAway {
        index: usize,
        taken: Taken,
    },
    Undo {
        index: usize,
        undone: Undone,
    },
    /// A container that was left out runs again, or these words say what is left to do.
    StartedAgain {
        start: StepId,
        left: Option<String>,
        elapsed: Duration,
    },
}

struct Run<'a> {
    plan: &'a Plan,
    runner: Runner,
    /// How many waits that nobody waits for run.
    last_waits: usize,
    progress: mpsc::Receiver<(StepId, StepState)>,
    listener: &'a mut dyn Listener,
    states: Vec<State>,
    /// Steps that wait for a step, so that each end is looked at once.
    dependents: Vec<Vec<StepId>>,
    created: Created,
    /// How long the start of each container took.
    starts: BTreeMap<ContainerRef, Duration>,
    tasks: JoinSet<Report>,
    /// Calls under way that are no stops, and stops.
    calls: usize,
    stops: usize,
    /// Renames under way, and calls that bring or take endpoints of networks: see [`Self::must_stand_back`].
    renames: usize,
    endpoint_calls: usize,
    /// Containers that ran until this run stopped them.
    stopped: BTreeSet<ContainerRef>,
    /// Starts of containers that were left out, and have been tried once more.
    tried_again: BTreeSet<StepId>,
    /// Containers that were left out and could not be started again.
    not_started: usize,
    /// Replacements that are being undone, and how far.
    undos: BTreeMap<usize, Undo>,
    /// Replacement and token of each wait for a new container: where the replacement cannot be finished any more, there
    /// is nothing to wait for.
    doomed: BTreeMap<StepId, (usize, CancellationToken)>,
    cancel: CancellationToken,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(
        plan: &'a Plan,
        runner: Runner,
        progress: mpsc::Receiver<(StepId, StepState)>,
        listener: &'a mut dyn Listener,
    ) -> Self {
        let cancel = CancellationToken::new();
        Self {
            plan,
            runner,
            last_waits: 0,
            progress,
            listener,
            states: vec![State::Pending; plan.steps.len()],
            dependents: dependents(plan),
            created: Created::new(),
            starts: BTreeMap::new(),
            tasks: JoinSet::new(),
            calls: 0,
            stops: 0,
            renames: 0,
            endpoint_calls: 0,
            stopped: BTreeSet::new(),
            tried_again: BTreeSet::new(),
            not_started: 0,
            undos: BTreeMap::new(),
            doomed: waits_of_replacements(plan, &cancel),
            cancel,
            outcome: Outcome::default(),
        }
    }

    async fn drive(&mut self, interrupt: &Interrupt) {
        let mut ready: BTreeSet<StepId> = self
            .plan
            .steps
            .iter()
            .filter(|step| step.requires.is_empty() && step.after.is_empty())
            .map(|step| step.id)
            .collect();
        loop {
            if interrupt.received().is_some() {
                self.cancel.cancel();
                self.skip_pending();
            }
            self.start(&mut ready);
            self.undo_failed();
            if self.tasks.is_empty() && !self.undo_deadlocked() && !self.start_left_out() {
                return;
            }
            if self.tasks.len() == self.last_waits && ready.is_empty() {
                // For good: nothing waits for these waits. (A token wakes in the order of waiting; a watch would not.)
                self.runner.quiet.cancel();
            }
            tokio::select! {
                biased;
                () = interrupt.second() => return,
                Some((id, state)) = self.progress.recv() => self.tell(id, state),
                Some(report) = self.tasks.join_next() => self.take(report, &mut ready),
                _ = interrupt.first(), if interrupt.received().is_none() => {}
            }
        }
    }

    /// Starts what may start, within the bound.
    fn start(&mut self, ready: &mut BTreeSet<StepId>) {
        // What was ready may have been skipped since.
        ready.retain(|id| self.states[id.index()] == State::Pending);
        let candidates: Vec<StepId> = ready.iter().copied().collect();
        // Renames come last, so that what others wait for is under way before one is looked at.
        let (renames, others): (Vec<StepId>, Vec<StepId>) =
            candidates.into_iter().partition(|id| is_rename(&self.plan.steps[id.index()].action));
        for id in others.into_iter().chain(renames) {
            let step = &self.plan.steps[id.index()];
            let counts = !only_waits(&step.action);
            if counts && (self.is_full(&step.action) || self.must_stand_back(&step.action)) {
                continue;
            }
            ready.remove(&id);
            self.calls += usize::from(counts && !is_stop(&step.action));
            self.stops += usize::from(is_stop(&step.action));
            self.last_waits += usize::from(self.is_last_wait(id));
            self.count_endpoints(id, 1);
            self.states[id.index()] = State::Running;
            self.tell(id, StepState::Started);
            self.spawn(step.clone());
        }
    }

    fn spawn(&mut self, step: Step) {
        let (runner, created) = (self.runner.clone(), self.created.clone());
        let cancel = self.doomed.get(&step.id).map_or(&self.cancel, |(_, token)| token).clone();
        let is_last = self.dependents[step.id.index()].is_empty();
        let start_took = match &step.action {
            Action::WaitFor { container, .. } => self.starts.get(container).copied().unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let span = tracing::info_span!("step", verb = describe(&step.action).plain(), target = %step.target);
        let task = async move {
            let begun = Instant::now();
            let id = step.id;
            let work = runner.run(&step, &created, is_last, start_took);
            let result = if is_cancellable(&step.action) {
                tokio::select! {
                    biased;
                    result = work => result,
                    () = cancel.cancelled() => return Report::Cancelled(id),
                }
            } else {
                silence::told_after(runner.grace(&step.action, &created), id, &runner.progress, work).await
            };
            tracing::debug!(elapsed_ms = begun.elapsed().as_millis() as u64, ok = result.is_ok(), "step ended");
            Report::Step { id, result, elapsed: begun.elapsed() }
        };
        self.tasks.spawn(tracing::Instrument::instrument(task, span));
    }

    fn take(&mut self, report: Result<Report, tokio::task::JoinError>, ready: &mut BTreeSet<StepId>) {
        // What a step has said comes before its end.
        while let Ok((id, state)) = self.progress.try_recv() {
            self.tell(id, state);
        }
        match report {
            Ok(Report::Step { id, result, elapsed }) => self.ended(id, result, elapsed, ready),
            Ok(Report::Cancelled(id)) => {
                self.release(id);
                self.skip(id, None);
                self.settle(id, ready);
            }
            Ok(Report::TakenAway { index, taken }) => {
                self.calls -= 1;
                self.endpoint_calls -= 1;
                self.undos.insert(index, Undo::Taken(taken));
            }
            Ok(Report::Undo { index, undone }) => self.undo_ended(index, undone),
            Ok(Report::StartedAgain { start, left, elapsed }) => self.started_again(start, left, elapsed),
            Err(error) => {
                self.outcome.leftovers.push(format!("internal: a step panicked ({error}); please report this"))
            }
        }
    }

    fn release(&mut self, id: StepId) {
        let action = &self.plan.steps[id.index()].action;
        self.calls -= usize::from(!only_waits(action) && !is_stop(action));
        self.stops -= usize::from(is_stop(action));
        self.last_waits -= usize::from(self.is_last_wait(id));
        self.count_endpoints(id, -1);
    }

    /// Whether as many calls of a kind are under way as may be.
    fn is_full(&self, action: &Action) -> bool {
        match is_stop(action) {
            true => self.stops >= self.runner.settings.stops,
            false => self.calls >= self.runner.settings.parallel,
        }
    }

    /// A rename of a running container and calls that change endpoints must not run at once.
    ///
    /// Compat: engines before 29 write back the number of a network's endpoints as it was when the rename began; what
    /// came or went meanwhile is miscounted, and the network cannot be removed until the engine restarts
    /// (libnetwork, `endpointCnt.updateStore`).
    fn must_stand_back(&self, action: &Action) -> bool {
        match (is_rename(action), changes_endpoints(action)) {
            (true, _) => self.renames > 0 || self.endpoint_calls > 0,
            (_, true) => self.renames > 0,
            _ => false,
        }
    }

    fn count_endpoints(&mut self, id: StepId, by: isize) {
        let action = &self.plan.steps[id.index()].action;
        let (is_rename, changes) = (is_rename(action), changes_endpoints(action));
        self.renames = self.renames.saturating_add_signed(if is_rename { by } else { 0 });
        self.endpoint_calls = self.endpoint_calls.saturating_add_signed(if changes { by } else { 0 });
    }

    /// Whether a step is a wait that no other step waits for.
    fn is_last_wait(&self, id: StepId) -> bool {
        let is_wait = matches!(self.plan.steps[id.index()].action, Action::WaitFor { .. });
        is_wait && self.dependents[id.index()].is_empty()
    }

    fn ended(&mut self, id: StepId, result: Result<Success, Failed>, elapsed: Duration, ready: &mut BTreeSet<StepId>) {
        self.release(id);
        let step = &self.plan.steps[id.index()];
        match result {
            Ok(success) => {
                self.outcome.done += 1;
                self.states[id.index()] = State::Done;
                if let Action::StartContainer { container } = &step.action {
                    self.starts.insert(container.clone(), elapsed);
                }
                if let Action::StopContainer { container, .. } = &step.action
                    && success.has_stopped
                {
                    self.stopped.insert(container.clone());
                }
                if let Some(created) = success.created {
                    self.created.insert(id, created);
                }
                self.tell(id, StepState::Done { note: success.note, elapsed });
            }
            Err((error, details)) => {
                // An optional step's failure counts as an end like any other.
                self.states[id.index()] = if step.is_optional { State::Done } else { State::Failed };
                self.tell(id, StepState::Failed { message: message(&error), elapsed });
                let is_optional = step.is_optional;
                self.outcome.failures.push(StepFailure {
                    step: id,
                    target: step.target.clone(),
                    error,
                    details,
                    help: None,
                    is_optional,
                });
            }
        }
        self.settle(id, ready);
    }

    /// Looks at what waited for a step that has ended: it becomes ready, or is skipped with all that waits for it.
    fn settle(&mut self, ended: StepId, ready: &mut BTreeSet<StepId>) {
        let mut queue = vec![ended];
        while let Some(ended) = queue.pop() {
            for id in self.dependents[ended.index()].clone() {
                if self.states[id.index()] != State::Pending {
                    continue;
                }
                let step = &self.plan.steps[id.index()];
                let broken = step
                    .requires
                    .iter()
                    .find(|needed| matches!(self.states[needed.index()], State::Failed | State::Skipped));
                if let Some(broken) = broken.copied() {
                    let root = self.root_of(broken);
                    self.skip(id, Some(root));
                    queue.push(id);
                    queue.extend(self.doom(id, root));
                } else if step.requires.iter().chain(&step.after).all(|needed| self.states[needed.index()].has_ended())
                {
                    ready.insert(id);
                }
            }
        }
    }

    /// Returns the step that really failed, behind one that was skipped.
    fn root_of(&self, mut id: StepId) -> StepId {
        while self.states[id.index()] == State::Skipped {
            let step = &self.plan.steps[id.index()];
            match step
                .requires
                .iter()
                .find(|needed| matches!(self.states[needed.index()], State::Failed | State::Skipped))
            {
                Some(next) => id = *next,
                None => break,
            }
        }
        id
    }

    fn skip(&mut self, id: StepId, because: Option<StepId>) {
        self.outcome.skipped += 1;
        self.states[id.index()] = State::Skipped;
        self.tell(id, StepState::Skipped { because });
    }

    fn skip_pending(&mut self) {
        for index in 0..self.states.len() {
            let id = self.plan.steps[index].id;
            if self.states[index] == State::Pending && !self.is_half_committed(id) && !self.is_half_made_anew(id) {
                self.skip(id, None);
            }
        }
    }

    /// Whether a step removes an old container that cannot be given back any more, because others that would have to come
    /// back with it are being removed already.
    fn is_half_committed(&self, id: StepId) -> bool {
        let replacements = &self.plan.replacements;
        let Some(own) = replacements.iter().find(|one| one.commit == id) else { return false };
        let is_with_it = |other: &&Replacement| {
            (own.family.is_some() && other.family == own.family) || (own.undoes_group && other.group == own.group)
        };
        let mut together = replacements.iter().filter(is_with_it);
        together.any(|other| matches!(self.states[other.commit.index()], State::Running | State::Done))
    }

    /// Whether a step makes a network whose predecessor is gone: what was on it needs it to run again.
    fn is_half_made_anew(&self, id: StepId) -> bool {
        let step = &self.plan.steps[id.index()];
        let is_removed = |needed: &StepId| {
            matches!(self.plan.steps[needed.index()].action, Action::RemoveNetwork { .. })
                && matches!(self.states[needed.index()], State::Running | State::Done)
        };
        matches!(step.action, Action::CreateNetwork { .. }) && step.requires.iter().any(is_removed)
    }

    /// Drops what is still to be done for a replacement whose end, `commit`, is skipped; returns the steps skipped.
    fn doom(&mut self, commit: StepId, root: StepId) -> Vec<StepId> {
        let plan = self.plan;
        let Some(index) = plan.replacements.iter().position(|one| one.commit == commit) else { return Vec::new() };
        let steps = &plan.replacements[index].steps;
        let mut skipped = Vec::new();
        for id in steps {
            // A stop may serve others, too: networks that are made anew, ports that go to another service.
            let is_other = |dependent: &StepId| *dependent != commit && !steps.contains(dependent);
            let serves_others = self.dependents[id.index()].iter().any(is_other);
            let is_needed = takes_out(&plan.steps[id.index()].action) && serves_others;
            if self.states[id.index()] == State::Pending && !is_needed {
                self.skip(*id, Some(root));
                skipped.push(*id);
            }
        }
        self.doomed.values().filter(|(of, _)| *of == index).for_each(|(_, token)| token.cancel());
        skipped
    }

    /// Gives back replacements that cannot be finished, once none of their steps runs any more.
    fn undo_failed(&mut self) {
        for index in 0..self.plan.replacements.len() {
            if self.renames > 0 || self.calls >= self.runner.settings.parallel {
                return;
            }
            match self.undos.get(&index) {
                None if self.must_undo(index) && !self.waits_for_parent(index) => self.take_away(index),
                Some(Undo::Taken(_)) if !self.waits_for_family(index) && !self.waits_for_network(index) => {
                    self.give_back(index);
                }
                _ => {}
            }
        }
    }

    /// Begins what waits for each other in a circle: services may have changed sides in sharing a network. Returns whether
    /// there was anything.
    fn undo_deadlocked(&mut self) -> bool {
        for index in 0..self.plan.replacements.len() {
            match self.undos.get(&index) {
                None if self.must_undo(index) => self.take_away(index),
                Some(Undo::Taken(_)) => self.give_back(index),
                _ => continue,
            }
            return true;
        }
        false
    }

    fn take_away(&mut self, index: usize) {
        self.undos.insert(index, Undo::TakingAway);
        self.calls += 1;
        self.endpoint_calls += 1;
        let replacement = self.plan.replacements[index].clone();
        let was_started = self.may_be_started(&replacement);
        let (runner, created) = (self.runner.clone(), self.created.clone());
        self.tasks.spawn(async move {
            let taken = runner.take_away(&replacement, &created, was_started).await;
            Report::TakenAway { index, taken }
        });
    }

    fn give_back(&mut self, index: usize) {
        let Some(Undo::Taken(taken)) = self.undos.insert(index, Undo::GivingBack) else { return };
        self.calls += 1;
        self.endpoint_calls += 1;
        let mut replacement = self.plan.replacements[index].clone();
        let old = match self.may_be_stopped(&replacement) {
            _ if !replacement.was_running => Old::Stopped,
            true if self.stops(&replacement).any(|state| state == State::Failed) => Old::MayBeStopping,
            true => Old::WasStopped,
            false if self.has_lost_its_host(&replacement) => Old::LostItsHost,
            false => Old::Runs,
        };
        replacement.was_running &= matches!(old, Old::WasStopped | Old::MayBeStopping);
        let needs = match resolve(&replacement.new, &self.created) {
            None => self.needs(&replacement.old, &replacement.needs),
            // The new container was there, and could start only where that held.
            Some(_) => Vec::new(),
        };
        let (runner, created) = (self.runner.clone(), self.created.clone());
        self.tasks.spawn(async move {
            Report::Undo { index, undone: runner.give_back(&replacement, &created, taken, (old, needs)).await }
        });
    }

    /// A replacement is undone when it has begun, none of its steps runs, and its old container will not be removed.
    fn must_undo(&self, index: usize) -> bool {
        let replacement = &self.plan.replacements[index];
        let is_over = |id: &StepId| match self.states[id.index()] {
            State::Running => false,
            State::Pending => !takes_out(&self.plan.steps[id.index()].action),
            State::Done | State::Failed | State::Skipped => true,
        };
        let is_quiet = || replacement.steps.iter().all(is_over);
        self.states[replacement.commit.index()] == State::Skipped && self.has_begun(replacement) && is_quiet()
    }

    /// Whether anything was done for a replacement: here, or by an earlier run, which may have stopped the old container.
    fn has_begun(&self, replacement: &Replacement) -> bool {
        let is_begun = |id: &StepId| matches!(self.states[id.index()], State::Running | State::Done | State::Failed);
        matches!(replacement.new, ContainerRef::Existing(_)) || replacement.steps.iter().any(is_begun)
    }

    /// Whether a replacement whose namespaces or volumes this one shares must be given back first.
    fn waits_for_parent(&self, index: usize) -> bool {
        let parents = &self.plan.replacements[index].shares_with;
        let is_parent = |(_, replacement): &(usize, &Replacement)| parents.contains(&replacement.group);
        self.plan.replacements.iter().enumerate().filter(is_parent).any(|(parent, _)| match self.undos.get(&parent) {
            Some(Undo::Done) => false,
            Some(_) => true,
            None => self.must_undo(parent),
        })
    }

    /// Whether the new container of another in the family is yet to be taken away: it may hold what this one needs.
    fn waits_for_family(&self, index: usize) -> bool {
        let replacements = &self.plan.replacements;
        let Some(family) = &replacements[index].family else { return false };
        let others = replacements.iter().enumerate().filter(|(_, other)| other.family.as_ref() == Some(family));
        others.filter(|(other, _)| *other != index).any(|(other, replacement)| match self.undos.get(&other) {
            Some(Undo::TakingAway) => true,
            Some(_) => false,
            // What shares a namespace with another is given back after it, and not waited for.
            None => self.will_be_undone(other) && self.may_be_started(replacement) && !self.waits_for_parent(other),
        })
    }

    /// Whether a network that the old container must be connected to again is still to be made anew.
    fn waits_for_network(&self, index: usize) -> bool {
        let reconnects = &self.plan.replacements[index].reconnects;
        if reconnects.is_empty() {
            return false;
        }
        let is_open = |step: &Step| match &step.action {
            Action::CreateNetwork { spec, .. } => {
                !self.states[step.id.index()].has_ended() && reconnects.iter().any(|one| one.network == spec.name)
            }
            _ => false,
        };
        self.plan.steps.iter().any(is_open)
    }

    /// Whether a replacement will have to be undone, if not yet.
    fn will_be_undone(&self, index: usize) -> bool {
        let replacement = &self.plan.replacements[index];
        self.states[replacement.commit.index()] == State::Skipped && self.has_begun(replacement)
    }

    /// Whether the new container may ever have been started.
    fn may_be_started(&self, replacement: &Replacement) -> bool {
        let is_tried = |id: &StepId| {
            matches!(self.plan.steps[id.index()].action, Action::StartContainer { .. })
                && matches!(self.states[id.index()], State::Running | State::Done | State::Failed)
        };
        matches!(replacement.new, ContainerRef::Existing(_)) || replacement.steps.iter().any(is_tried)
    }

    /// Whether the old container may be stopped: by a step of ours, or by the run that began the replacement.
    fn may_be_stopped(&self, replacement: &Replacement) -> bool {
        let mut stops = self.stops(replacement).peekable();
        stops.peek().is_none() || stops.any(|state| matches!(state, State::Done | State::Failed))
    }

    /// Whether a container whose network the old one shares was stopped, and has been given back: it has another network.
    fn has_lost_its_host(&self, replacement: &Replacement) -> bool {
        let is_host = |(_, other): &(usize, &Replacement)| replacement.shares_with.contains(&other.group);
        let hosts = self.plan.replacements.iter().enumerate().filter(is_host);
        hosts.into_iter().any(|(index, host)| {
            matches!(self.undos.get(&index), Some(Undo::Done)) && host.was_running && self.may_be_stopped(host)
        })
    }

    /// Returns the states of the steps that stop the old container.
    fn stops(&self, replacement: &Replacement) -> impl Iterator<Item = State> {
        let old = ContainerRef::Existing(replacement.old.clone());
        let is_stop = move |id: &&StepId| matches!(&self.plan.steps[id.index()].action, Action::StopContainer { container, .. } if *container == old);
        replacement.steps.iter().filter(is_stop).map(|id| self.states[id.index()])
    }

    fn undo_ended(&mut self, index: usize, undone: Undone) {
        self.undos.insert(index, Undo::Done);
        self.calls -= 1;
        self.endpoint_calls -= 1;
        let replacement = &self.plan.replacements[index];
        if undone.is_restored {
            self.outcome.restored.push(replacement.target.clone());
        }
        self.outcome.leftovers.extend(undone.leftovers);
        for id in replacement.steps.clone() {
            if self.states[id.index()] == State::Done {
                self.tell(id, StepState::Undone);
            }
        }
    }

    fn tell(&mut self, id: StepId, state: StepState) {
        self.listener.on_event(&Event::Step { id, state });
    }

    fn finish(mut self, interrupt: &Interrupt) -> Outcome {
        self.outcome.interrupted = interrupt.received();
        self.tasks.abort_all();
        self.outcome
    }
}

/// Returns the waits for new containers of replacements, each with a token of its replacement.
fn waits_of_replacements(plan: &Plan, cancel: &CancellationToken) -> BTreeMap<StepId, (usize, CancellationToken)> {
    let mut waits = BTreeMap::new();
    for (index, replacement) in plan.replacements.iter().enumerate() {
        let token = cancel.child_token();
        let is_wait = |id: &&StepId| matches!(plan.steps[id.index()].action, Action::WaitFor { .. });
        waits.extend(replacement.steps.iter().filter(is_wait).map(|id| (*id, (index, token.clone()))));
    }
    waits
}

/// Whether a call mostly waits for the grace period of what it stops.
fn is_stop(action: &Action) -> bool {
    matches!(action, Action::StopContainer { .. } | Action::RestartContainer { .. })
}

/// Whether a step takes an old container out of the way: of its successor, or of a network that is made anew.
fn takes_out(action: &Action) -> bool {
    is_stop(action) || matches!(action, Action::DisconnectNetwork { .. })
}

fn is_rename(action: &Action) -> bool {
    matches!(action, Action::RenameContainer { .. })
}

/// Whether a call brings or takes endpoints of networks.
fn changes_endpoints(action: &Action) -> bool {
    matches!(
        action,
        Action::StartContainer { .. }
            | Action::StopContainer { .. }
            | Action::KillContainer { .. }
            | Action::RestartContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
    )
}

/// Returns an error's chain in one line.
fn message(error: &StepError) -> String {
    match error {
        StepError::Engine { source, .. } => format!("{error}: {}", source.message),
        error => error.to_string(),
    }
}
