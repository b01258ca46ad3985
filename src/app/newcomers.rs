//! Containers that another run brings while an attached `up` follows: which of them take another's place, and how long
//! the end of all is put off for them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::EngineEvent;
use crate::model::{ContainerId, labels};

/// How long something is waited for that should come: a replacement's start, or the old container when that has failed.
const HOLD: Duration = Duration::from_secs(10);

/// A replica's place: its service and number.
pub(super) type Place = (String, String);

/// Returns the place of an event's container; `None` for what `run` has started.
pub(super) fn place(event: &EngineEvent) -> Option<Place> {
    let label = |name: &str| event.attributes.get(name).cloned();
    let is_oneoff = label(labels::ONEOFF).is_some_and(|word| word.eq_ignore_ascii_case("true"));
    if is_oneoff { None } else { Some((label(labels::SERVICE)?, label(labels::NUMBER)?)) }
}

/// What is on its way.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    /// Made, and not started yet.
    made: BTreeMap<ContainerId, Place>,
    until: Option<Instant>,
}

impl Newcomers {
    pub(super) fn is_made(&mut self, id: ContainerId, place: Place) {
        self.made.insert(id, place);
        self.hold();
    }

    pub(super) fn has_started(&mut self, id: &ContainerId) {
        self.made.remove(id);
        self.until = None;
    }

    pub(super) fn is_gone(&mut self, id: &ContainerId) {
        if self.made.remove(id).is_some() && self.made.is_empty() {
            self.until = None;
        }
    }

    /// Whether one is about to take a place.
    pub(super) fn will_take(&self, place: &Place) -> bool {
        self.made.values().any(|one| one == place)
    }

    /// Waits for something from now on.
    pub(super) fn hold(&mut self) {
        self.until = Some(Instant::now() + HOLD);
    }

    /// How long is still waited; `None` where nothing is.
    pub(super) fn awaited_until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_made_is_waited_for_until_it_starts_goes_or_takes_too_long() {
        let (id, place) = (ContainerId::new("1"), ("web".to_owned(), "1".to_owned()));
        let mut newcomers = Newcomers::default();
        newcomers.is_made(id.clone(), place.clone());
        assert!(newcomers.will_take(&place) && newcomers.awaited_until().is_some());
        newcomers.has_started(&id);
        assert!(!newcomers.will_take(&place) && newcomers.awaited_until().is_none());
        newcomers.is_made(id.clone(), place.clone());
        newcomers.is_gone(&id);
        assert!(newcomers.awaited_until().is_none());
        newcomers.is_made(id, place);
        tokio::time::advance(HOLD).await;
        assert!(newcomers.awaited_until().is_none());
    }
}
