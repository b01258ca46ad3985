//! Waits: woken by events, decided by inspect, bounded by a deadline, and able to say why they failed.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hub::Wakeups;
use super::outcome::StepError;
use super::roll::RollCall;
use super::{ExecSettings, look, probe, silence};
use crate::engine::{ContainerDetails, EngineError, EngineHandle};
use crate::event::StepState;
use crate::model::{Condition, ContainerId, ContainerState, Health, Healthcheck};
use crate::plan::Verb;
use crate::plan::{StepId, Target, Until};

/// So many restarts during one wait are a crash loop.
const CRASH_LOOP: u64 = 3;
/// Events can be lost with their connection, so a wait also looks by the clock.
const LOOK_AT_LEAST: Duration = Duration::from_secs(2);

/// A start that takes longer than this tells of a busy machine.
const USUAL_START: Duration = Duration::from_secs(1);
/// A hold grows with the time that the start took beyond that, up to this.
const LONGEST_HOLD: Duration = Duration::from_secs(2);

/// One wait.
pub(super) struct Wait<'a> {
    pub engine: &'a EngineHandle,
    pub roll: &'a RollCall,
    /// Cancelled when nothing of the run is left but waits like this one; `None` for a wait that others wait for.
    pub quiet: Option<CancellationToken>,
    /// How long the container's start took: where that is long, what it runs is slow to fail, too.
    pub start_took: Duration,
    pub settings: &'a ExecSettings,
    pub target: &'a Target,
    pub container: &'a ContainerId,
    pub until: Until,
    pub limit: Option<Duration>,
    pub step: StepId,
    pub progress: mpsc::Sender<(StepId, StepState)>,
}

/// What a look at the container says.
#[derive(Debug)]
enum Verdict {
    Done(&'static str),
    Failed(String),
    /// Not yet; look again at the latest then.
    Pending {
        what: &'static str,
        look_at: Option<Instant>,
    },
}

impl Wait<'_> {
    /// Waits; returns the word for success (`Healthy`, `Exited`, `Running`), or the error with what helps to understand it.
    pub(super) async fn run(&self, mut wakeups: Wakeups) -> Result<&'static str, (StepError, Vec<String>)> {
        let begun = Instant::now();
        let mut has_died = false;
        match self.until {
            Until::Alive(hold) => {
                // It has just been started: nothing to see before the hold is over, unless it ends.
                has_died = self.hold(&mut wakeups, begun + self.longer(hold)).await;
                if !has_died && self.runs_unchecked().await {
                    return Ok("Started");
                }
            }
            Until::Ready(hold) if self.runs_unchecked().await => {
                has_died = self.hold(&mut wakeups, begun + self.longer(hold)).await;
                if !has_died && self.runs_unchecked().await {
                    return Ok("Started");
                }
            }
            Until::Ready(_) | Until::Condition(_) => {}
        }
        let mut details = self.inspect().await?;
        if has_died && details.restart_count > 0 {
            let what = format!("keeps restarting (last exit code {})", details.exit_code);
            let error = StepError::NotUp { target: self.target.clone(), what };
            return Err((error, look::autopsy(self.engine, &details).await));
        }
        let first_restarts = details.restart_count;
        // Its restart policy has been at work since it was started: between two ends it looks alive, so it must hold anew.
        let mut steady_since = if first_restarts > 0 { Instant::now() } else { begun };
        let mut limit = self
            .limit
            .unwrap_or_else(|| derived_limit(self.until, details.healthcheck.as_ref(), self.settings.patience));
        let own =
            probe::Probe::new(self.engine, self.container, details.healthcheck.as_ref(), self.settings.own_probes);
        let own = own.passes();
        tokio::pin!(own);
        loop {
            let (what, look_at) = match self.judge(&details, steady_since, first_restarts) {
                Verdict::Done(word) => return Ok(word),
                Verdict::Failed(what) => {
                    let error = StepError::NotUp { target: self.target.clone(), what };
                    return Err((error, look::autopsy(self.engine, &details).await));
                }
                Verdict::Pending { what, look_at } => (what, look_at),
            };
            let now = Instant::now();
            if now >= begun + limit {
                if self.limit.is_none() && self.has_recent_output(&details).await {
                    limit += self.settings.patience;
                    continue;
                }
                return Err((self.expired(limit), look::autopsy(self.engine, &details).await));
            }
            self.tell(what, limit, &details).await;
            let wants_health = what == "healthy" && details.state == ContainerState::Running;
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

    /// A busy machine takes its time to run what it has started, and to see it fail.
    fn longer(&self, hold: Duration) -> Duration {
        hold.max(self.start_took.saturating_sub(USUAL_START).min(LONGEST_HOLD))
    }

    /// Lets the hold pass, and what else the run does where nobody waits for this; returns whether the container ended.
    async fn hold(&self, wakeups: &mut Wakeups, until: Instant) -> bool {
        if self.quiet.is_some() {
            self.roll.join(until);
        }
        let pass = async {
            tokio::time::sleep_until(until).await;
            if let Some(quiet) = &self.quiet {
                quiet.cancelled().await;
                tokio::time::sleep_until(self.roll.latest()).await;
            }
        };
        tokio::select! {
            biased;
            () = wakeups.end() => true,
            () = pass => false,
        }
    }

    /// Whether a list shows the container running and without a health check: then there is nothing more to ask.
    async fn runs_unchecked(&self) -> bool {
        let found = silence::told(self.step, &self.progress, self.roll.look(self.container)).await;
        // A list that failed is no verdict: the inspect that follows decides.
        matches!(found, Ok(Some(one)) if one.state == ContainerState::Running && one.health == Health::None)
    }

    async fn doze(&self, wakeups: &mut Wakeups, until: Instant) {
        tokio::select! {
            biased;
            () = wakeups.next() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    async fn inspect(&self) -> Result<ContainerDetails, (StepError, Vec<String>)> {
        silence::told(self.step, &self.progress, self.engine.inspect_container(self.container.as_str()))
            .await
            .map_err(|source| (self.engine_error(source), Vec::new()))
    }

    fn engine_error(&self, source: EngineError) -> StepError {
        if source.is_not_found() {
            return StepError::NotUp {
                target: self.target.clone(),
                what: "was removed while it was waited for".to_owned(),
            };
        }
        StepError::Engine { verb: Verb::Wait, target: self.target.clone(), source }
    }

    fn expired(&self, limit: Duration) -> StepError {
        StepError::WaitExpired { target: self.target.clone(), until: self.until.to_string(), limit }
    }

    fn judge(&self, details: &ContainerDetails, steady_since: Instant, first_restarts: u64) -> Verdict {
        if details.restart_count >= first_restarts + CRASH_LOOP {
            return Verdict::Failed(format!("restarts again and again (last exit code {})", details.exit_code));
        }
        // Waits come after starts, and an engine that says "started" has done it. What has not begun will not begin.
        if details.state == ContainerState::Created && details.error.is_empty() {
            return Verdict::Failed("was not started, though the engine said so".to_owned());
        }
        match self.until {
            Until::Condition(Condition::CompletedSuccessfully) => completed(details),
            Until::Condition(Condition::Healthy) => healthy(details, true),
            Until::Ready(_) if details.healthcheck.is_some() => healthy(details, false),
            Until::Condition(Condition::Started) => alive(details, steady_since),
            Until::Alive(hold) | Until::Ready(hold) => alive(details, steady_since + hold),
        }
    }

    /// A job that prints is at work: its limit counts from its last line.
    async fn has_recent_output(&self, details: &ContainerDetails) -> bool {
        self.until == Until::Condition(Condition::CompletedSuccessfully)
            && details.state == ContainerState::Running
            && look::printed_within(self.engine, &details.id, details.is_tty, self.settings.patience).await
    }

    async fn tell(&self, what: &'static str, limit: Duration, details: &ContainerDetails) {
        let mut text = format!("until {what}, at most {} s", limit.as_secs());
        if let Some(last) = details.probes.last().filter(|probe| probe.exit_code != 0) {
            let line: String = crate::text::one_line(&last.output).chars().take(80).collect();
            text.push_str(&format!("; last check ended with {}: {line}", last.exit_code));
        }
        let state = StepState::Progress { text, current: None, total: None };
        // The owner has gone only when the run is over.
        let _ = self.progress.send((self.step, state)).await;
    }
}

fn healthy(details: &ContainerDetails, is_demanded: bool) -> Verdict {
    match (details.state, details.health) {
        (ContainerState::Running, Health::Healthy) => Verdict::Done("Healthy"),
        (ContainerState::Running, Health::Unhealthy) => Verdict::Failed("is unhealthy".to_owned()),
        (ContainerState::Running, Health::None) if is_demanded && details.healthcheck.is_none() => {
            Verdict::Failed("has no health check, but a dependent waits for it to be healthy".to_owned())
        }
        (ContainerState::Exited, _) if !is_demanded && has_finished(details) => Verdict::Done("Exited"),
        (ContainerState::Exited | ContainerState::Dead | ContainerState::Removing, _) => {
            Verdict::Failed(exited(details))
        }
        _ => Verdict::Pending { what: "healthy", look_at: None },
    }
}

fn completed(details: &ContainerDetails) -> Verdict {
    match details.state {
        ContainerState::Exited if details.exit_code == 0 => Verdict::Done("Exited"),
        ContainerState::Exited | ContainerState::Dead | ContainerState::Removing => Verdict::Failed(exited(details)),
        _ => Verdict::Pending { what: "completed", look_at: None },
    }
}

fn alive(details: &ContainerDetails, hold: Instant) -> Verdict {
    match details.state {
        ContainerState::Running | ContainerState::Paused if Instant::now() >= hold => Verdict::Done("Started"),
        ContainerState::Running | ContainerState::Paused => Verdict::Pending { what: "running", look_at: Some(hold) },
        ContainerState::Exited if has_finished(details) => Verdict::Done("Exited"),
        ContainerState::Restarting => Verdict::Failed(format!("keeps restarting (exit code {})", details.exit_code)),
        _ => Verdict::Failed(exited(details)),
    }
}

/// Whether its work is done. What its restart policy keeps up never is: somebody has stopped it.
fn has_finished(details: &ContainerDetails) -> bool {
    details.exit_code == 0 && details.error.is_empty() && !details.is_kept_up
}

fn exited(details: &ContainerDetails) -> String {
    match details.state {
        ContainerState::Exited if details.is_kept_up && details.exit_code == 0 => {
            "was stopped while it was waited for".to_owned()
        }
        ContainerState::Exited | ContainerState::Dead => format!("exited with code {}", details.exit_code),
        state => format!("is {}", state.as_str()),
    }
}

/// A health check has its own schedule: by its end the engine has a verdict; a margin covers slow probes.
fn derived_limit(until: Until, healthcheck: Option<&Healthcheck>, patience: Duration) -> Duration {
    let wants_health = matches!(until, Until::Condition(Condition::Healthy) | Until::Ready(_));
    let Some(check) = healthcheck.filter(|_| wants_health) else { return patience };
    let seconds = |value: Option<Duration>, default: u64| value.unwrap_or(Duration::from_secs(default));
    let round = seconds(check.interval, 30) + seconds(check.timeout, 30);
    let rounds = round.saturating_mul(check.retries.unwrap_or(3).saturating_add(1));
    seconds(check.start_period, 0)
        .saturating_add(rounds)
        .saturating_add(Duration::from_secs(30))
        .clamp(Duration::from_secs(60), patience.max(Duration::from_secs(60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_health_check_and_is_never_endless() {
        let patience = Duration::from_secs(600);
        let check = Healthcheck {
            interval: Some(Duration::from_secs(10)),
            timeout: Some(Duration::from_secs(5)),
            retries: Some(3),
            ..Healthcheck::default()
        };
        let until = Until::Condition(Condition::Healthy);
        assert_eq!(derived_limit(until, Some(&check), patience), Duration::from_secs(90));
        let endless = Healthcheck { start_period: Some(Duration::from_secs(86_400)), ..check };
        assert_eq!(derived_limit(until, Some(&endless), patience), patience);
        assert_eq!(derived_limit(Until::Condition(Condition::CompletedSuccessfully), None, patience), patience);
    }
}
