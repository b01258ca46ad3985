//! Desired and observed state as plain values: immutable once loaded, without I/O, without types of the engine's client
//! library.
//!
//! The desired state is a [`Project`] with its services and resources. The observed state is [`Observed`]. The planner
//! asks the engine for a [`ContainerSpec`], a [`NetworkSpec`], a [`VolumeSpec`] or a [`BuildRequest`].

mod build;
mod contents;
pub mod image_name;
mod names;
mod observed;
mod parts;
mod project;
mod proxies;
mod resources;
mod service;
mod span;
mod spec;

pub mod hash;
pub mod labels;
pub mod secrecy;

pub use build::{BuildContext, BuildKit, BuildRequest, Builder, ContextSource, WhyClassic};
pub use contents::{Content, Contents, HostFile};
pub use image_name::familiar;
pub use names::*;
pub use observed::*;
pub use parts::*;
pub use project::*;
pub use proxies::Proxies;
pub use resources::*;
pub use service::*;
pub use span::{FileId, LineColumn, Source, Sources, Span};
pub use spec::*;
