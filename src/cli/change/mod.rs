//! Commands that change containers, networks and volumes.

pub mod create;
pub mod down;
pub mod kill;
pub mod pause;
pub mod restart;
pub mod rm;
mod saved_plan;
pub mod scale;
pub mod start;
pub mod stop;
pub mod unpause;
pub mod up;
pub mod watch;
