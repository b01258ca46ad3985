//! Owns the state of a run and decides what happens next.
//!
//! - `state`: what the run knows;
//! - `ready`: which step starts, which step is skipped;
//! - `undo`: which replacement is undone, and when;
//! - `leave`: how long the run waits for the engine after the first signal, and what it leaves under way;
//! - `resume`: containers that the plan stops for a moment and whose start the run does not reach;
//! - `recheck`: the last look of a run in which a reply was lost.

mod leave;
mod ready;
mod recheck;
mod resume;
mod state;
mod undo;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::interrupt::Interrupt;
use super::outcome::{Outcome, StepError, StepFailure};
use super::outputs::Output;
use super::runner::{Failed, Runner, Success, resolve};
use super::settings::ExecSettings;
use super::wait::{Events, SharedList};
use crate::engine::EngineHandle;
use crate::event::{Event, Listener, StepHeader, StepState};
use crate::model::{ContainerId, RestartPolicy};
use crate::plan::{Action, ContainerRef, Effect, Plan, Step, StepId, Until, describe};
use leave::Patience;
use state::{Ended, Report, Run, State, Undo, dependents};

/// Runs a plan to its end and returns the outcome. `listener` gets the events in one order.
pub async fn run(
    plan: &Plan,
    engine: EngineHandle,
    settings: ExecSettings,
    listener: &mut dyn Listener,
    interrupt: &Interrupt,
) -> Outcome {
    let begun = Instant::now();
    listener.on_event(&Event::Planned { steps: plan.steps.iter().map(header).collect(), is_dry_run: false });
    let events = if needs_events(plan) { subscribe(&engine, plan, interrupt).await } else { None };
    let (sender, receiver) = mpsc::channel(1024);
    let list = Arc::new(SharedList::new(engine.clone(), &plan.project));
    let runner = Runner {
        engine,
        settings,
        project: plan.project.clone(),
        events: Arc::new(events),
        list,
        others_done: CancellationToken::new(),
        given_up: Arc::new(given_up(plan)),
        lost_replies: Arc::default(),
        progress: sender,
    };
    if let Some(outputs) = &runner.settings.outputs {
        outputs.begin(plan);
    }
    let mut run = Run::new(plan, runner, receiver, listener);
    if run.drive(interrupt).await == Ended::Whole {
        run.look_once_more(interrupt).await;
    }
    let outcome = run.finish(interrupt);
    listener.on_event(&Event::Finished { elapsed: begun.elapsed() });
    outcome
}

/// Returns what listeners need to know about a step.
fn header(step: &Step) -> StepHeader {
    StepHeader {
        id: step.id,
        target: step.target.clone(),
        verb: describe(&step.action),
        reason: step.reason.to_string(),
        requires: step.requires.clone(),
    }
}

/// Returns whether a run needs events: a step waits for a container, or a restart policy may start a container again
/// and again.
fn needs_events(plan: &Plan) -> bool {
    let dependents = dependents(plan);
    plan.steps.iter().any(|step| match &step.action {
        // An existing container may be in a crash loop, which an inspect alone does not show.
        Action::WaitFor { container: ContainerRef::Existing(_), .. } => true,
        Action::WaitFor { until, .. } => !matches!(until, Until::Alive(_)) || !dependents[step.id.index()].is_empty(),
        Action::CreateContainer { spec, .. } => spec.restart != RestartPolicy::No,
        // The plan does not know the restart policy of an existing container.
        Action::StartContainer { container: ContainerRef::Existing(_) } => true,
        _ => false,
    })
}

/// Subscribes to events; `None` if a signal comes before the engine has answered: then no step begins.
async fn subscribe(engine: &EngineHandle, plan: &Plan, interrupt: &Interrupt) -> Option<Events> {
    tokio::select! {
        biased;
        events = Events::subscribe(engine.clone(), &plan.project) => Some(events),
        _ = interrupt.first() => None,
    }
}

/// Returns the containers that a plan removes together with their anonymous volumes.
fn given_up(plan: &Plan) -> BTreeSet<ContainerId> {
    let removed = plan.steps.iter().filter_map(|step| match &step.action {
        Action::RemoveContainer { container: ContainerRef::Existing(id), volumes: true, .. } => Some(id.clone()),
        _ => None,
    });
    removed.collect()
}

impl Run<'_> {
    /// Starts steps and takes their reports. Ends when no task runs and no step is left, when the engine is silent for
    /// too long after the first signal, or at the second signal.
    async fn drive(&mut self, interrupt: &Interrupt) -> Ended {
        let mut patience = Patience::default();
        loop {
            if interrupt.received().is_some() {
                patience.begin();
                self.cancel.cancel();
                self.skip_pending();
            }
            self.start();
            self.undo_failed();
            if self.tasks.is_empty() && !self.undo_deadlocked() && !self.resume_next() {
                return Ended::Whole;
            }
            if self.tasks.len() == self.final_waits && self.ready.is_empty() {
                // From now on no step requires the waits that run. (A token, because it wakes its waiters in the order
                // of waiting: a seed of the simulation must replay to the byte. A watch channel has no order.)
                self.runner.others_done.cancel();
            }
            tokio::select! {
                biased;
                () = interrupt.second() => return self.leave(),
                Some((id, state)) = self.progress.recv() => self.tell(id, state),
                Some(report) = self.tasks.join_next() => {
                    if self.puts_right(&report) {
                        patience.renew();
                    }
                    self.take(report);
                }
                () = patience.over() => return self.leave(),
                _ = interrupt.first(), if interrupt.received().is_none() => {}
            }
        }
    }

    /// Checks work again that a lost reply has made uncertain. After a signal only for a short time.
    async fn look_once_more(&mut self, interrupt: &Interrupt) {
        let look = async {
            if interrupt.received().is_none() {
                self.recheck().await;
            }
            self.start_restored_again().await;
        };
        tokio::select! {
            biased;
            () = look => {}
            () = leave::is_over(interrupt) => {}
        }
    }

    /// Takes the report of a task.
    fn take(&mut self, report: Result<Report, JoinError>) {
        // The progress of a step is shown before its end.
        while let Ok((id, state)) = self.progress.try_recv() {
            self.tell(id, state);
        }
        match report {
            Ok(Report::Step { id, result, elapsed }) => self.ended(id, result, elapsed),
            Ok(Report::CutOff(id)) => {
                self.release(id);
                self.skip(id, None);
                self.settle(id);
            }
            Ok(Report::NewEnded { index, ending }) => {
                self.end_call();
                self.undos.insert(index, Undo::NewEnded(ending));
            }
            Ok(Report::Undone { index, undone }) => self.undo_ended(index, undone),
            Ok(Report::Resumed { start, left, elapsed }) => self.resume_ended(start, left, elapsed),
            // Each task catches its own panics (`panics`), so this is a task that was aborted.
            Err(error) => {
                let words = format!("internal: a task ended without a report ({error}); please report this");
                self.outcome.leftovers.push(words);
            }
        }
    }

    fn ended(&mut self, id: StepId, result: Result<Success, Failed>, elapsed: Duration) {
        self.release(id);
        let is_done = result.is_ok();
        match result {
            Ok(success) => self.succeeded(id, success, elapsed),
            Err(failed) => self.failed(id, failed, elapsed),
        }
        self.tell_begun(id, is_done);
        self.settle(id);
    }

    /// Tells the reader of output that the start of a container has been reported: now its lines may be shown.
    fn tell_begun(&self, id: StepId, is_started: bool) {
        let Some(outputs) = &self.runner.settings.outputs else { return };
        let is_start = matches!(self.effect(id), Effect::Started | Effect::Restarted);
        if let Some(container) = self.action(id).container().filter(|_| is_start)
            && let Some(container) = resolve(container, &self.created)
        {
            outputs.tell(Output::Begun { container, is_started });
        }
    }

    fn succeeded(&mut self, id: StepId, success: Success, elapsed: Duration) {
        self.outcome.done += 1;
        self.states[id.index()] = State::Done;
        if let Some(container) = self.action(id).container() {
            match self.effect(id) {
                Effect::Started => {
                    self.starts.insert(container.clone(), elapsed);
                }
                Effect::Stopped if success.has_stopped => {
                    self.stopped.insert(container.clone());
                }
                _ => {}
            }
        }
        if let Some(created) = success.created {
            self.created.insert(id, created);
        }
        let target = &self.plan.steps[id.index()].target;
        let warning = |words: String| format!("{words}: configs and secrets of {target} belong to root instead");
        self.outcome.unknown_owners.extend(success.unknown_owners.into_iter().map(warning));
        self.tell(id, StepState::Done { note: success.note, elapsed });
    }

    fn failed(&mut self, id: StepId, (error, details): Failed, elapsed: Duration) {
        let step = &self.plan.steps[id.index()];
        // Steps that wait for an optional step begin also after its failure.
        self.states[id.index()] = if step.is_optional { State::Done } else { State::Failed };
        self.tell(id, StepState::Failed { message: message(&error), elapsed });
        self.outcome.failures.push(StepFailure {
            step: id,
            target: step.target.clone(),
            error,
            details,
            help: None,
            is_optional: step.is_optional,
        });
    }

    fn finish(mut self, interrupt: &Interrupt) -> Outcome {
        self.outcome.interrupted = interrupt.received();
        self.outcome.has_lost_a_reply = self.runner.has_lost_a_reply();
        self.tasks.abort_all();
        self.outcome
    }
}

/// Returns an error and its cause in one line.
fn message(error: &StepError) -> String {
    match error {
        StepError::Engine { source, .. } => format!("{error}: {}", source.message),
        error => error.to_string(),
    }
}
