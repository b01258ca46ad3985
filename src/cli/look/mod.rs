//! Commands that look at containers, networks and volumes, and change nothing.

pub mod drift;
pub mod logs;
pub mod plan;
pub mod ps;
