//! How a call to the engine can fail: a few kinds that callers decide on, and the engine's own words for people.

/// What kind of failure it was. Callers branch on this, never on text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// There is no such thing (404).
    NotFound,
    /// The name is taken, or the thing is in use or in another state than needed (409).
    Conflict,
    /// The engine found the request wrong (400, 422).
    Invalid,
    /// Several networks have the name that was given, and the engine refuses to choose ("network shop_default is ambiguous
    /// (2 matches found on name)").
    Ambiguous,
    /// The engine will not (401, 403).
    Denied,
    /// The engine itself failed (500, 502, 503 and other codes).
    Engine,
    /// A host port is taken ("address already in use", "port is already allocated").
    PortTaken,
    /// The engine was killed while it started a container, and what it had begun is in the way of every further start
    /// ("task 25af…: already exists").
    Stuck,
    /// As [`Self::Stuck`], but a process of the container may be at work that the engine knows nothing of ("id already in
    /// use").
    Occupied,
    /// The connection failed or was cut: the call may or may not have taken effect.
    Connection,
    /// No answer within our limit: the call may or may not have taken effect.
    Timeout,
    /// The answer was not understood: the call may have taken effect.
    Garbled,
    /// This engine is too old for what was asked.
    Unsupported,
}

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{request}: {message}")]
pub struct EngineError {
    /// What kind it was.
    pub kind: ErrorKind,
    /// What was asked, such as `create container shop-web-1`.
    pub request: String,
    /// The engine's words or the reason, one line, control characters escaped, at most 2 KiB.
    pub message: String,
}

impl EngineError {
    /// Makes an error; `message` is cleaned and cut.
    pub fn new(kind: ErrorKind, request: impl Into<String>, message: impl AsRef<str>) -> Self {
        let mut text: String = crate::text::one_line(message.as_ref());
        if text.len() > 2048 {
            let cut = (0..=2048).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(cut);
            text.push('…');
        }
        Self { kind, request: request.into(), message: text }
    }

    /// Returns whether the call may have taken effect though it failed.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.kind, ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Garbled)
    }

    /// Returns whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }
}

/// Result of an engine call.
pub type EngineResult<T> = Result<T, EngineError>;
