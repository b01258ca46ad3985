//! The health check of a service, run by this program at short intervals while a step waits for its verdict (see
//! `docs/readiness.md`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::{EngineHandle, ExecSpec};
use crate::model::{ContainerId, Healthcheck};

/// The pause after the first probe; doubled after each further probe, up to [`SLOWEST`].
const FASTEST: Duration = Duration::from_millis(100);
/// The longest pause between two probes.
const SLOWEST: Duration = Duration::from_secs(1);

/// The results of this program's probes so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings(Arc<Mutex<Failures>>);

/// The probes that have failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    pub count: u64,
    /// The last failed probe: its exit code (`None` if it did not end in time), and its output.
    pub last: Option<(Option<i64>, String)>,
}

impl Findings {
    /// Returns the probes that have failed.
    pub(super) fn failures(&self) -> Failures {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, code: Option<i64>, output: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.count += 1;
        failures.last = Some((code, super::evidence::cut(output)));
    }
}

/// A health check that this program runs besides the engine's own.
pub(super) struct Probe<'a> {
    engine: &'a EngineHandle,
    container: &'a ContainerId,
    command: Option<Vec<String>>,
    timeout: Duration,
    pause: Duration,
    findings: Findings,
}

impl<'a> Probe<'a> {
    pub(super) fn new(
        engine: &'a EngineHandle,
        container: &'a ContainerId,
        check: Option<&Healthcheck>,
        is_enabled: bool,
    ) -> Self {
        let command = check.filter(|check| is_enabled && !check.is_disabled).and_then(command);
        let timeout = check.and_then(|check| check.timeout).unwrap_or(Duration::from_secs(30));
        Self { engine, container, command, timeout, pause: FASTEST, findings: Findings::default() }
    }

    /// Returns where the probes note their results.
    pub(super) fn findings(&self) -> Findings {
        self.findings.clone()
    }

    /// Returns when the check has passed once. Never returns if the container has no check that can be run.
    pub(super) async fn passes(mut self) {
        let Some(command) = self.command.clone() else { return std::future::pending().await };
        let spec = ExecSpec { command, ..ExecSpec::default() };
        loop {
            let run = self.engine.exec(self.container, &spec);
            match tokio::time::timeout(self.timeout, run).await {
                Ok(Ok(outcome)) if outcome.exit_code == 0 => return,
                // A probe that fails or hangs decides nothing: the container is unhealthy when the engine says so.
                Ok(Ok(outcome)) => self.findings.note(Some(outcome.exit_code), &outcome.output),
                Err(_) => self.findings.note(None, ""),
                Ok(Err(_)) => {}
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(SLOWEST);
        }
    }
}

/// Returns the command of a health check. Compat: `CMD-SHELL` runs in the image's shell, by default `/bin/sh -c`.
fn command(check: &Healthcheck) -> Option<Vec<String>> {
    match check.test.split_first()? {
        (kind, rest) if kind == "CMD" && !rest.is_empty() => Some(rest.to_vec()),
        (kind, rest) if kind == "CMD-SHELL" && !rest.is_empty() => {
            Some(["/bin/sh", "-c"].into_iter().map(str::to_owned).chain([rest.join(" ")]).collect())
        }
        _ => None,
    }
}
