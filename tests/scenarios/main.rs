//! Scenarios on the real engine, written once and played twice: by inception and by docker compose.
//!
//! `both` asserts what holds for both tools, and so also that the scenario itself is right. `ours` asserts what only
//! inception promises, and prints the result of docker compose: `cargo test --test scenarios -- --nocapture`. The
//! checks look at containers, networks and volumes, not at text. Without an engine the tests are skipped with a
//! message; without docker compose 2 (`PEER_COMPOSE`) only inception plays.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

use common::real::Tool;

/// Plays a scenario if the tool is available.
fn play(tool: Tool, story: fn(Tool)) {
    if tool.is_ready() {
        story(tool);
    }
}

/// Makes two tests of each scenario: `NAME::ours` and `NAME::peer`.
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn ours() {
                crate::play(crate::Tool::Ours, super::$name);
            }
            #[test]
            fn peer() {
                crate::play(crate::Tool::Peer, super::$name);
            }
        })+
    };
}
pub(crate) use scenarios;

mod data;
mod failing;
mod networks;
mod replacing;
mod running;
mod strangers;
mod waiting;
