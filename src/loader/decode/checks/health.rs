//! The times of a health check.

use serde_json::Value as Json;

use super::told::Checks;
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;
use crate::loader::syntax::duration;

/// The shortest duration that the engine accepts in a health check, in nanoseconds (1 ms).
const LEAST_TIME_NS: i64 = 1_000_000;

impl Checks<'_> {
    /// Checks the durations of the health check.
    pub(super) fn healthcheck(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let Some(check) = value.get("healthcheck") else { return };
        for field in ["interval", "timeout", "start_period", "start_interval"] {
            let Some(text) = check.text(field) else { continue };
            if duration::parse(&text).is_some_and(|nanos| nanos != 0 && nanos < LEAST_TIME_NS) {
                let span = spans.field("healthcheck", "", field);
                self.expect(&format!("healthcheck.{field}"), span, "a duration of at least `1ms`", &text);
            }
        }
        // Compat: docker compose prints such a health check, and refuses to create the container.
        if check.get("start_interval").is_some() && check.get("start_period").is_none() {
            let path = format!("{}.healthcheck.start_interval", self.path);
            let message = format!("`{path}` requires `start_period`: it is the interval within it");
            let fault = Diagnostic::error("invalid", spans.field("healthcheck", "", "start_interval"), message);
            self.diagnostics.push(fault.at(path).help("add `start_period:`, or leave `start_interval` out"));
        }
    }
}
