//! Exceptions to the rules of the house, each with its reason. An exception that is no longer needed fails the tests.

/// Arrows between rooms that the table of `rooms.rs` does not allow: `FILE -> FILE`.
pub const ARROWS: &[(&str, &str)] = &[];

/// Crates and parts of the standard library that a file may not name: `FILE: PATH`.
pub const OUTSIDE: &[(&str, &str)] = &[];

/// Arrows that close a circle of files: `FILE -> FILE`. Only for files that are one thing.
pub const CIRCLES: &[(&str, &str)] = &[];

/// Files with more than 500 lines.
pub const FILES: &[(&str, &str)] = &[];

/// Folders with more than 15 files.
pub const FOLDERS: &[(&str, &str)] = &[];

/// Functions with more than 60 lines: `FILE: NAME`.
pub const FUNCTIONS: &[(&str, &str)] = &[];
