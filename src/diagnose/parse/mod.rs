//! Readers of the files that rules look at. None of them refuses a file: what is not understood is passed over.

pub mod dockerfile;
pub mod ini;
pub mod nginx;
pub mod shell;
