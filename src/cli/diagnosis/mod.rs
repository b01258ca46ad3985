//! Commands that answer questions about a stack.

pub mod check;
pub mod inside;
pub mod smoke;
