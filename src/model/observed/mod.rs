//! The observed state: what the engine has, as plain values.
//!
//! Start at [`Observed`], the snapshot. The snapshot has the containers with an index ([`Containers`]), networks and
//! volumes as the engine lists them, and the definitions of inspected containers ([`Definition`]).

mod containers;
mod definition;
pub mod inside;
mod objects;
mod snapshot;

pub use containers::Containers;
pub use definition::{DefinedEndpoint, Definition};
pub use objects::*;
pub use snapshot::*;
