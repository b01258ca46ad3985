//! Commands that connect this terminal to a process in a container.

pub mod attach;
pub mod exec;
pub mod run;
mod words;

pub use words::Words;
