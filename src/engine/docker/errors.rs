//! bollard's errors and the engine's replies to our kinds: the one place that reads the engine's words.

use std::fmt;

use bollard::errors::Error;

use crate::engine::{EngineError, ErrorKind};

/// What was asked, for messages: `create container shop-web-1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    what: &'static str,
    name: &'a str,
}

impl<'a> Call<'a> {
    pub(super) fn new(what: &'static str, name: &'a str) -> Self {
        Self { what, name }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, crate::text::escape_controls(self.name))
    }
}

/// Returns the kind behind a status code and the engine's words.
pub(super) fn kind_of(status: u16, message: &str) -> ErrorKind {
    let text = message.to_ascii_lowercase();
    if text.contains("port is already allocated") || text.contains("address already in use") {
        return ErrorKind::PortTaken;
    }
    if text.contains("is ambiguous") {
        return ErrorKind::Ambiguous;
    }
    if is_stuck(&text) {
        return ErrorKind::Stuck;
    }
    if text.contains("id already in use") {
        return ErrorKind::Occupied;
    }
    match status {
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        400 | 422 => ErrorKind::Invalid,
        401 | 403 => match text.contains("active endpoints") {
            // Engines answer 403 for a network that is in use.
            true => ErrorKind::Conflict,
            false => ErrorKind::Denied,
        },
        _ => ErrorKind::Engine,
    }
}

/// Whether the runtime below the engine has a task of the container that the engine knows nothing of.
fn is_stuck(text: &str) -> bool {
    let is_id = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let after = text.split("task ").skip(1);
    after.filter_map(|rest| rest.split_once(": already exists")).any(|(word, _)| is_id(word))
}

/// Whether it is the container that is not there, and not something it needs.
pub(super) fn is_no_container(error: &EngineError) -> bool {
    error.is_not_found() && error.message.to_ascii_lowercase().contains("no such container")
}

/// Turns a library error into ours.
pub(super) fn convert(call: &Call<'_>, error: Error) -> EngineError {
    let (kind, message) = match &error {
        Error::DockerResponseServerError { status_code, message } => (kind_of(*status_code, message), message.clone()),
        Error::DockerStreamError { error } => (kind_of(500, error), error.clone()),
        Error::RequestTimeoutError => (ErrorKind::Timeout, "no answer in time".to_owned()),
        Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => {
            (ErrorKind::Garbled, "the engine's answer was not understood".to_owned())
        }
        other => (ErrorKind::Connection, chain(other)),
    };
    EngineError::new(kind, call.to_string(), message)
}

/// Returns an error and its causes in one line, repeated words left out.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let words = next.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_from_other_failures() {
        let words =
            "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated";
        assert_eq!(kind_of(500, words), ErrorKind::PortTaken);
        assert_eq!(kind_of(500, "something else"), ErrorKind::Engine);
        assert_eq!(kind_of(403, "network x has active endpoints"), ErrorKind::Conflict);
        let doubled = "network shop_default is ambiguous (2 matches found on name)";
        assert_eq!(kind_of(400, doubled), ErrorKind::Ambiguous);
    }

    #[test]
    fn a_container_that_cannot_start_any_more_is_told_from_other_failures() {
        let task = format!("task {}: already exists", "25af7457".repeat(8));
        assert_eq!(kind_of(409, &task), ErrorKind::Stuck);
        assert_eq!(kind_of(500, &format!("failed to create task for container: {task}: unknown")), ErrorKind::Stuck);
        assert_eq!(kind_of(409, "a task of that name: already exists"), ErrorKind::Conflict);
        assert_eq!(kind_of(409, "id already in use"), ErrorKind::Occupied);
    }
}
