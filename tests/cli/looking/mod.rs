//! Commands that look, and change nothing.

mod drift;
mod formats;
mod look;
mod plan;
