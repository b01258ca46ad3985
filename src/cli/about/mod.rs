//! Commands about the program itself.

pub mod elsewhere;
pub mod explain;
pub mod version;
