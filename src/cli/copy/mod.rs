//! Commands about the files of containers.

pub mod commit;
pub mod cp;
pub mod export;
