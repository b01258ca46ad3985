//! Runs on the fake engine: calls fail, replies are lost, the program dies, replacements fail. The old containers run
//! again.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]
#[path = "../common/mod.rs"]
mod common;
mod concurrent;
mod contents;
mod down;
mod engine_faults;
mod every_call;
mod giving_back;
mod networks;
mod ports;
mod settle;
mod setup;
mod shares;
mod starts;
mod stopped_for_others;
mod volumes;
