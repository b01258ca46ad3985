//! `volume`: the volumes of one project, by their keys in the file: what they are (`list`), and copies of their contents in a
//! file (`backup`, `verify`).
//!
//! `docs/volumes.md` describes the file. `format` holds its parts, `helper` the container by which contents are read.

pub mod backup;
mod format;
mod helper;
pub mod list;
mod select;
pub mod verify;
