//! How files are read: what they come to, what `config` prints of them, and how mistakes in them are told. No engine is
//! needed.
//!
//! Where docker compose 2 or the conformance corpus is there, both are compared with us; otherwise that is skipped, loudly.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../peer/mod.rs"]
mod peer;

mod bounds;
mod config;
mod conformance;
mod corpus;
mod files;
mod invalid;
mod mistakes;
mod oracle;
mod pointing;
mod properties;
mod setup;
mod values;
mod variables;
mod yaml;
