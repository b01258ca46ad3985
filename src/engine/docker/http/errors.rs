//! Turns bollard's errors and the engine's replies into our kinds. No other file interprets the engine's messages.

use std::fmt;

use bollard::errors::Error;

use crate::engine::{EngineError, ErrorKind};

/// A call and its object, for messages: `create container shop-web-1`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    what: &'static str,
    name: &'a str,
}

impl<'a> Call<'a> {
    pub(crate) fn new(what: &'static str, name: &'a str) -> Self {
        Self { what, name }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, crate::text::escape_controls(self.name))
    }
}

/// Parts of the engine's messages that tell more than the status code, in lower case, each with its kind.
const WORDS: [(&str, ErrorKind); 9] = [
    ("port is already allocated", ErrorKind::PortTaken),
    ("address already in use", ErrorKind::PortTaken),
    ("all ports are allocated", ErrorKind::NoPortLeft),
    ("is ambiguous", ErrorKind::Ambiguous),
    // Engines answer 403 here.
    ("has active endpoints", ErrorKind::NetworkInUse),
    // Podman answers 500 here.
    ("network is being used", ErrorKind::NetworkInUse),
    ("executable file not found", ErrorKind::NoProgram),
    // The runtime crun puts the program's name between these words.
    ("not found in $path", ErrorKind::NoProgram),
    ("id already in use", ErrorKind::Occupied),
];

/// Parts of messages about a registry that a later try may find in a better state, in lower case.
const BUSY: [&str; 9] = [
    "toomanyrequests",
    "too many requests",
    "tls handshake timeout",
    "i/o timeout",
    "client.timeout exceeded",
    "context deadline exceeded",
    "connection reset by peer",
    "unexpected http status: 5",
    "unexpected eof",
];

/// Returns the kind for the engine's message about a pull.
pub(crate) fn kind_of_pull(kind: ErrorKind, message: &str) -> ErrorKind {
    let text = message.to_ascii_lowercase();
    let is_busy = kind == ErrorKind::Engine && BUSY.iter().any(|words| text.contains(words));
    if is_busy { ErrorKind::RegistryBusy } else { kind }
}

/// Returns the kind for a status code and the engine's message.
pub(crate) fn kind_of(status: u16, message: &str) -> ErrorKind {
    let text = message.to_ascii_lowercase();
    if is_stuck(&text) {
        return ErrorKind::Stuck;
    }
    if let Some((_, kind)) = WORDS.iter().find(|(words, _)| text.contains(words)) {
        return *kind;
    }
    if text.contains("removal of container") && text.contains("already in progress") {
        return ErrorKind::RemovalUnderWay;
    }
    match status {
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        400 | 422 => ErrorKind::Invalid,
        401 | 403 => ErrorKind::Denied,
        _ => ErrorKind::Engine,
    }
}

/// Returns the kind for `State.Error` of an inspect; `None` if it is empty.
pub(crate) fn kind_of_start(words: &str) -> Option<ErrorKind> {
    (!words.is_empty()).then(|| kind_of(500, words))
}

/// Returns whether the runtime below the engine still has a task of the container that the engine does not know.
fn is_stuck(text: &str) -> bool {
    let is_id = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let after = text.split("task ").skip(1);
    after.filter_map(|rest| rest.split_once(": already exists")).any(|(word, _)| is_id(word))
}

/// Returns whether the container itself does not exist, and not another object that the container needs.
pub(crate) fn is_no_container(error: &EngineError) -> bool {
    error.is_not_found() && error.message.to_ascii_lowercase().contains("no such container")
}

/// Turns a bollard error into ours.
pub(crate) fn convert(call: &Call<'_>, error: Error) -> EngineError {
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

/// Returns an error and its causes in one line, without repetitions.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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
        assert_eq!(kind_of(500, "Bind for 0.0.0.0 failed: all ports are allocated"), ErrorKind::NoPortLeft);
        let doubled = "network shop_default is ambiguous (2 matches found on name)";
        assert_eq!(kind_of(400, doubled), ErrorKind::Ambiguous);
    }

    #[test]
    fn what_callers_give_advice_for_has_a_kind_of_its_own() {
        assert_eq!(kind_of(403, "error while removing network: x has active endpoints"), ErrorKind::NetworkInUse);
        let start = "OCI runtime create failed: exec: \"nope\": executable file not found in $PATH: unknown";
        assert_eq!(kind_of(400, start), ErrorKind::NoProgram);
        assert_eq!(kind_of_start(start), Some(ErrorKind::NoProgram));
        assert_eq!(kind_of(500, "crun: executable file `nope` not found in $PATH"), ErrorKind::NoProgram);
        let used = "\"shop_default\" has associated containers with it: network is being used";
        assert_eq!(kind_of(500, used), ErrorKind::NetworkInUse);
        assert_eq!(kind_of_start(""), None);
        let removal = "removal of container 25af7457 is already in progress";
        assert_eq!(kind_of(409, removal), ErrorKind::RemovalUnderWay);
    }

    #[test]
    fn a_registry_that_is_busy_is_told_from_one_that_refuses() {
        let of = |words| kind_of_pull(kind_of(500, words), words);
        for words in [
            "toomanyrequests: You have reached your pull rate limit.",
            "Get \"https://host.test/v2/\": net/http: TLS handshake timeout",
            "Get \"https://host.test/v2/\": dial tcp 192.0.2.1:443: i/o timeout",
            "received unexpected HTTP status: 503 Service Unavailable",
        ] {
            assert_eq!(of(words), ErrorKind::RegistryBusy, "{words}");
        }
        for words in
            ["pull access denied for x", "dial tcp: lookup host.test: no such host", "unexpected HTTP status: 404"]
        {
            assert_eq!(of(words), ErrorKind::Engine, "{words}");
        }
        assert_eq!(kind_of_pull(kind_of(404, "too many requests"), "too many requests"), ErrorKind::NotFound);
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
