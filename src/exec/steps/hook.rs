//! Hooks: commands of a service that run in its container, within a limit.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::{EngineError, ErrorKind, ExecSpec};
use crate::event::StepState;
use crate::exec::outcome::StepError;
use crate::exec::runner::{Failed, Runner};
use crate::exec::wait::evidence;
use crate::model::{ContainerId, Hook};
use crate::plan::{HookPhase, Step, Verb};
use crate::text::escape_controls;

/// How many lines of a failed hook's output are shown.
const LINES: usize = 10;

impl Runner {
    /// Runs a hook to its end, to its limit, or to the first signal. The engine cannot end a command, so the command of
    /// a hook that is given up may go on in the container, and the error says so.
    pub(super) async fn hook(
        &self,
        step: &Step,
        id: &ContainerId,
        (hook, phase): (&Hook, HookPhase),
        cancel: &CancellationToken,
    ) -> Result<(), Failed> {
        let spec = ExecSpec::from(hook);
        let target = step.target.clone();
        let given_up = |after: Option<Duration>| (StepError::HookGivenUp { target, phase, after }, Vec::new());
        let limit = self.settings.hook_limit;
        let result = tokio::select! {
            biased;
            result = self.engine.exec(id, &spec) => result,
            () = cancel.cancelled() => return Err(given_up(None)),
            () = tokio::time::sleep(limit) => return Err(given_up(Some(limit))),
        };
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(source) => return Err(self.not_run(step, id, phase, source).await),
        };
        let lines: Vec<String> = outcome.output.lines().map(|line| escape_controls(line).into_owned()).collect();
        if outcome.exit_code == 0 {
            for line in lines {
                // The receiver is closed only when the run is over.
                let _ = self.progress.send((step.id, StepState::Output(line))).await;
            }
            return Ok(());
        }
        let skip = lines.len().saturating_sub(LINES);
        let error = StepError::Hook { target: step.target.clone(), phase, code: outcome.exit_code };
        Err((error, lines.into_iter().skip(skip).collect()))
    }

    /// Returns why the engine did not run a hook. If the container ended by itself before its `post_start` hook, no other
    /// run has changed anything, so this must not lead to another round: a later look may find the container between
    /// two restarts, running.
    async fn not_run(&self, step: &Step, id: &ContainerId, phase: HookPhase, source: EngineError) -> Failed {
        if phase == HookPhase::PostStart
            && source.kind == ErrorKind::Conflict
            && let Ok(details) = self.engine.inspect_container(id.as_str()).await
        {
            let what = format!("ended before its {phase} hook could run (exit code {})", details.exit_code);
            let error = StepError::NotUp { target: step.target.clone(), what, start_failure: None };
            return (error, evidence::collect(&self.engine, &details).await);
        }
        let unknown = "whether the command has run, and with which end, is not known".to_owned();
        let details = if source.is_uncertain() { vec![unknown] } else { Vec::new() };
        (StepError::Engine { verb: Verb::Run, target: step.target.clone(), source }, details)
    }
}
