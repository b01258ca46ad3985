//! The port to the engine: the calls that the rest of the program may make, in our terms, and how a call can fail.
//!
//! Start at [`Engine`], which is a whole engine. Each capability is a small trait in `port/`, with the values of its
//! calls in the same file. A dry run has only a [`ReadEngine`], whose calls change nothing. Only the adapter in
//! `docker/` names bollard; `fake/` is an engine in memory that fails on demand.

pub mod docker;
mod error;
pub mod fake;
mod port;

pub use error::{EngineError, EngineResult, EngineStream, ErrorKind};
pub use port::archive::{ArchiveEngine, ByteStream, FileKind, PathStat, PutOptions};
pub use port::build::{BuildEngine, BuildEvent, BuildPlace, BuildStep, StepEnd};
pub use port::change::{ChangeEngine, RemoveOptions};
pub use port::events::{EngineEvent, EventEngine, EventQuery, ObjectEvent, ObjectKind};
pub use port::image::{CommitSpec, ImageEngine, PullEvent, PushEvent};
pub use port::logs::{LogEngine, LogOptions, LogRotation, OutputChunk, OutputStream};
pub use port::read::{ContainerDetails, HistoryEntry, ImageDetails, ImageSummary, ProbeResult, Processes, ReadEngine};
pub use port::session::{
    AttachOptions, ContainerEnd, Ending, ExecId, ExecOutcome, ExecSpec, Session, SessionEngine, SessionInput,
    SessionOptions, TerminalSize, WaitCondition,
};
pub use port::stats::{BlockUse, CpuUse, MemoryUse, NetworkUse, StatsEngine, StatsSample};
pub use port::{Engine, EngineHandle};
