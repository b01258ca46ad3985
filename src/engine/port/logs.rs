//! The recorded output of containers.

use async_trait::async_trait;
use bytes::Bytes;

use crate::engine::{EngineResult, EngineStream};
use crate::model::ContainerId;

/// The call that reads a container's log.
#[async_trait]
pub trait LogEngine: Send + Sync {
    /// Reads a container's log (`GET /containers/{id}/logs`). The output of a terminal comes as
    /// [`OutputStream::Stdout`].
    async fn logs(&self, id: &ContainerId, options: LogOptions) -> EngineResult<EngineStream<OutputChunk>>;
}

/// Which part of a log is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The stream goes on until the container ends.
    pub follow: bool,
    /// Only this many lines from the end; `None` is all lines.
    pub tail: Option<u64>,
    /// Each line begins with the engine's time stamp (RFC 3339, nanoseconds) and one blank.
    pub timestamps: bool,
    /// Only lines from this time on: seconds since 1970, RFC 3339, a date and time, or a duration back from now.
    pub since: Option<String>,
    /// Only lines before this time, in the same forms.
    pub until: Option<String>,
    /// Whether the container has a terminal (`Config.Tty` of an inspect): the log of a terminal is not framed.
    pub is_tty: bool,
}

/// How an engine limits the log of a container: when a file is full a new one begins, and the oldest is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRotation {
    /// Size in bytes at which a file is full.
    pub max_size: u64,
    /// How many files are kept, including the current one: 1 or more.
    pub max_files: u64,
    /// The limits in words for people: `max-size 10m, max-file 3`. No control characters.
    pub words: String,
}

/// The stream that a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A piece of output. A piece may begin and end within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChunk {
    /// The stream that the bytes came from.
    pub stream: OutputStream,
    /// The bytes as the process wrote them.
    pub bytes: Bytes,
}
