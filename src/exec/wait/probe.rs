//! The health check of a service, run by this program at short intervals while a step waits for its verdict (see
//! `docs/readiness.md`).

use std::time::Duration;

use crate::engine::{EngineHandle, ExecSpec};
use crate::model::{ContainerId, Healthcheck};

/// The pause after the first probe; doubled after each further probe, up to [`SLOWEST`].
const FASTEST: Duration = Duration::from_millis(100);
/// The longest pause between two probes.
const SLOWEST: Duration = Duration::from_secs(1);

/// A health check that this program runs beside the engine.
pub(super) struct Probe<'a> {
    engine: &'a EngineHandle,
    container: &'a ContainerId,
    command: Option<Vec<String>>,
    timeout: Duration,
    pause: Duration,
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
        Self { engine, container, command, timeout, pause: FASTEST }
    }

    /// Returns when the check has passed once; never returns where the container has no check that can be run.
    pub(super) async fn passes(mut self) {
        let Some(command) = self.command.clone() else { return std::future::pending().await };
        let spec = ExecSpec { command, ..ExecSpec::default() };
        loop {
            let run = self.engine.exec(self.container, &spec);
            match tokio::time::timeout(self.timeout, run).await {
                Ok(Ok(outcome)) if outcome.exit_code == 0 => return,
                // A probe that fails or hangs decides nothing: the container is unhealthy when the engine says so.
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(SLOWEST);
        }
    }
}

/// Returns the command of a health check. Compat: `CMD-SHELL` runs in the image's shell, which is `/bin/sh -c` unless the
/// image says otherwise.
fn command(check: &Healthcheck) -> Option<Vec<String>> {
    match check.test.split_first()? {
        (kind, rest) if kind == "CMD" && !rest.is_empty() => Some(rest.to_vec()),
        (kind, rest) if kind == "CMD-SHELL" && !rest.is_empty() => {
            Some(["/bin/sh", "-c"].into_iter().map(str::to_owned).chain([rest.join(" ")]).collect())
        }
        _ => None,
    }
}
