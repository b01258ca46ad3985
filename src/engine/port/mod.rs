//! The capabilities of an engine, one file each, and the trait that has all of them.
//!
//! A new call goes to the file of its capability. A call that `fake/` does not need has a default body here that
//! answers [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported); the adapter in `docker/` implements every call.

use std::sync::Arc;

mod archive;
mod build;
mod change;
mod events;
mod image;
mod logs;
mod read;
mod session;
mod stats;
mod unsupported;

pub use archive::{ArchiveEngine, ByteStream, FileKind, PathStat, PutOptions};
pub use build::{BuildEngine, BuildEvent};
pub use change::{ChangeEngine, RemoveOptions};
pub use events::{EngineEvent, EventEngine, EventQuery, ObjectEvent, ObjectKind};
pub use image::{CommitSpec, ImageEngine, PullEvent, PushEvent};
pub use logs::{LogEngine, LogOptions, OutputChunk, OutputStream};
pub use read::{ContainerDetails, HistoryEntry, ImageDetails, ImageSummary, ProbeResult, Processes, ReadEngine};
pub use session::{
    AttachOptions, ContainerEnd, Ending, ExecId, ExecOutcome, ExecSpec, Session, SessionEngine, SessionInput,
    SessionOptions, TerminalSize, WaitCondition,
};
pub use stats::{BlockUse, CpuUse, MemoryUse, NetworkUse, StatsEngine, StatsSample};

/// A whole engine. Every type that has all capabilities is an engine.
pub trait Engine: ReadEngine + ChangeEngine + SessionEngine + ArchiveEngine + BuildEngine + ImageEngine {}

impl<T> Engine for T where T: ReadEngine + ChangeEngine + SessionEngine + ArchiveEngine + BuildEngine + ImageEngine {}

/// A shared handle to a whole engine. The methods of every capability can be called on the handle without an import.
pub type EngineHandle = Arc<dyn Engine>;
