//! What to show about a container that did not come up: the engine's error, the last probes, the last lines of output.

use std::time::Duration;

use futures_util::StreamExt;

use crate::engine::{ContainerDetails, EngineHandle, EngineResult, LogOptions};
use crate::model::{ContainerId, Health};
use crate::text::escape_controls;

/// How many lines of a container's output are shown.
const LINES: u64 = 10;
/// How many bytes of output are read to find these lines.
const BYTES: usize = 64 * 1024;

/// Returns lines for people about a container that failed. If a call fails, only its lines are missing. Reading the
/// output takes 5 s at most.
pub(in crate::exec) async fn collect(engine: &EngineHandle, details: &ContainerDetails) -> Vec<String> {
    let mut lines = Vec::new();
    if details.is_oom_killed {
        lines.push("the kernel killed it: out of memory (raise its memory limit)".to_owned());
    }
    if !details.error.is_empty() {
        lines.push(format!("engine: {}", crate::text::one_line(&details.error)));
    }
    for probe in details.probes.iter().rev().take(3).rev() {
        lines.push(format!("health check ended with code {}: {}", probe.exit_code, cut(&probe.output)));
    }
    lines.extend(patience(details));
    match last_lines(engine, &details.id, details.is_tty).await {
        Ok(output) if output.is_empty() => lines.push("it printed nothing".to_owned()),
        Ok(output) => {
            lines.push("its last output:".to_owned());
            lines.extend(output.into_iter().map(|line| format!("  {line}")));
        }
        Err(error) => lines.push(format!("its output cannot be read: {}", crate::text::one_line(&error.message))),
    }
    lines
}

/// Returns how much time the health check of an unhealthy container leaves, and which attribute gives more.
fn patience(details: &ContainerDetails) -> Option<String> {
    // The engine's defaults: `HealthConfig` of `POST /containers/create`.
    let check = details.healthcheck.as_ref().filter(|_| details.health == Health::Unhealthy)?;
    let retries = check.retries.filter(|retries| *retries > 0).unwrap_or(3);
    let or_default = |value: Option<Duration>, default| value.filter(|value| !value.is_zero()).unwrap_or(default);
    let interval = or_default(check.interval, Duration::from_secs(30));
    let start = check.start_period.unwrap_or_default();
    let allowed = (start + interval * retries).as_secs_f64();
    Some(format!(
        "it had about {allowed} s to become healthy: {retries} failures in a row (`retries`), {} s apart (`interval`), after {} s in which \
         failures do not count (`start_period`); if it needs longer to start, raise `healthcheck.start_period`",
        interval.as_secs_f64(),
        start.as_secs_f64(),
    ))
}

/// Returns the output of a probe as one line of bounded length, without control characters.
pub(super) fn cut(text: &str) -> String {
    let begin: String = text.chars().take(1000).collect();
    let line = crate::text::one_line(&begin);
    if line.is_empty() {
        return "(no output)".to_owned();
    }
    line.chars().take(300).collect()
}

/// Returns the last lines that a container printed, without control characters.
async fn last_lines(engine: &EngineHandle, id: &ContainerId, is_tty: bool) -> EngineResult<Vec<String>> {
    let options = LogOptions { tail: Some(LINES), is_tty, ..LogOptions::default() };
    let read = async {
        let mut bytes = Vec::new();
        let mut stream = engine.logs(id, options).await?;
        while let Some(Ok(chunk)) = stream.next().await {
            bytes.extend_from_slice(&chunk.bytes);
            if bytes.len() > BYTES {
                break;
            }
        }
        Ok(bytes)
    };
    let bytes = tokio::time::timeout(Duration::from_secs(5), read).await.unwrap_or_else(|_| Ok(Vec::new()))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let skip = lines.len().saturating_sub(LINES as usize);
    let shown = |line: &str| escape_controls(line.trim_end()).chars().take(500).collect();
    Ok(lines.into_iter().skip(skip).map(shown).collect())
}

/// Returns whether a container has printed anything within the last `within`, by the engine's clock.
pub(super) async fn printed_within(engine: &EngineHandle, id: &ContainerId, is_tty: bool, within: Duration) -> bool {
    let since = Some(format!("{}s", within.as_secs()));
    let options = LogOptions { tail: Some(1), since, is_tty, ..LogOptions::default() };
    let first = async { engine.logs(id, options).await.ok()?.next().await?.ok() };
    matches!(tokio::time::timeout(Duration::from_secs(5), first).await, Ok(Some(chunk)) if !chunk.bytes.is_empty())
}
