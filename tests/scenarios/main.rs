//! Scenarios on the real engine, written once and played twice: by us and by docker compose.
//!
//! What holds for both (`both`) proves the scenario first, and then us; what only we promise is asserted of us (`ours`)
//! and recorded of docker compose: `cargo test --test scenarios -- --nocapture` shows the record. Checks look at
//! containers, networks and volumes, not at text. Skipped, loudly, where no engine answers; without docker compose 2
//! (`PEER_COMPOSE`) they are played by us alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../common/mod.rs"]
mod common;

use common::real::Tool;

/// Plays a story where the tool is there.
fn play(tool: Tool, story: fn(Tool)) {
    if tool.is_ready() {
        story(tool);
    }
}

/// Makes two tests of each story: `NAME::ours` and `NAME::peer`.
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
