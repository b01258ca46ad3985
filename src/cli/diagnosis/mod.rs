//! Commands that answer questions about a stack.

pub mod check;
