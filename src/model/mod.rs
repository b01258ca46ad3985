//! What is desired and what is observed, as plain values: immutable once loaded, no I/O, nothing of the engine's library.
//!
//! Desired: [`Project`] and what hangs below it. Observed: [`Observed`]. What the planner asks the engine to
//! make: [`ContainerSpec`], [`NetworkSpec`], [`VolumeSpec`].

mod build;
mod containers;
mod contents;
mod definition;
pub mod image_name;
mod names;
mod observed;
mod parts;
mod project;
mod service;
mod span;
mod spec;

pub mod hash;
pub mod labels;

pub use build::{BuildContext, BuildRequest, ContextSource};
pub use containers::Containers;
pub use contents::{Content, Contents};
pub use definition::{DefinedEndpoint, Definition};
pub use image_name::familiar;
pub use names::*;
pub use observed::*;
pub use parts::*;
pub use project::*;
pub use service::*;
pub use span::{FileId, LineColumn, Source, Sources, Span};
pub use spec::*;
