//! Commands that look, and change nothing.

mod drift;
mod formats;
mod graph;
mod inside;
mod look;
mod plan;
