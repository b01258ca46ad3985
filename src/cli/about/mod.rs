//! Commands about the program itself.

pub mod explain;
pub mod version;
