//! Commands about images.

pub mod build;
mod lacking;
mod obsolete;
pub mod pull;
pub mod push;
