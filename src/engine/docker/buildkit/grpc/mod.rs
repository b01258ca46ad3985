//! Calls of gRPC over a connection that is already there: messages of protobuf, each behind a head of five bytes, in the
//! bodies of HTTP/2 requests; the outcome is in the trailers.
//!
//! `client` makes calls to the engine, `server` answers calls of the engine.

pub(super) mod client;
mod frame;
pub(super) mod server;
mod status;

pub(super) use status::{Code, Status};

/// Most bytes of the words (headers and trailers) of a call. The engine puts the patterns of `.dockerignore` and the text of a
/// failing Dockerfile into them, so the 16 KiB that are usual are not enough.
const MOST_WORDS: u32 = 16 << 20;
