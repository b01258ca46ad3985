//! Commands about the compose files alone: no container is looked at.

pub mod config;
