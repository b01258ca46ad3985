//! How things stand with one container that an attached `up` follows.

use tokio::time::Instant;

use super::successors::Replica;

/// A container that is followed.
pub(super) struct Watched {
    /// Its name for people, without the project.
    pub name: String,
    pub service: String,
    pub replica: Replica,
    /// 0 for the containers of this run. A container that another run brings later has a higher rank than all before it.
    pub rank: usize,
    /// Whether it has been removed.
    pub is_gone: bool,
    pub is_printed: bool,
    /// Whether its output is being read.
    pub is_read: bool,
    /// Whether it was started again while its output of the time before was still being read.
    pub is_again: bool,
    /// Whether its end has been told, and its restart policy does not start it again.
    pub is_over: bool,
    /// An end that has not been told yet.
    pub end: Option<End>,
    /// When it last ended, in seconds since 1970 by the engine's clock: output of a later start is newer.
    pub died: Option<String>,
}

/// The end of a container.
pub(super) struct End {
    pub code: i64,
    /// When this program saw it.
    pub seen: Instant,
    /// When the engine says that it was.
    pub finished: Option<jiff::Timestamp>,
    /// Whether its restart policy starts it again.
    pub restarts: bool,
}
