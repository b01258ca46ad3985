//! What an inspect of a container means for a wait: done, failed, or not yet.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::ContainerDetails;
use crate::model::{Condition, ContainerState, Health, Healthcheck};
use crate::plan::Until;

/// This many restarts during one wait are a crash loop.
const CRASH_LOOP: u64 = 3;

const STOPPED: &str = "was stopped while it was waited for";

/// The meaning of an inspect.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The wait is over; the word says how: `Healthy`, `Exited`, `Started`.
    Done(&'static str),
    /// The container cannot reach the state any more. The text follows its name: `exited with code 3`.
    Failed(String),
    /// Not yet.
    Pending {
        /// What the wait waits for.
        what: Goal,
        /// When to inspect again at the latest, if the verdict changes by time alone.
        look_at: Option<Instant>,
    },
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Healthy,
    Completed,
    Running,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Goal::Healthy => "healthy",
            Goal::Completed => "completed",
            Goal::Running => "running",
        })
    }
}

/// Returns what has become of a container that somebody has stopped while it was waited for: exit code 0 does not mean then
/// that its work is done. `None` where it has not ended.
pub(super) fn stopped(details: &ContainerDetails) -> Option<Verdict> {
    let has_ended = matches!(details.state, ContainerState::Exited | ContainerState::Dead);
    (has_ended && details.exit_code == 0).then(|| Verdict::Failed(STOPPED.to_owned()))
}

/// Judges a container. `steady_since`: the moment of its last start. `first_restarts`: how often its restart policy had
/// started it again when the wait began.
pub(super) fn judge(until: Until, details: &ContainerDetails, steady_since: Instant, first_restarts: u64) -> Verdict {
    if details.restart_count >= first_restarts + CRASH_LOOP {
        return Verdict::Failed(format!("restarts again and again (last exit code {})", details.exit_code));
    }
    // A wait comes after the start of its container. So a container that is still `created` will not start any more,
    // whatever the engine said.
    if details.state == ContainerState::Created && details.error.is_empty() {
        return Verdict::Failed("was not started, though the engine said so".to_owned());
    }
    match until {
        Until::Condition(Condition::CompletedSuccessfully) => completed(details),
        Until::Condition(Condition::Healthy) => healthy(details, true),
        Until::Ready(_) if details.healthcheck.is_some() => healthy(details, false),
        Until::Condition(Condition::Started) => alive(details, steady_since),
        Until::Alive(hold) | Until::Ready(hold) => alive(details, steady_since + hold),
    }
}

/// `is_demanded`: a dependent asks for `service_healthy`, so the wait fails for a container without a health check and
/// for one that has ended.
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
        _ => Verdict::Pending { what: Goal::Healthy, look_at: None },
    }
}

fn completed(details: &ContainerDetails) -> Verdict {
    match details.state {
        ContainerState::Exited if details.exit_code == 0 => Verdict::Done("Exited"),
        ContainerState::Exited | ContainerState::Dead | ContainerState::Removing => Verdict::Failed(exited(details)),
        _ => Verdict::Pending { what: Goal::Completed, look_at: None },
    }
}

fn alive(details: &ContainerDetails, hold: Instant) -> Verdict {
    match details.state {
        ContainerState::Running | ContainerState::Paused if Instant::now() >= hold => Verdict::Done("Started"),
        ContainerState::Running | ContainerState::Paused => {
            Verdict::Pending { what: Goal::Running, look_at: Some(hold) }
        }
        ContainerState::Exited if has_finished(details) => Verdict::Done("Exited"),
        ContainerState::Restarting => Verdict::Failed(format!("keeps restarting (exit code {})", details.exit_code)),
        _ => Verdict::Failed(exited(details)),
    }
}

/// Returns whether a container has completed its work. With the restart policies `always` and `unless-stopped` it never
/// has: such a container is `exited` only if somebody has stopped it.
fn has_finished(details: &ContainerDetails) -> bool {
    details.exit_code == 0 && details.error.is_empty() && !details.is_kept_up
}

fn exited(details: &ContainerDetails) -> String {
    match details.state {
        ContainerState::Exited if details.is_kept_up && details.exit_code == 0 => STOPPED.to_owned(),
        ContainerState::Exited | ContainerState::Dead => format!("exited with code {}", details.exit_code),
        state => format!("is {}", state.as_str()),
    }
}

/// Returns the limit of a wait for which none was given. With a health check, the engine has a verdict after start
/// period and retries; a margin is added for slow probes. Any other wait has `patience`.
pub(super) fn derived_limit(until: Until, healthcheck: Option<&Healthcheck>, patience: Duration) -> Duration {
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
