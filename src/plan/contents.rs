//! The content of configs and secrets is a value of the model; the planner compares its digests.

pub use crate::model::{Content, Contents};
