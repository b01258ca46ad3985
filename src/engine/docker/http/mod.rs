//! Requests over HTTP, below the capabilities: the transport, bounded requests, streams of answers, and kinds of
//! errors.
//!
//! Start at [`raw::Raw`].

pub(super) mod errors;
pub(super) mod frames;
pub(super) mod limits;
pub(super) mod lines;
pub(super) mod raw;
mod ssh;
mod stream;
pub(super) mod transport;
