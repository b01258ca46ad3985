//! The health of containers, as lists and inspects tell it.

use serde_json::Value;

use crate::model::{ContainerState, Health};

/// Reads the health from the status of a list: `Up 3 minutes (healthy)`, `Up 1 second (health: starting)`.
pub(super) fn of_status(state: ContainerState, status: &str) -> Health {
    match state {
        ContainerState::Running if status.ends_with("(healthy)") => Health::Healthy,
        ContainerState::Running if status.ends_with("(unhealthy)") => Health::Unhealthy,
        ContainerState::Running if status.ends_with("(health: starting)") => Health::Starting,
        _ => Health::None,
    }
}

/// Reads the health from an inspect.
pub(super) fn of_inspect(value: &Value, has_no_probes: bool) -> Health {
    let status = value.pointer("/State/Health/Status").and_then(Value::as_str).unwrap_or_default();
    match Health::parse(status) {
        // For a moment after the start, Podman reports `unhealthy` before any probe has run.
        Health::Unhealthy if has_no_probes => Health::Starting,
        // After a start, engines may report for a moment what the probes before that start have found.
        Health::Healthy | Health::Unhealthy if is_older(value) => Health::Starting,
        health => health,
    }
}

/// Returns whether the last probe of a running container began before its last start.
fn is_older(value: &Value) -> bool {
    let time = |value: Option<&Value>| value?.as_str()?.parse::<jiff::Timestamp>().ok();
    let last = value.pointer("/State/Health/Log").and_then(Value::as_array).and_then(|log| log.last());
    let began = last.and_then(|last| time(last.get("Start")));
    value.pointer("/State/Running").and_then(Value::as_bool) == Some(true)
        && began.zip(time(value.pointer("/State/StartedAt"))).is_some_and(|(began, started)| began < started)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nobody_is_unhealthy_before_a_probe_has_failed() {
        let health = |log: Value| {
            let has_no_probes = log.as_array().is_none_or(Vec::is_empty);
            of_inspect(&json!({"State": {"Health": {"Status": "unhealthy", "Log": log}}}), has_no_probes)
        };
        assert_eq!(health(json!(null)), Health::Starting);
        assert_eq!(health(json!([{"ExitCode": 1}])), Health::Unhealthy);
    }

    #[test]
    fn a_verdict_from_before_the_last_start_does_not_count() {
        let health = |status: &str, probe: &str| {
            let value = json!({"State": {"Running": true, "StartedAt": "2026-01-01T10:00:00.5Z",
                "Health": {"Status": status, "Log": [{"ExitCode": 1, "Start": "2026-01-01T08:00:00Z"}, {"Start": probe}]}}});
            of_inspect(&value, false)
        };
        // Probes have the engine's own time zone, starts have UTC.
        for (probe, is_old) in
            [("2026-01-01T12:00:00+02:00", true), ("2026-01-01T11:00:01.5+01:00", false), ("soon", false)]
        {
            for (status, counts) in [("unhealthy", Health::Unhealthy), ("healthy", Health::Healthy)] {
                assert_eq!(health(status, probe), if is_old { Health::Starting } else { counts }, "{status} {probe}");
            }
        }
    }

    #[test]
    fn health_is_read_from_the_sentence() {
        let health = |status| of_status(ContainerState::Running, status);
        assert_eq!(health("Up 3 minutes (healthy)"), Health::Healthy);
        assert_eq!(health("Up 1 second (health: starting)"), Health::Starting);
        assert_eq!(health("Up 1 second"), Health::None);
    }
}
