//! The port's adapter to a real engine: Docker Engine 20.10 and newer, or a program that speaks its API.
//!
//! The only place that names bollard. Most changes use bollard's typed models. Lists, inspects and streams are read
//! with tolerant structures of our own over the same transport, because engines add words that bollard's closed enums
//! refuse. Sessions take over the connection (`Upgrade: tcp`) and have our own decoder, because bollard guesses from
//! the first byte whether a stream is framed. Start at [`DockerEngine::connect`]; each capability has its own file.

#![expect(clippy::disallowed_types, reason = "the adapter: errors and requests of bollard are converted here")]

mod archive;
mod build;
#[cfg(feature = "buildkit")]
mod buildkit;
mod change;
mod connect;
mod convert;
mod engine;
mod http;
mod images;
mod place;
mod podman;
mod proxies;
mod read;
mod registry;
mod session;
mod streams;
#[cfg(feature = "tls")]
mod tls;
mod views;

pub use connect::Wanted;
pub use engine::{DockerEngine, connect};
