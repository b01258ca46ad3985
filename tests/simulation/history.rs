//! Judges every change on the engine by the invariants of `docs/architecture.md`, which hold whatever goes wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use inception::engine::fake::{Change, Deed, Done, FakeEngine, Marks};
use inception::model::{Condition, ContainerId, ContainerSpec, MountKind, MountSpec, Project, Service, labels};
use inception::plan::UpOptions;
use tokio::time::Instant;

use crate::state::{is_ours, wanted};
use crate::story::{Act, Notes};

/// One run: its command, its times and its notes.
pub struct RunRecord {
    pub client: u32,
    pub project: Arc<Project>,
    /// The options of `up`; `None` for other commands.
    pub up: Option<UpOptions>,
    /// Whether the command is `down --volumes`.
    pub removes_volumes: bool,
    /// The steps of the saved plan, if the run was given one.
    pub shown: Option<BTreeSet<Act>>,
    /// The notes that the run made.
    pub notes: Rc<RefCell<Notes>>,
    /// When the run made its first observation, counted from the start of the engine.
    pub began: Duration,
    /// When the run ended or died.
    pub ended: Duration,
    /// Whether the run died.
    pub has_died: bool,
}

/// A broken invariant.
#[derive(Clone, Debug)]
pub struct Violation {
    pub rule: &'static str,
    pub what: String,
}

impl Violation {
    pub fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, what: what.into() }
    }
}

pub const FOREIGN: &str = "I3: objects of others are never changed";
pub const VOLUMES: &str = "I4: no volume is removed without being asked for";
pub const OLD_STAYS: &str = "I5: the old container goes only after the new one was up";
pub const CONDITIONS: &str = "I12: nothing starts before its conditions were met";
pub const FILES: &str = "I13: nothing starts without its configs and secrets";

pub const SHOWN: &str = "I14: a saved plan runs no step that was not shown";
pub const CONSENT: &str = "I15: no data is removed without consent in that round";

/// Judges each change, in order.
struct Judge<'a> {
    runs: BTreeMap<u32, &'a RunRecord>,
    born: Instant,
    alive: BTreeMap<ContainerId, Arc<ContainerSpec>>,
    /// All containers that have ever existed, with their specifications.
    known: BTreeMap<ContainerId, Arc<ContainerSpec>>,
    /// Containers that have got their configs and secrets.
    filled: BTreeSet<ContainerId>,
    /// Services of which somebody has removed a container by hand, and when.
    bereft: Vec<(String, Duration)>,
    /// Containers that a run has stopped, with the client of that run.
    stopped: BTreeSet<(u32, ContainerId)>,
    found: Vec<Violation>,
}

pub fn judge(engine: &FakeEngine, runs: &[RunRecord]) -> Vec<Violation> {
    let mut judge = Judge {
        runs: runs.iter().map(|run| (run.client, run)).collect(),
        born: engine.born(),
        alive: BTreeMap::new(),
        known: BTreeMap::new(),
        filled: BTreeSet::new(),
        bereft: Vec::new(),
        stopped: BTreeSet::new(),
        found: Vec::new(),
    };
    for change in engine.history() {
        judge.change(&change);
    }
    for run in runs {
        judge.found.extend(unseen(run));
    }
    judge.found
}

/// Returns the first step that ran and was not in the saved plan of its run.
fn unseen(run: &RunRecord) -> Option<Violation> {
    let shown = run.shown.as_ref()?;
    let notes = run.notes.borrow();
    let ran = notes.ran.lock().unwrap();
    let (verb, target) = ran.iter().find(|act| !shown.contains(*act))?;
    Some(Violation::new(SHOWN, format!("run {}: {} {target}", run.client, verb.plain())))
}

fn service_of(spec: &ContainerSpec) -> &str {
    spec.labels.get(labels::SERVICE).map_or("", String::as_str)
}

fn number_of(spec: &ContainerSpec) -> &str {
    spec.labels.get(labels::NUMBER).map_or("", String::as_str)
}

impl Judge<'_> {
    fn tell(&mut self, rule: &'static str, change: &Change, what: impl std::fmt::Display) {
        let at = change.at.as_secs_f64();
        self.found.push(Violation::new(rule, format!("run {} at {at:.3}: {what}", change.client)));
    }

    fn change(&mut self, change: &Change) {
        match &change.deed {
            Deed::Container { id, name, spec, what } => {
                if change.client != 0 && !is_ours(&spec.labels) {
                    self.tell(FOREIGN, change, format!("{name}: {what:?}"));
                }
                self.container(change, id, spec, what);
            }
            Deed::NetworkRemoved(_, name, found) if change.client != 0 && !is_ours(found) => {
                self.tell(FOREIGN, change, format!("network {name} removed"));
            }
            Deed::VolumeRemoved(name) if change.client != 0 && !self.is_given_up(change.client, name.as_str()) => {
                self.tell(VOLUMES, change, format!("volume {name} removed"));
            }
            Deed::VolumeRemoved(name) if change.client != 0 && !self.is_agreed(change, name.as_str()) => {
                self.tell(CONSENT, change, format!("volume {name} removed"));
            }
            _ => {}
        }
    }

    /// Whether the command of a run removes a volume: by its name, or all volumes of the file.
    fn is_given_up(&self, client: u32, volume: &str) -> bool {
        let Some(run) = self.runs.get(&client) else { return false };
        let is_named = |up: &UpOptions| up.recreate_volumes.iter().any(|key| format!("p_{key}") == volume);
        let mut declared = run.project.volumes.values().filter(|one| !one.is_external);
        run.up.as_ref().is_some_and(is_named) || run.removes_volumes && declared.any(|one| one.name.as_str() == volume)
    }

    /// Whether the user had agreed to lose the volume before it was removed.
    fn is_agreed(&self, change: &Change, volume: &str) -> bool {
        let Some(run) = self.runs.get(&change.client) else { return false };
        let notes = run.notes.borrow();
        notes.agreed.iter().any(|(at, name)| name == volume && *at <= change.at)
    }

    fn container(&mut self, change: &Change, id: &ContainerId, spec: &Arc<ContainerSpec>, what: &Done) {
        match what {
            Done::Created => {
                self.alive.insert(id.clone(), spec.clone());
                self.known.insert(id.clone(), spec.clone());
            }
            Done::Stopped => {
                self.stopped.insert((change.client, id.clone()));
            }
            Done::Filled => {
                self.filled.insert(id.clone());
            }
            Done::Started(marks) => {
                if change.client != 0 && !spec.files.is_empty() && !self.filled.contains(id) {
                    self.tell(FILES, change, format!("{} {}", spec.name, id.short()));
                }
                self.started(change, id, spec, marks);
            }
            Done::Removed(successors) => {
                self.removed(change, id, spec, successors);
                self.alive.remove(id);
                if change.client == 0 {
                    self.bereft.push((service_of(spec).to_owned(), change.at));
                }
            }
            _ => {}
        }
    }

    fn service(&self, client: u32, spec: &ContainerSpec) -> Option<(&RunRecord, &UpOptions, &Service)> {
        let run = *self.runs.get(&client)?;
        let service = run.project.services.get(service_of(spec)).filter(|_| is_ours(&spec.labels))?;
        Some((run, run.up.as_ref()?, service))
    }

    fn started(
        &mut self,
        change: &Change,
        id: &ContainerId,
        spec: &ContainerSpec,
        marks: &BTreeMap<ContainerId, Marks>,
    ) {
        let is_replaced =
            self.known.values().any(|other| other.labels.get(labels::REPLACES).is_some_and(|old| old == id.as_str()));
        // A run may start a container that it has stopped. If that run died, any other run may.
        let may_start = |(client, stopped): &(u32, ContainerId)| {
            stopped == id && (*client == change.client || self.runs.get(client).is_some_and(|run| run.has_died))
        };
        if is_replaced || self.stopped.iter().any(may_start) {
            return;
        }
        let Some((run, options, service)) = self.service(change.client, spec) else { return };
        let since = self.born + run.began;
        let mut unmet = Vec::new();
        for (name, edge) in service.depends_on.iter().filter(|(_, edge)| edge.required) {
            let Some(dependency) = run.project.services.get(name) else { continue };
            let held = |marks: &Marks| {
                let at = match edge.condition {
                    Condition::Started => marks.running.max(marks.completed),
                    Condition::Healthy => marks.healthy,
                    Condition::CompletedSuccessfully => marks.completed,
                };
                at.is_some_and(|at| at >= since)
            };
            let met = marks
                .iter()
                .filter(|(id, marks)| {
                    self.known.get(*id).is_some_and(|spec| service_of(spec) == name.as_str()) && held(marks)
                })
                .count();
            if met < wanted(dependency, options) {
                unmet.push(format!("{name} is not {}", edge.condition.as_str()));
            }
        }
        if !unmet.is_empty() {
            let what = format!("{} {} started, but {unmet:?}", spec.name, id.short());
            self.tell(CONDITIONS, change, what);
        }
    }

    fn removed(&mut self, change: &Change, id: &ContainerId, spec: &ContainerSpec, successors: &[(ContainerId, bool)]) {
        let Some((run, options, service)) = self.service(change.client, spec) else { return };
        // A container without its configs and secrets has never worked.
        if !spec.files.is_empty() && !self.filled.contains(id) {
            return;
        }
        // The users of a volume are removed before the volume is recreated.
        let uses = |mount: &MountSpec| matches!(&mount.kind, MountKind::Volume { name, .. } if self.is_given_up(change.client, name.as_str()));
        if spec.mounts.iter().any(uses) {
            return;
        }
        // Another run or a user may remove the new container between this run's observation and its removal of the old
        // one. Engines offer no way to prevent that.
        let overlaps =
            |other: &RunRecord| other.client != run.client && other.began <= change.at && run.began <= other.ended;
        let is_bereft = |(of, at): &(String, Duration)| of == service_of(spec) && *at >= run.began;
        if self.runs.values().any(|other| overlaps(other)) || self.bereft.iter().any(is_bereft) {
            return;
        }
        let is_new = |other: &ContainerId| successors.iter().any(|(id, was_up)| id == other && !was_up);
        let numbers = |skip: &dyn Fn(&ContainerId) -> bool| {
            let same = self.alive.iter().filter(|(other, one)| service_of(one) == service_of(spec) && !skip(other));
            same.map(|(_, one)| number_of(one).to_owned()).collect::<BTreeSet<_>>().len()
        };
        let (before, after) = (numbers(&|_| false), numbers(&|other| other == id || is_new(other)));
        if after < before.min(wanted(service, options)) {
            let what = format!("{} {} removed, though nothing takes its place yet", spec.name, id.short());
            self.tell(OLD_STAYS, change, what);
        }
    }
}
