//! The program on the real engine, as people run it. Skipped, loudly, where no engine answers.
//!
//! Images are made from the system's static busybox, so no registry is needed. Each test has a project of its own and
//! removes what it made, also when it fails.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../peer/mod.rs"]
mod peer;

mod by_name;
mod flags;
mod interop;
mod looking;
mod networks;
mod other_commands;
mod refused;
mod running;
mod setup;
mod variables;
