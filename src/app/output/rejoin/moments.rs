//! Moments of an engine and of this machine, as nanoseconds since 1970 and as a log is asked for them.

#![expect(clippy::disallowed_methods, reason = "compares the time of day with the times of the log's lines")]

use std::time::Duration;

use crate::engine::ContainerDetails;

/// A restart policy waits at least this long before it starts a container again, and a log is complete by then.
const BEFORE_RESTART: Duration = Duration::from_millis(100);
/// Returns a moment as a log is asked for it.
pub(in crate::app::output) fn moment(nanos: i64) -> String {
    format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
}

/// Returns the time of day of this machine.
pub(in crate::app::output) fn now() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default()
}

/// Returns when the last run of a container began, in nanoseconds since 1970 by the engine's clock.
pub(in crate::app::output) fn began(details: &ContainerDetails) -> Option<i64> {
    let began: jiff::Timestamp = details.started_at.parse().ok()?;
    i64::try_from(began.as_nanosecond()).ok()
}

/// Returns until when a log tells of the run of a container that has ended.
pub(in crate::app::output) fn end_of(details: &ContainerDetails) -> Option<String> {
    let finished: jiff::Timestamp = details.finished_at.parse().ok()?;
    Some((finished + jiff::SignedDuration::try_from(BEFORE_RESTART).ok()?).to_string())
}
