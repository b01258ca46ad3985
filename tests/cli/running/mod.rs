//! Commands that build, create and start: `up`, attached and detached, `build`, and what they print.

mod attached;
mod build;
mod complaints;
mod contents;
mod logs;
mod output;
mod up;
mod waits;
mod watch;
