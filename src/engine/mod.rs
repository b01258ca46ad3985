//! The port to the engine: the calls that the rest of the program may make, in our words, and how a call can fail.
//!
//! Start at [`Engine`], which is a whole engine. Each capability has a small trait of its own in `port/`, with the
//! values that its calls take and return in the same file. A dry run holds a [`ReadEngine`], whose calls change
//! nothing. Only the adapter in `docker/` names bollard; `fake/` is an engine in memory that fails on demand.

pub mod docker;
mod error;
pub mod fake;
mod port;

pub use error::{EngineError, EngineResult, EngineStream, ErrorKind};
pub use port::*;
