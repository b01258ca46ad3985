//! How compose files are read: the loaded project, the output of `config`, and the messages about mistakes. No engine
//! is needed.
//!
//! Docker compose 2 and the conformance corpus are compared with inception where they are installed; else a message
//! says that the comparison was skipped.
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
