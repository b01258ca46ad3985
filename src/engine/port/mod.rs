//! The capabilities of an engine, one file each, and the trait that has all of them.
//!
//! A new call goes to the file of its capability. A call that `fake/` does not need has a default body here that
//! answers [`ErrorKind::Unsupported`](super::ErrorKind::Unsupported); the adapter in `docker/` implements every call.

use std::sync::Arc;

pub(super) mod archive;
pub(super) mod build;
pub(super) mod change;
pub(super) mod events;
pub(super) mod image;
pub(super) mod logs;
pub(super) mod read;
pub(super) mod session;
pub(super) mod stats;
mod unsupported;

use archive::ArchiveEngine;
use build::BuildEngine;
use change::ChangeEngine;
use image::ImageEngine;
use read::ReadEngine;
use session::SessionEngine;

/// A whole engine. Every type that has all capabilities is an engine.
pub trait Engine: ReadEngine + ChangeEngine + SessionEngine + ArchiveEngine + BuildEngine + ImageEngine {}

impl<T> Engine for T where T: ReadEngine + ChangeEngine + SessionEngine + ArchiveEngine + BuildEngine + ImageEngine {}

/// A shared handle to a whole engine. The methods of every capability can be called without importing their traits.
pub type EngineHandle = Arc<dyn Engine>;
