//! Why a wait goes on, in words for people: reported after ten seconds, when the reason changes, and once a minute.

use std::time::Duration;

use tokio::time::Instant;

use super::evidence;
use super::probe::Failures;
use super::verdict::Goal;
use crate::engine::ContainerDetails;
use crate::model::ContainerState;

/// A wait that lasts this long is explained. Two explanations of one wait are at least this far apart.
const PATIENCE: Duration = Duration::from_secs(10);
/// An unchanged reason is repeated after this time.
const AGAIN: Duration = Duration::from_secs(60);

/// What was reported about a wait so far.
#[derive(Debug, Default)]
pub(super) struct Delay {
    told: Option<(String, Instant)>,
}

impl Delay {
    /// Returns whether a reason must be reported now, for a wait that began at `begun`.
    pub(super) fn is_due(&mut self, reason: &str, begun: Instant) -> bool {
        let now = Instant::now();
        // The digits are left out, because counts and times in the text of a check change all the time.
        let key: String = reason.chars().filter(|char| !char.is_ascii_digit()).collect();
        let is_due = match &self.told {
            None => now >= begun + PATIENCE,
            Some((last, when)) => now >= *when + if *last == key { AGAIN } else { PATIENCE },
        };
        if is_due {
            self.told = Some((key, now));
        }
        is_due
    }
}

/// Returns why a container is not ready yet, in one line.
pub(super) fn reason(what: Goal, details: &ContainerDetails, own: &Failures) -> String {
    match (details.state, what) {
        (ContainerState::Running, Goal::Healthy) => check(details, own),
        (ContainerState::Running, Goal::Completed) => "it still runs".to_owned(),
        (ContainerState::Running, Goal::Running) => "it has just been started".to_owned(),
        (ContainerState::Restarting, _) => format!(
            "it is restarting for the {}. time, after exit code {}",
            details.restart_count + 1,
            details.exit_code
        ),
        (state, _) => format!("it is {}", state.as_str()),
    }
}

/// Returns the progress of a container's health check.
fn check(details: &ContainerDetails, own: &Failures) -> String {
    let engines = details.probes.last().filter(|probe| probe.exit_code != 0);
    let last = own.last.clone().or_else(|| engines.map(|probe| (Some(probe.exit_code), evidence::cut(&probe.output))));
    let count = own.count.max(details.failing_streak).max(u64::from(last.is_some()));
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    match last {
        Some((Some(code), output)) => format!("its check has failed {times}, last with code {code}: {output}"),
        Some((None, _)) => format!("its check has failed {times}, and did not end in time last"),
        None => "its check has given no result yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ProbeResult;

    fn running() -> ContainerDetails {
        ContainerDetails { state: ContainerState::Running, ..ContainerDetails::default() }
    }

    #[test]
    fn the_reason_tells_the_last_probe_and_how_often_it_failed() {
        let mut details = running();
        let none = Failures::default();
        assert_eq!(reason(Goal::Healthy, &details, &none), "its check has given no result yet");
        details.probes = vec![ProbeResult { exit_code: 7, output: "no\n\u{1b}[2Jroute\n".to_owned() }];
        let words = reason(Goal::Healthy, &details, &none);
        assert_eq!(words, "its check has failed once, last with code 7: no \\u{1b}[2Jroute");
        details.failing_streak = 3;
        assert!(reason(Goal::Healthy, &details, &none).contains("failed 3 times"));
        let own = Failures { count: 9, last: Some((Some(1), "refused".to_owned())) };
        assert_eq!(reason(Goal::Healthy, &details, &own), "its check has failed 9 times, last with code 1: refused");
        let hung = Failures { count: 1, last: Some((None, String::new())) };
        details.failing_streak = 0;
        assert_eq!(reason(Goal::Healthy, &details, &hung), "its check has failed once, and did not end in time last");
        details.probes[0].output = "x".repeat(4096);
        assert!(reason(Goal::Healthy, &details, &none).len() < 400);
    }

    #[test]
    fn a_container_that_does_not_run_is_the_reason() {
        let state = |state| ContainerDetails { state, restart_count: 2, exit_code: 3, ..running() };
        let words = |details: &ContainerDetails| reason(Goal::Healthy, details, &Failures::default());
        assert_eq!(words(&state(ContainerState::Paused)), "it is paused");
        assert_eq!(words(&state(ContainerState::Restarting)), "it is restarting for the 3. time, after exit code 3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_after_ten_seconds_when_it_changes_and_once_a_minute() {
        let (begun, mut delay, mut told) = (Instant::now(), Delay::default(), Vec::new());
        for second in 0..=120 {
            let reason = if second < 14 { format!("failed {second} times") } else { "is paused".to_owned() };
            if delay.is_due(&reason, begun) {
                told.push(second);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(told, [10, 20, 80]);
    }
}
