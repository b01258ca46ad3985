//! Commands that answer questions about a stack.
//!
//! | file | what it holds |
//! |---|---|
//! | [`check`] | `check`: a stack against rules; `gather` reads the files that the rules look at |
//! | [`inside`] | `inside`: what engine and kernel made of a container |
//! | [`smoke`] | `smoke`: the checks that the stack file declares; `crash` is what disturbs |

pub mod check;
mod crash;
mod gather;
pub mod inside;
pub mod smoke;
