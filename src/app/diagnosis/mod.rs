//! Commands that answer questions about a stack.
//!
//! | file | what it holds |
//! |---|---|
//! | [`check`] | `check`: a stack against rules; `gather` reads the files that the rules look at |

pub mod check;
mod gather;
