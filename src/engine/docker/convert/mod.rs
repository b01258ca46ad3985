//! Converts between the engine's documents and our model: pure functions, no calls.
//!
//! [`create`] turns our specifications into request bodies, with `placement` and `mounts`. The other files turn answers
//! into our values and never fail: any field may be missing, and any word may be unknown.

pub(super) mod create;
mod definition;
pub(super) mod events;
mod health;
pub(super) mod images;
pub(super) mod logs;
mod mounts;
pub(super) mod observed;
pub(super) mod path_stat;
mod placement;
pub(super) mod stats;
mod version;
