//! The end of a run after the first signal: how long the run waits for the engine, and what it leaves under way.
//!
//! A stop is the engine's to finish: the engine goes on with it when its client is gone. A call without an answer may have
//! happened. So the run waits for a short time only, says what may still be under way, and counts as uncertain: the next run
//! looks at what has come of it. Example: Ctrl-C during `down`, while `web` uses its grace period of 30 s. The run ends soon; the engine ends `web`, and the next `down` removes it.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

use super::state::{Ended, Report, Run, State, Undo};
use crate::event::StepState;
use crate::exec::interrupt::Interrupt;
use crate::plan::{OnSignal, StepId, describe};

/// How long a run waits after the first signal, and after each container that it has brought back since. With the end of the
/// program, which takes a moment, people wait for 3 s at most.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How long a run still waits for the engine. Without a signal, for ever.
#[derive(Debug, Default)]
pub(super) struct Patience(Option<Instant>);

impl Patience {
    /// Begins with the first signal; later calls change nothing.
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_with(|| Instant::now() + PATIENCE);
    }

    /// Begins anew, where a signal has come: the engine answers, and containers come back.
    pub(super) fn renew(&mut self) {
        if let Some(end) = &mut self.0 {
            *end = Instant::now() + PATIENCE;
        }
    }

    /// Waits for its end.
    pub(super) async fn over(&self) {
        match self.0 {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

/// Waits until a run that has nothing left to do but to look need not wait for the engine any longer.
pub(super) async fn is_over(interrupt: &Interrupt) {
    interrupt.first().await;
    tokio::select! {
        () = interrupt.second() => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
}

impl Run<'_> {
    /// Whether a report tells of work that puts the project right after a signal: an undo, a start that the run owes, or what
    /// would leave the project half changed. The end of a step that ran at the signal is none: of many stops one ends after
    /// the other.
    pub(super) fn puts_right(&self, report: &Result<Report, JoinError>) -> bool {
        match report {
            Ok(Report::NewEnded { .. } | Report::Undone { .. } | Report::Resumed { .. }) => true,
            Ok(Report::Step { id, .. }) => self.is_half_committed(*id) || self.is_half_made_anew(*id),
            Ok(Report::CutOff(_)) | Err(_) => false,
        }
    }

    /// Leaves behind what still runs, and says what that is.
    pub(super) fn leave(&mut self) -> Ended {
        while let Ok((id, state)) = self.progress.try_recv() {
            self.tell(id, state);
        }
        let plan = self.plan;
        let is_left = |id: &StepId| self.state(*id) == State::Running && self.nature(*id).on_signal != OnSignal::CutOff;
        let running: Vec<StepId> = plan.steps.iter().map(|step| step.id).filter(is_left).collect();
        for id in running {
            let step = &plan.steps[id.index()];
            self.outcome.under_way.push(format!("{} {}", describe(&step.action).plain(), step.target));
            self.tell(
                id,
                StepState::Output("not waited for any longer; the engine may still be at work on it".to_owned()),
            );
        }
        for (index, replacement) in plan.replacements.iter().enumerate() {
            let is_half_done = match self.undos.get(&index) {
                Some(Undo::Done) => false,
                Some(_) => true,
                None => self.will_be_undone(index),
            };
            if is_half_done {
                self.outcome.under_way.push(format!("replace {}", replacement.target));
            }
        }
        while let Some(stopped) = self.next_stopped() {
            let start = stopped.start;
            self.resumed.insert(start);
            self.outcome.under_way.push(format!("start {} again", plan.steps[start.index()].target));
        }
        Ended::Left
    }
}
