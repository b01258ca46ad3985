//! Plans of common situations, as the text that `inception plan` prints. Each kind of resource has its own file.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod addresses;
mod beforehand;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod containers;
mod contents;
mod drift;
mod images;
mod impact;
mod names;
mod networks;
mod ports;
mod setup;
mod shares;
mod volumes;
