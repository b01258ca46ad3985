//! Commands about images.

pub mod build;
mod lacking;
pub mod pull;
pub mod push;
