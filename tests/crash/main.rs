//! On the real engine: our process is killed at every request, requests fail, replies are lost, signals come, and two
//! runs meet. Whatever happened, the next `up` must put everything right, and no exit code may lie.
//!
//! A proxy counts the requests and strikes at one of them, so nothing here depends on timing. Skipped, loudly, where no
//! engine answers.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod bench;
#[path = "../common/mod.rs"]
mod common;
mod concurrent;
mod faults;
mod interrupted;
mod killed;
mod owed;
mod requests;
