//! Crashes on the real engine: inception is killed at every request, requests fail, replies are lost, signals come, and
//! two runs meet. In each case the next `up` must put everything right, and an exit code of 0 must be true.
//!
//! A proxy counts the requests and strikes at one of them, so no test depends on timing. Without an engine the tests
//! are skipped with a message.
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
