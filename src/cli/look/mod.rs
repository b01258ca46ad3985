//! Commands that look at containers, networks and volumes, and change nothing.

pub mod drift;
pub mod events;
pub mod graph;
pub mod images;
pub mod logs;
pub mod ls;
pub mod plan;
pub mod port;
pub mod ps;
pub mod stats;
pub mod top;
pub mod volumes;
pub mod wait;
