//! Calls of gRPC over a connection that is already there: messages of protobuf, each behind a head of five bytes, in the
//! bodies of HTTP/2 requests; the outcome is in the trailers.
//!
//! `client` makes calls to the engine, `server` answers calls of the engine.

pub(super) mod client;
mod frame;
pub(super) mod server;
mod status;

pub(super) use status::{Code, Status};
