//! Builds on the real engine, by BuildKit and by the classic builder. Without an engine the tests are skipped with a message.
//!
//! Images are made from the system's static busybox, so no registry is needed. Each test has a project of its own and removes
//! what it made, also when it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

mod afterwards;
mod agent;
mod context;
mod failing;
mod keys;
mod refused;
mod registry;
mod setup;
mod unchanged;
