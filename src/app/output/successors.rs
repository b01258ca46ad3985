//! Containers that another run creates while an attached `up` follows the project: which replicas they become, and for how
//! long the attached `up` goes on for their sake.
//!
//! An example: a second `up` replaces `web-1`. It creates the successor, and the old `web-1` ends before the successor
//! starts. The attached `up` must not end then, though nothing of the project runs at that moment.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::EngineEvent;
use crate::model::{ContainerId, labels};

/// How long the attached `up` waits for a successor's start, or for the old container's start where the successor has failed.
const HOLD: Duration = Duration::from_secs(10);

/// How long a start is waited for after somebody has stopped a container: an engine needs less between the two halves of a
/// restart.
const RESTART: Duration = Duration::from_secs(5);

/// A replica of a service: the service's name and the replica's number, as the labels say.
pub(super) type Replica = (String, String);

/// Returns the replica that an event's container is; `None` for a one-off container.
pub(super) fn replica(event: &EngineEvent) -> Option<Replica> {
    let label = |name: &str| event.attributes.get(name).cloned();
    let is_oneoff = label(labels::ONEOFF).is_some_and(|word| word.eq_ignore_ascii_case("true"));
    if is_oneoff { None } else { Some((label(labels::SERVICE)?, label(labels::NUMBER)?)) }
}

/// Successors that have been created and not started yet.
#[derive(Debug, Default)]
pub(super) struct Successors {
    created: BTreeMap<ContainerId, Replica>,
    until: Option<Instant>,
}

impl Successors {
    /// Notes that a container was created.
    pub(super) fn created(&mut self, id: ContainerId, replica: Replica) {
        self.created.insert(id, replica);
        self.hold();
    }

    /// Notes that a container has started: nothing more is waited for.
    pub(super) fn started(&mut self, id: &ContainerId) {
        self.created.remove(id);
        self.until = None;
    }

    /// Notes that a container was removed.
    pub(super) fn destroyed(&mut self, id: &ContainerId) {
        if self.created.remove(id).is_some() && self.created.is_empty() {
            self.until = None;
        }
    }

    /// Returns whether a replica has a successor that has not started yet.
    pub(super) fn has(&self, replica: &Replica) -> bool {
        self.created.values().any(|one| one == replica)
    }

    /// Waits for a start, from now on.
    pub(super) fn hold(&mut self) {
        self.until = Some(Instant::now() + HOLD);
    }

    /// Waits for the start of a container that somebody has stopped.
    pub(super) fn await_restart(&mut self) {
        self.until = self.until.max(Some(Instant::now() + RESTART));
    }

    /// Returns until when a start is waited for; `None` where none is.
    pub(super) fn awaited_until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_successor_is_waited_for_until_it_starts_goes_or_takes_too_long() {
        let (id, replica) = (ContainerId::new("1"), ("web".to_owned(), "1".to_owned()));
        let mut successors = Successors::default();
        successors.created(id.clone(), replica.clone());
        assert!(successors.has(&replica) && successors.awaited_until().is_some());
        successors.started(&id);
        assert!(!successors.has(&replica) && successors.awaited_until().is_none());
        successors.created(id.clone(), replica.clone());
        successors.destroyed(&id);
        assert!(successors.awaited_until().is_none());
        successors.created(id, replica);
        tokio::time::advance(HOLD).await;
        assert!(successors.awaited_until().is_none());
    }
}
