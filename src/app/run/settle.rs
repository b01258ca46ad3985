//! Waits until the engine has done what a dead run had asked for.
//!
//! The engine goes on with a request when its client is gone. Example: a run asks it to stop `web` and dies. `web` runs
//! on during its grace period, and the next run could take it for a container that stays up. So the next run first
//! waits until nothing happens to the project any more. The engine's events tell: those since the dead run began, of
//! which the engine keeps the last 256, and those that come during the wait.

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

/// After this time without an event all requests have ended.
const QUIET: Duration = Duration::from_secs(1);
/// Events that continue for longer than this do not come from the dead run: a container may end and restart for ever.
const BUSY: Duration = Duration::from_secs(5);
/// How long the engine may take to end a container after its grace period.
const MARGIN: Duration = Duration::from_secs(3);
/// The engine's default grace period, for containers without a stop timeout.
const GRACE: Duration = Duration::from_secs(10);
/// The longest wait, whatever the grace period of a container: the limit of a stop request.
const LONGEST: Duration = Duration::from_secs(3600);
/// The longest wait for a container that is listed but cannot be inspected yet.
const MAKING: Duration = Duration::from_secs(60);

/// Waits until the engine has done what a dead run asked for. Never fails: without events the wait ends at once.
/// Returns whether the engine is known to have done everything.
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

/// Returns whether the engine is still creating a container of the project: a container is listed some time before it
/// can be inspected.
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

/// Containers that got a signal to stop and have not ended yet.
#[derive(Default)]
struct Stopping {
    /// Containers that were not inspected yet, with the event of their signal. Most end before all events are read, and
    /// need no inspect.
    told: BTreeMap<ContainerId, EngineEvent>,
    /// The other containers, each with the time at which the engine ends it at the latest.
    ends: BTreeMap<ContainerId, Instant>,
}

impl Stopping {
    /// Returns the time at which all of them have ended.
    fn end(&self) -> Option<Instant> {
        self.ends.values().max().copied()
    }

    /// Notes an event. Returns whether it is of a kind that requests of this program cause.
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
            // Events of health checks and of commands in a container never end.
            _ => return false,
        }
        true
    }

    /// Inspects the containers that were not inspected yet. Returns whether one of them still runs.
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

/// Returns how long a container with a stop signal may still take. `None` if the container has ended, or if its grace
/// period is over: then the signal was none that ends it.
async fn remaining(engine: &dyn ReadEngine, event: &EngineEvent) -> Option<Duration> {
    let found = engine.inspect_container(event.id.as_str()).await.ok().filter(|found| found.pid != 0)?;
    let grace = found.stop_timeout.unwrap_or(GRACE).saturating_add(MARGIN);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let told = Duration::from_nanos(u64::try_from(event.time_nanos).unwrap_or_default());
    // The engine's clock may differ from this machine's, so the wait is the grace period at most.
    grace.checked_sub(now.saturating_sub(told)).filter(|left| !left.is_zero()).map(|left| left.min(LONGEST))
}
