//! What an attached `up` does when something happens to a container.

use tokio::time::Instant;

use super::follow::Follower;
use super::rejoin::Gap;
use super::successors::{self, Replica};
use super::watched::{Joined, Watched};
use crate::engine::EngineEvent;
use crate::model::{ContainerState, labels};
use crate::text::escape_controls;
use crate::ui;

impl Follower<'_> {
    /// Takes an event.
    pub(super) async fn on_event(&mut self, event: &EngineEvent) {
        let Some(watched) = self.watched.get_mut(&event.id) else { return self.on_stranger(event).await };
        match event.action.as_str() {
            // A look may have shown the end before its event came.
            "die" if watched.died(event) && !watched.is_over => {
                let known = watched.ends.len();
                // A `restart` by somebody else stops the container and starts it again; no event tells the two apart from a stop.
                if std::mem::take(&mut watched.was_signalled) {
                    self.successors.await_restart();
                }
                self.look(&event.id).await;
                self.note_restart(event, known);
            }
            "kill" => watched.was_signalled = true,
            "destroy" => {
                watched.is_gone = true;
                self.look(&event.id).await;
            }
            "start" => {
                let is_to_be_read = watched.started(event);
                self.successors.started(&event.id);
                if is_to_be_read {
                    self.read_again(event).await;
                }
            }
            _ => {}
        }
    }

    /// Takes an event of a container that is not followed yet. While the run is under way, such a container is one that the
    /// run replaces, or gives back.
    async fn on_stranger(&mut self, event: &EngineEvent) {
        let is_selected = |(service, _): &Replica| self.scope.selected.contains(&**service);
        let Some(replica) = successors::replica(event).filter(|one| !self.is_run_under_way && is_selected(one)) else {
            return;
        };
        match event.action.as_str() {
            "create" => self.successors.created(event.id.clone(), replica),
            "destroy" => self.successors.destroyed(&event.id),
            "start" => {
                self.successors.started(&event.id);
                self.meet(event).await;
            }
            _ => {}
        }
    }

    /// Follows a container that another run has started.
    async fn meet(&mut self, start: &EngineEvent) {
        let filter = [format!("{}={}", labels::PROJECT, self.scope.project.name)];
        // Where the engine does not answer, the containers that are followed already are followed on.
        let Ok(all) = self.engine.list_containers(&filter).await else { return };
        if let Some(mut container) = all.into_iter().find(|one| one.id == start.id) {
            container.name = crate::plan::final_name(container.name.as_str()).into();
            self.watch(&container, self.watched.len(), Some(Some(start))).await;
        }
    }

    /// Notes the end of a container that its restart policy has started again: a look then shows it running. `known` ends
    /// were noted before the look.
    fn note_restart(&mut self, event: &EngineEvent, known: usize) {
        let code = event.attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or_default();
        if let Some(watched) = self.watched.get_mut(&event.id).filter(|one| one.ends.len() <= known) {
            watched.ended(code, None, true);
        }
    }

    /// Reads the output of a container that was started again: its session has ended with the run of before.
    async fn read_again(&mut self, start: &EngineEvent) {
        let seen = Instant::now();
        let Some(watched) = self.watched.get(&start.id) else { return };
        let (is_tty, since) = (watched.is_tty, watched.died.clone().or_else(|| Some(Gap::just_before(start))));
        // The output is there at once, and its log may be rotated soon: no other question comes first.
        self.read(&start.id, is_tty, Some(Gap { since, started: Some((start.time_nanos, seen)) })).await;
    }

    /// Looks at everything after the connection to the engine was lost, and attaches again.
    pub(super) async fn on_reconnection(&mut self) {
        for id in self.watched.keys().cloned().collect::<Vec<_>>() {
            let Some(details) = self.look(&id).await else { continue };
            let is_lost =
                |one: &Watched| one.is_printed && one.read >= one.readers && one.joined != Joined::BeforeStart;
            let Some(watched) = self.watched.get(&id).filter(|one| is_lost(one)) else { continue };
            if details.state == ContainerState::Running {
                let name = escape_controls(&watched.source.name).into_owned();
                ui::tell(&format!("the connection to the engine was lost: lines of {name} may be missing\n"));
                self.read(&id, details.is_tty, None).await;
            }
        }
    }
}
