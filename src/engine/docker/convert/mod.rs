//! Between the engine's documents and our model: pure functions, no calls.
//!
//! [`create`] turns our specifications into request bodies. The other files turn answers into our values and never
//! fail: any field may be missing, and any word may be new.

pub(super) mod create;
mod definition;
pub(super) mod events;
pub(super) mod images;
pub(super) mod logs;
pub(super) mod observed;
pub(super) mod path_stat;
pub(super) mod stats;
