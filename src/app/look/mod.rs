//! Commands that look at what a project has on the engine, and change nothing. All work from the labels alone (`-p NAME`).

pub mod events;
pub mod graph;
pub mod images;
pub mod port;
pub mod projects;
pub mod replica;
pub mod stats;
pub mod top;
pub mod volumes;
pub mod wait;
