//! Commands that connect this terminal to a process in a container.

pub mod exec;
mod words;

pub use words::Words;
