//! Waits until the engine has done what a run that died had asked of it.
//!
//! The engine goes on with a request when its client is gone. An example: a run asks it to stop `web` and dies. `web` runs on
//! for its grace period, and a run that looked now would take `web` for a container that stays up. So the next run first waits
//! until nothing happens to the project any more. The engine's events tell: those since the dead run began, of which the
//! engine keeps the last 256, and those that come while this run waits.

#![expect(clippy::disallowed_methods, reason = "compares moments of the engine with the time of day")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::lock::Left;
use crate::engine::{EngineEvent, ReadEngine};
use crate::model::{ContainerId, ContainerState, labels};
use crate::text::escape_controls;
use crate::ui;

/// After so long without an event all requests have ended.
const QUIET: Duration = Duration::from_secs(1);
/// Events that go on for longer are not the dead run's work: a container of the project may end and restart for ever.
const BUSY: Duration = Duration::from_secs(5);
/// How long the engine takes to end a container after its grace period.
const MARGIN: Duration = Duration::from_secs(3);
/// The engine's own grace period, for containers without a stop timeout.
const GRACE: Duration = Duration::from_secs(10);
/// The longest wait, whatever grace period a container has: the limit of a stop request.
const LONGEST: Duration = Duration::from_secs(3600);
/// The longest wait for a container that the engine lists and that cannot be inspected yet.
const MAKING: Duration = Duration::from_secs(60);

/// Waits until the engine has done what a dead run asked of it. Never fails: where the engine tells no events, the wait ends
/// at once. Returns whether the engine is known to have done all.
pub(super) async fn settle(engine: &dyn ReadEngine, project: &str, left: Left) -> bool {
    let filter = [format!("{}={project}", labels::PROJECT)];
    let Ok(Ok(mut events)) = tokio::time::timeout(BUSY, engine.events(&filter, left.since)).await else {
        return false;
    };
    let begun = Instant::now();
    let mut stopping = Stopping::default();
    let mut changed = begun;
    while begun.elapsed() < LONGEST {
        let end = stopping.end().filter(|end| *end > Instant::now());
        let quiet = changed + QUIET;
        if end.is_none() && begun.elapsed() >= BUSY {
            if !stopping.look(engine).await {
                if begun.elapsed() >= MAKING || !is_making(engine, &filter).await {
                    return true;
                }
                tokio::time::sleep(QUIET / 4).await;
            }
            continue;
        }
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => {
                    if stopping.note(event) {
                        changed = Instant::now();
                    }
                }
                // Without events there is nothing to wait for.
                Some(Err(_)) | None => return false,
            },
            () = tokio::time::sleep_until(quiet.max(end.unwrap_or(quiet))) => {
                if !stopping.look(engine).await {
                    if !is_making(engine, &filter).await {
                        return true;
                    }
                    changed = Instant::now();
                }
            }
        }
    }
    false
}

/// Returns whether the engine is still creating a container of the project: its list names a container some time before the
/// container can be inspected.
async fn is_making(engine: &dyn ReadEngine, filter: &[String]) -> bool {
    let Ok(list) = engine.list_containers(filter).await else { return false };
    for one in list.iter().filter(|one| one.state == ContainerState::Created) {
        if engine.inspect_container(one.id.as_str()).await.is_err_and(|error| error.is_not_found()) {
            return true;
        }
    }
    false
}

/// Waits for the next event of a project's containers, at most `longest`.
pub(super) async fn next(engine: &dyn ReadEngine, project: &str, longest: Duration) {
    let filter = [format!("{}={project}", labels::PROJECT)];
    let wait = async {
        if let Ok(mut events) = engine.events(&filter, None).await {
            events.next().await;
        }
    };
    let _ = tokio::time::timeout(longest, wait).await;
}

/// Containers that were told to stop and have not ended yet.
#[derive(Default)]
struct Stopping {
    /// Containers that were not looked at yet, with the event that told of their signal. Most end before all events are
    /// read, so that no look is needed.
    told: BTreeMap<ContainerId, EngineEvent>,
    /// The other containers, each with the time by which the engine ends it.
    ends: BTreeMap<ContainerId, Instant>,
}

impl Stopping {
    /// Returns the time by which all of them have ended.
    fn end(&self) -> Option<Instant> {
        self.ends.values().max().copied()
    }

    /// Takes note of an event. Returns whether requests of this program cause such events.
    fn note(&mut self, event: EngineEvent) -> bool {
        match event.action.as_str() {
            "kill" => {
                self.told.insert(event.id.clone(), event);
            }
            "die" | "destroy" => {
                self.told.remove(&event.id);
                self.ends.remove(&event.id);
            }
            "create" | "start" | "stop" | "restart" | "rename" | "pause" | "unpause" => {}
            // Events of health checks and of commands in a container go on for ever.
            _ => return false,
        }
        true
    }

    /// Looks at the containers that were not looked at yet. Returns whether one of them still runs.
    async fn look(&mut self, engine: &dyn ReadEngine) -> bool {
        let mut has_any = false;
        for (id, event) in std::mem::take(&mut self.told) {
            let Some(left) = remaining(engine, &event).await else { continue };
            if self.ends.insert(id, Instant::now() + left).is_none() {
                let name = event.attributes.get("name").map_or(event.id.short(), String::as_str);
                ui::tell(&format!("waiting for {}, which the last run had told to stop\n", escape_controls(name)));
            }
            has_any = true;
        }
        has_any
    }
}

/// Returns how long a container that was told to stop may take yet. `None` where the container has ended, or where its grace
/// period is over: then its signal was none that ends it.
async fn remaining(engine: &dyn ReadEngine, event: &EngineEvent) -> Option<Duration> {
    let found = engine.inspect_container(event.id.as_str()).await.ok().filter(|found| found.pid != 0)?;
    let grace = found.stop_timeout.unwrap_or(GRACE).saturating_add(MARGIN);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let told = Duration::from_nanos(u64::try_from(event.time_nanos).unwrap_or_default());
    // The engine's clock may be another machine's, and behind or ahead of this one: the wait is the grace period at most.
    grace.checked_sub(now.saturating_sub(told)).filter(|left| !left.is_zero()).map(|left| left.min(LONGEST))
}
