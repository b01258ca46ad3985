//! The end of a run after the first signal: how long the run waits for the engine, and what it leaves under way.
//!
//! The engine goes on with a stop when its client has gone. A call without an answer may have happened. So the run
//! waits only for a short time, says what may still be under way, and counts as uncertain: the next run looks at the
//! result. Example: Ctrl-C during `down`, while `web` uses its grace period of 30 s. The run ends soon; the engine
//! stops `web`, and the next `down` removes it.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

use super::state::{Ended, Report, Run, State, Undo};
use crate::event::StepState;
use crate::exec::interrupt::Interrupt;
use crate::plan::{OnSignal, StepId, describe};

/// How long a run waits after the first signal, and again after each container that it has brought back since. With the
/// end of the program itself, the user waits for 3 s at most.
const PATIENCE: Duration = Duration::from_millis(2500);

/// When the run stops waiting for the engine. Without a signal: never.
#[derive(Debug, Default)]
pub(super) struct Patience(Option<Instant>);

impl Patience {
    /// Begins with the first signal; later calls have no effect.
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_with(|| Instant::now() + PATIENCE);
    }

    /// Begins again, if a signal has come: the engine answers, and containers come back.
    pub(super) fn renew(&mut self) {
        if let Some(end) = &mut self.0 {
            *end = Instant::now() + PATIENCE;
        }
    }

    /// Waits for the end of the patience.
    pub(super) async fn over(&self) {
        match self.0 {
            Some(end) => tokio::time::sleep_until(end).await,
            None => std::future::pending().await,
        }
    }
}

/// For the last look of a run: waits until the run need not wait for the engine any longer.
pub(super) async fn is_over(interrupt: &Interrupt) {
    interrupt.first().await;
    tokio::select! {
        () = interrupt.second() => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
}

impl Run<'_> {
    /// Returns whether a report is about repair work after a signal: an undo, a start that the run owes, or a step that
    /// would leave the project half changed. A step that ran at the signal is not repair work: of many stops, one would
    /// end after the other.
    pub(super) fn puts_right(&self, report: &Result<Report, JoinError>) -> bool {
        match report {
            Ok(Report::NewEnded { .. } | Report::Undone { .. } | Report::Resumed { .. }) => true,
            Ok(Report::Step { id, .. }) => self.is_half_committed(*id) || self.is_half_made_anew(*id),
            Ok(Report::CutOff(_)) | Err(_) => false,
        }
    }

    /// Leaves the running tasks behind, and notes what they were doing.
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
