//! Commands about the program itself.

pub mod complete;
pub mod completion;
pub mod elsewhere;
pub mod explain;
pub mod init;
pub mod man;
pub mod plugin;
pub mod version;
