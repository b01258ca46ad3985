//! How a call to the engine fails: a kind for decisions, and the engine's own message for people.

use futures_util::stream::BoxStream;

/// The kind of a failure. Callers branch on the kind, never on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The object does not exist (404).
    NotFound,
    /// The name is taken, the object is in use, or its state does not allow the call (409).
    Conflict,
    /// The engine found an error in the request (400, 422).
    Invalid,
    /// Several networks have the given name, and the engine refuses to choose ("network shop_default is ambiguous
    /// (2 matches found on name)").
    Ambiguous,
    /// The engine refuses the call (401, 403).
    Denied,
    /// The engine itself failed (500, 502, 503 and other codes).
    Engine,
    /// A host port or an address is taken ("address already in use", "port is already allocated").
    PortTaken,
    /// No host port of the given range is left ("all ports are allocated").
    NoPortLeft,
    /// The network still has endpoints ("network shop_default has active endpoints"), or the engine wrongly counts
    /// endpoints of removed containers.
    NetworkInUse,
    /// The container has no program of the given name ("executable file not found in $PATH").
    NoProgram,
    /// Another client is removing the same container ("removal of container … is already in progress").
    RemovalUnderWay,
    /// The engine was killed while it started a container. The unfinished start prevents every further start ("task
    /// 25af…: already exists").
    Stuck,
    /// As [`Self::Stuck`], but a process of the container may be running without the engine's knowledge ("id already in
    /// use").
    Occupied,
    /// The registry did not answer in time, failed, or asks to be left alone for a while (429, 5xx): a later try may succeed.
    RegistryBusy,
    /// The connection failed or broke: the call may have taken effect.
    Connection,
    /// No answer came within the limit: the call may have taken effect.
    Timeout,
    /// The answer was not understood: the call may have taken effect.
    Garbled,
    /// The engine is too old for the call, or does not have the call.
    Unsupported,
}

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{request}: {message}")]
pub struct EngineError {
    /// The kind of the failure.
    pub kind: ErrorKind,
    /// The call and its object, such as `create container shop-web-1`.
    pub request: String,
    /// The engine's message or the reason: one line, control characters escaped, at most 2 KiB.
    pub message: String,
}

impl EngineError {
    /// Makes an error. `message` is made one line, its control characters are escaped, and it is cut at 2 KiB.
    pub fn new(kind: ErrorKind, request: impl Into<String>, message: impl AsRef<str>) -> Self {
        let mut text: String = crate::text::one_line(message.as_ref());
        if text.len() > 2048 {
            let cut = (0..=2048).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(cut);
            text.push('…');
        }
        Self { kind, request: request.into(), message: text }
    }

    /// Returns whether the call may have taken effect although it failed.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.kind, ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Garbled)
    }

    /// Returns whether the object of the call does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }
}

/// The result of an engine call.
pub type EngineResult<T> = Result<T, EngineError>;

/// A stream of an engine call. An error item is the last item.
pub type EngineStream<T> = BoxStream<'static, EngineResult<T>>;
