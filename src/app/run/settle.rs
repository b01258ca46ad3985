//! What a run that died has asked of the engine goes on without it: a stop takes its grace period, a start its time.
//!
//! Who looks meanwhile sees a container run that is about to end. So the run after it first waits until nothing happens to
//! the project any more. The engine's events tell, those since the dead run began as well (it keeps the last 256).

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::lock::Left;
use crate::engine::{EngineEvent, ReadEngine};
use crate::model::{ContainerId, ContainerState, labels};
use crate::text::escape_controls;
use crate::ui;

/// Nothing has happened for so long: all calls have ended.
const QUIET: Duration = Duration::from_secs(1);
/// What goes on for longer, such as a container that ends and starts without end, is no call of the dead run.
const BUSY: Duration = Duration::from_secs(5);
/// What the engine does at the end of a grace period takes its time, too.
const MARGIN: Duration = Duration::from_secs(3);
/// The engine's own grace period.
const GRACE: Duration = Duration::from_secs(10);
/// Nothing is waited for longer, whatever grace period a container has: as long as a stop may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// Nothing is waited for longer that a list tells of and that cannot be looked at.
const MAKING: Duration = Duration::from_secs(60);

/// Waits until the engine has done what a dead run asked of it. Never fails: where nothing can be learnt, nothing is waited
/// for. Returns whether it is known to have done all.
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
                // Without events nothing more can be learnt.
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

/// Returns whether the engine is still making a container: its list tells of one before it can be looked at.
async fn is_making(engine: &dyn ReadEngine, filter: &[String]) -> bool {
    let Ok(list) = engine.list_containers(filter).await else { return false };
    for one in list.iter().filter(|one| one.state == ContainerState::Created) {
        if engine.inspect_container(one.id.as_str()).await.is_err_and(|error| error.is_not_found()) {
            return true;
        }
    }
    false
}

/// Waits for the next thing that happens to a project's containers, at most so long.
pub(super) async fn next(engine: &dyn ReadEngine, project: &str, longest: Duration) {
    let filter = [format!("{}={project}", labels::PROJECT)];
    let wait = async {
        if let Ok(mut events) = engine.events(&filter, None).await {
            events.next().await;
        }
    };
    let _ = tokio::time::timeout(longest, wait).await;
}

/// Containers that have been told to end and have not ended yet.
#[derive(Default)]
struct Stopping {
    /// Those that nobody has looked at: most have ended before all has been told.
    told: BTreeMap<ContainerId, EngineEvent>,
    /// The others, each with the time by which the engine makes it end.
    ends: BTreeMap<ContainerId, Instant>,
}

impl Stopping {
    fn end(&self) -> Option<Instant> {
        self.ends.values().max().copied()
    }

    /// Takes note of an event. Returns whether it is one that calls such as ours cause.
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
            // Health checks and the like go on for ever.
            _ => return false,
        }
        true
    }

    /// Looks at those that nobody has looked at. Returns whether one of them still runs.
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

/// Returns how long a container that was told to end may take yet; `None` where it has ended, or need not.
async fn remaining(engine: &dyn ReadEngine, event: &EngineEvent) -> Option<Duration> {
    let found = engine.inspect_container(event.id.as_str()).await.ok().filter(|found| found.pid != 0)?;
    let grace = found.stop_timeout.unwrap_or(GRACE).saturating_add(MARGIN);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let told = Duration::from_nanos(u64::try_from(event.time_nanos).unwrap_or_default());
    // The engine's clock may be another machine's: no more than the whole is waited for.
    grace.checked_sub(now.saturating_sub(told)).filter(|left| !left.is_zero()).map(|left| left.min(LONGEST))
}
