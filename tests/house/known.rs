//! Exceptions to the rules of the house, each with its reason. A line that is no longer needed fails the tests.

/// Arrows between rooms that are not in the table of `rooms.rs`: `FILE -> FILE`.
pub const ARROWS: &[(&str, &str)] = &[];

/// Crates and parts of the standard library that a file may not name: `FILE: PATH`.
pub const OUTSIDE: &[(&str, &str)] = &[];

/// Arrows that close a circle of files: `FILE -> FILE`. What remains here in the end are files that are one thing.
pub const CIRCLES: &[(&str, &str)] = &[];

/// Files with more than 500 lines.
pub const FILES: &[(&str, &str)] = &[];

/// Folders with more than 15 files.
pub const FOLDERS: &[(&str, &str)] = &[];

/// Functions with more than 60 lines: `FILE: NAME`.
pub const FUNCTIONS: &[(&str, &str)] = &[];
