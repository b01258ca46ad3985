//! The program on the real engine, as users run it. Without an engine the tests are skipped with a message.
//!
//! Images are made from the system's static busybox, so no registry is needed. Each test has a project of its own and
//! removes what it made, also when it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../peer/mod.rs"]
mod peer;

mod by_name;
mod copying;
mod flags;
mod interop;
mod looking;
mod networks;
mod other_commands;
mod refused;
mod running;
mod sessions;
mod setup;
mod shell;
mod variables;
