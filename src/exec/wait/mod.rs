//! Waits: woken by events, decided by inspecting the container, limited in time, and with the reason of a failure.
//!
//! Start at [`Wait::run`]; `verdict` decides what an inspect means.

mod delay;
mod events;
pub(super) mod evidence;
mod probe;
mod shared_list;
mod verdict;

pub(super) use events::{Events, Wakeups};
pub(super) use shared_list::SharedList;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::no_answer;
use super::outcome::StepError;
use super::settings::ExecSettings;
use crate::engine::{ContainerDetails, EngineError, EngineHandle};
use crate::event::StepState;
use crate::model::{Condition, ContainerId, ContainerState, Health};
use crate::plan::{StepId, Target, Until, Verb};
use delay::Delay;
use events::End;
use verdict::{Goal, Verdict, derived_limit, judge};

/// Events can be lost with their connection, so a wait also inspects at intervals: at least this often.
const LOOK_AT_LEAST: Duration = Duration::from_secs(2);

/// A start that takes longer than this shows that the machine is busy.
const USUAL_START: Duration = Duration::from_secs(1);
/// The hold is the time that a container must stay up. On a busy machine it is extended by the part of the start beyond
/// [`USUAL_START`], up to this.
const LONGEST_HOLD: Duration = Duration::from_secs(2);

/// A failed wait: the error, and lines that help to understand it.
type Failed = (StepError, Vec<String>);

/// One wait for one container.
pub(super) struct Wait<'a> {
    pub engine: &'a EngineHandle,
    pub list: &'a SharedList,
    /// Cancelled once only final waits are left in the run; `None` for a wait that another step requires.
    pub others_done: Option<CancellationToken>,
    /// How long the container's start took; `None` if this run has not started it. After a slow start, the program in
    /// the container is slow to fail, too.
    pub start_took: Option<Duration>,
    pub settings: &'a ExecSettings,
    pub target: &'a Target,
    pub container: &'a ContainerId,
    pub until: Until,
    /// The limit that was asked for; `None` computes the limit from the container's health check.
    pub limit: Option<Duration>,
    pub step: StepId,
    pub progress: mpsc::Sender<(StepId, StepState)>,
}

impl Wait<'_> {
    /// Waits; returns the word for success (`Healthy`, `Exited`, `Started`), or the error with lines that help to
    /// understand it.
    pub(super) async fn run(&self, mut wakeups: Wakeups) -> Result<&'static str, Failed> {
        let begun = Instant::now();
        let Some(end) = self.first_hold(&mut wakeups, begun).await else { return Ok("Started") };
        wakeups.catch_up();
        let details = self.inspect().await?;
        // Without an observed end the restart count says nothing: the restarts may be old.
        if end == Some(End::Seen) && details.restart_count > 0 {
            let what = format!("keeps restarting (last exit code {})", details.exit_code);
            return Err(self.not_up(what, &details).await);
        }
        self.watch(begun, details, wakeups).await
    }

    /// Waits for the hold of a started container. Before its end only the end of the container matters. Returns `None`
    /// if the wait is over, because the container runs and has no health check; otherwise what is known about an end of
    /// the container.
    async fn first_hold(&self, wakeups: &mut Wakeups, begun: Instant) -> Option<Option<End>> {
        let hold = match self.until {
            // The container may be in a crash loop, which only its restart count shows.
            _ if self.start_took.is_none() => return Some(None),
            Until::Alive(hold) => hold,
            Until::Ready(hold) if self.runs_unchecked().await => hold,
            Until::Ready(_) | Until::Condition(_) => return Some(None),
        };
        let end = self.hold(wakeups, begun + self.longer(hold)).await;
        if end.is_none() && self.runs_unchecked().await { None } else { Some(end) }
    }

    /// Inspects again and again until the verdict is clear or the limit is reached.
    async fn watch(
        &self,
        begun: Instant,
        mut details: ContainerDetails,
        mut wakeups: Wakeups,
    ) -> Result<&'static str, Failed> {
        let first_restarts = details.restart_count;
        // Between two ends the restart policy makes the container look alive, so the container must hold once more.
        let mut steady_since = if first_restarts > 0 { Instant::now() } else { begun };
        let check = details.healthcheck.clone();
        let mut limit = self.limit.unwrap_or_else(|| derived_limit(self.until, check.as_ref(), self.settings.patience));
        let own = probe::Probe::new(self.engine, self.container, check.as_ref(), self.settings.own_probes);
        let (findings, mut delay) = (own.findings(), Delay::default());
        let own = own.passes();
        tokio::pin!(own);
        loop {
            let stopped = wakeups.is_told_to_end().then(|| verdict::stopped(&details)).flatten();
            let judged = stopped.unwrap_or_else(|| judge(self.until, &details, steady_since, first_restarts));
            let (what, look_at) = match judged {
                Verdict::Done(word) => return Ok(word),
                Verdict::Failed(what) => return Err(self.not_up(what, &details).await),
                Verdict::Pending { what, look_at } => (what, look_at),
            };
            let now = Instant::now();
            if now >= begun + limit {
                if self.limit.is_none() && self.has_recent_output(&details).await {
                    limit += self.settings.patience;
                    continue;
                }
                return Err((self.expired(limit), evidence::collect(self.engine, &details).await));
            }
            let reason = delay::reason(what, &details, &findings.failures());
            self.tell(format!("until {what}: {reason}"), (begun, limit), delay.is_due(&reason, begun)).await;
            let wants_health = what == Goal::Healthy && details.state == ContainerState::Running;
            let until = look_at.unwrap_or(now + LOOK_AT_LEAST).min(begun + limit);
            tokio::select! {
                biased;
                () = self.doze(&mut wakeups, until) => {}
                () = &mut own, if wants_health => return Ok("Healthy"),
            }
            let seen = self.inspect().await?;
            if seen.restart_count != details.restart_count {
                steady_since = Instant::now();
            }
            details = seen;
        }
    }

    /// Returns how long the container must hold. On a busy machine longer, because the program starts late and fails
    /// late.
    fn longer(&self, hold: Duration) -> Duration {
        hold.max(self.start_took.unwrap_or_default().saturating_sub(USUAL_START).min(LONGEST_HOLD))
    }

    /// Waits for the end of the hold. A final wait also waits for the rest of the run, so that all final waits can end
    /// with one list. Returns what is known about an end of the container; `None` if it held.
    async fn hold(&self, wakeups: &mut Wakeups, until: Instant) -> Option<End> {
        if self.others_done.is_some() {
            self.list.join(until);
        }
        let pass = async {
            tokio::time::sleep_until(until).await;
            if let Some(others_done) = &self.others_done {
                others_done.cancelled().await;
                tokio::time::sleep_until(self.list.latest()).await;
            }
        };
        tokio::select! {
            biased;
            end = wakeups.end() => Some(end),
            () = pass => None,
        }
    }

    /// Returns whether a list shows the container running and without a health check: then an inspect is not needed.
    async fn runs_unchecked(&self) -> bool {
        let found = no_answer::reported(self.step, &self.progress, self.list.find(self.container)).await;
        // If the list failed, the inspect that follows decides.
        matches!(found, Ok(Some(one)) if one.state == ContainerState::Running && one.health == Health::None)
    }

    /// Sleeps until an event of the container, and until the given moment at the latest.
    async fn doze(&self, wakeups: &mut Wakeups, until: Instant) {
        tokio::select! {
            biased;
            () = wakeups.next() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    async fn inspect(&self) -> Result<ContainerDetails, Failed> {
        no_answer::reported(self.step, &self.progress, self.engine.inspect_container(self.container.as_str()))
            .await
            .map_err(|source| (self.engine_error(source), Vec::new()))
    }

    fn engine_error(&self, source: EngineError) -> StepError {
        if source.is_not_found() {
            return StepError::NotUp {
                target: self.target.clone(),
                what: "was removed while it was waited for".to_owned(),
                start_failure: None,
            };
        }
        StepError::Engine { verb: Verb::Wait, target: self.target.clone(), source }
    }

    async fn not_up(&self, what: String, details: &ContainerDetails) -> Failed {
        let error = StepError::NotUp { target: self.target.clone(), what, start_failure: details.start_failure };
        (error, evidence::collect(self.engine, details).await)
    }

    fn expired(&self, limit: Duration) -> StepError {
        StepError::WaitExpired { target: self.target.clone(), until: self.until.to_string(), limit }
    }

    /// Returns whether the limit of a job begins anew: a job that prints is working, so its limit counts from its last
    /// line.
    async fn has_recent_output(&self, details: &ContainerDetails) -> bool {
        self.until == Until::Condition(Condition::CompletedSuccessfully)
            && details.state == ContainerState::Running
            && evidence::printed_within(self.engine, &details.id, details.is_tty, self.settings.patience).await
    }

    /// Reports why the wait goes on, and for how long it may. `is_due`: report in any case.
    async fn tell(&self, why: String, (begun, limit): (Instant, Duration), is_due: bool) {
        let left = (begun + limit).saturating_duration_since(Instant::now());
        let text = format!("{why}; gives up in {} s", left.as_secs());
        let state = match is_due {
            true => StepState::Delayed(text),
            false => StepState::Progress { text, current: None, total: None },
        };
        // The receiver is closed only when the run is over.
        let _ = self.progress.send((self.step, state)).await;
    }
}
