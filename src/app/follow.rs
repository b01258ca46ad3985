//! Follows what an attached `up` has started, until all of it has ended or one container's end ends all.
//!
//! One subscription to events says when to look; what is so is decided by looking. An end is told once the container's
//! output has been printed. What another run brings for the services that are followed is followed, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use tokio::time::Instant;

use super::logs::{self, FollowRequest, Line};
use super::newcomers::{self, Newcomers, Place};
use crate::engine::docker::DockerEngine;
use crate::engine::{ContainerDetails, EngineEvent, EngineResult, EventEngine, LogEngine, LogOptions, ReadEngine};
use crate::failure::Failure;
use crate::model::{Condition, ContainerId, ContainerState, Observed, ObservedContainer, Project, labels};
use crate::plan::{Action, Plan};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::logs::LogPrinter;

/// How long an end waits for the rest of its container's output: some engines forget to close the stream.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries to subscribe again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why there is nothing more to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All containers have ended.
    All,
    /// This container's end ends all, with its exit code.
    First(u8),
}

/// What is followed.
pub(super) struct Followed<'a> {
    pub project: &'a Project,
    /// Services that the run was about.
    pub selected: &'a BTreeSet<&'a str>,
    /// Services that were named.
    pub services: &'a [String],
    pub request: &'a FollowRequest,
    /// What there was before the run.
    pub before: &'a Observed,
    /// What was run.
    pub plan: &'a Plan,
}

impl Followed<'_> {
    /// Whether a container belongs to the run. What had ended before, and was not started again, does not.
    fn is_watched(&self, container: &ObservedContainer) -> bool {
        let service = container.service().unwrap_or_default();
        if container.is_oneoff() || !self.selected.contains(service) {
            return false;
        }
        let was_up = || self.before.containers.by_id(container.id.as_str()).is_some_and(|one| !is_over(one.state));
        !is_over(container.state) || self.is_asked(service) || self.is_started(container) || was_up()
    }

    /// Whether the run has started a container.
    fn is_started(&self, container: &ObservedContainer) -> bool {
        self.has(container, |action| matches!(action, Action::StartContainer { .. } | Action::RestartContainer { .. }))
    }

    fn has(&self, container: &ObservedContainer, is_it: impl Fn(&Action) -> bool) -> bool {
        self.plan.steps.iter().any(|step| is_it(&step.action) && step.target.name() == container.name.as_str())
    }

    /// Which part of its output is of this run; what was written before is for `logs`.
    fn part(&self, container: &ObservedContainer, details: &ContainerDetails) -> LogOptions {
        if self.has(container, |action| matches!(action, Action::CreateContainer { .. })) {
            return LogOptions::default();
        }
        if !self.is_started(container) {
            return LogOptions { tail: Some(0), ..LogOptions::default() };
        }
        since_start(details)
    }

    fn is_printed(&self, container: &ObservedContainer) -> bool {
        let Some(name) = container.service() else { return false };
        let Some(service) = self.project.services.get(name) else { return false };
        if self.request.no_attach.iter().any(|one| one == name) {
            return false;
        }
        let named = self.services.iter().chain(&self.request.attach).map(String::as_str);
        let graph = crate::graph::Graph::new(&self.project.services);
        let is_named = match self.request.with_dependencies {
            true => graph.with_dependencies(named).contains(name),
            false => named.clone().any(|one| one == name),
        };
        match self.request.attach.is_empty() {
            false => is_named,
            true => is_named || (self.services.is_empty() && service.attach),
        }
    }

    fn is_asked(&self, service: &str) -> bool {
        self.request.exit_code_from.as_deref() == Some(service)
    }

    /// Whether an end ends all. That a job is done which others wait for is what was asked.
    fn ends_all(&self, service: &str, code: u8) -> bool {
        let request = self.request;
        let is_meant = code == 0 && !self.is_asked(service) && self.is_awaited(service);
        let on_any = request.abort_on_exit || request.exit_code_from.is_some();
        on_any && !is_meant || request.abort_on_failure && code != 0
    }

    fn is_awaited(&self, service: &str) -> bool {
        self.project.services.values().filter(|one| self.selected.contains(one.name.as_str())).any(|one| {
            let edge = one.depends_on.get(service);
            edge.is_some_and(|edge| edge.condition == Condition::CompletedSuccessfully)
        })
    }
}

/// The output since the last start.
fn since_start(details: &ContainerDetails) -> LogOptions {
    // The engine notes the start when the container may have written already.
    let started: Option<jiff::Timestamp> = details.started_at.parse().ok();
    let since = started.map(|time| (time - jiff::SignedDuration::from_secs(1)).to_string());
    LogOptions { since, ..LogOptions::default() }
}

fn is_over(state: ContainerState) -> bool {
    matches!(state, ContainerState::Created | ContainerState::Exited | ContainerState::Dead)
}

/// Begins to follow.
pub(super) async fn follow<'a>(
    context: &Context,
    engine: &'a Arc<DockerEngine>,
    followed: &'a Followed<'a>,
) -> Result<Run<'a>, Failure> {
    let project = followed.project.name.as_str();
    let filter = vec![format!("{}={project}", labels::PROJECT)];
    // Before the look: what ends after it is told by an event.
    let events = events(engine.clone(), filter.clone(), engine.events(&filter, None).await?);
    let all = engine.list_containers(&filter).await?;
    let watched: Vec<&ObservedContainer> = all.iter().filter(|one| followed.is_watched(one)).collect();
    let printed: Vec<&ObservedContainer> = watched.iter().copied().filter(|one| followed.is_printed(one)).collect();
    let names: Vec<String> = printed.iter().map(|one| logs::short_name(project, one)).collect();
    ui::tell(&format!("Attaching to {}\n", escape_controls(&names.join(", "))));
    let printer = logs::printer(context, project, &printed, followed.request);
    let mut run = Run {
        engine,
        followed,
        events,
        watched: BTreeMap::new(),
        newcomers: Newcomers::default(),
        readers: SelectAll::new(),
        printer,
    };
    for container in watched {
        run.watch(container, false).await;
    }
    Ok(run)
}

/// Events without an end; `None` where some may have been missed.
fn events(
    engine: Arc<DockerEngine>,
    filter: Vec<String>,
    first: BoxStream<'static, EngineResult<EngineEvent>>,
) -> BoxStream<'static, Option<EngineEvent>> {
    let state = (engine, filter, Some(first));
    futures_util::stream::unfold(state, |(engine, filter, mut stream)| async move {
        loop {
            match &mut stream {
                Some(open) => match open.next().await {
                    Some(Ok(event)) => return Some((Some(event), (engine, filter, stream))),
                    _ => stream = None,
                },
                None => {
                    tokio::time::sleep(PAUSE).await;
                    if let Ok(open) = engine.events(&filter, None).await {
                        return Some((None, (engine, filter, Some(open))));
                    }
                }
            }
        }
    })
    .boxed()
}

/// How things stand with one container.
struct Watched {
    name: String,
    service: String,
    place: Place,
    /// 0 for what this run has started; what another run brings later has a higher one.
    rank: usize,
    /// Whether it has been removed.
    is_gone: bool,
    is_printed: bool,
    /// Whether its output is being read.
    is_read: bool,
    /// Whether it was started again before its output of the time before had been read.
    is_again: bool,
    is_over: bool,
    /// An end that has not been told yet.
    end: Option<End>,
    /// When it last ended, seconds by the engine's clock: what it writes after a start is newer.
    died: Option<String>,
}

struct End {
    code: i64,
    seen: Instant,
    finished: Option<jiff::Timestamp>,
    /// Whether its restart policy starts it again.
    restarts: bool,
}

/// What is being followed.
pub(super) struct Run<'a> {
    engine: &'a Arc<DockerEngine>,
    followed: &'a Followed<'a>,
    events: BoxStream<'static, Option<EngineEvent>>,
    watched: BTreeMap<ContainerId, Watched>,
    newcomers: Newcomers,
    /// Lines; `None` is the end of a container's output.
    readers: SelectAll<BoxStream<'static, (ContainerId, Option<Line>)>>,
    printer: LogPrinter,
}

impl Run<'_> {
    async fn watch(&mut self, container: &ObservedContainer, is_new: bool) {
        let service = container.service().unwrap_or_default().to_owned();
        let number = container.label(labels::NUMBER).unwrap_or_default().to_owned();
        let watched = Watched {
            name: logs::short_name(self.followed.project.name.as_str(), container),
            place: (service.clone(), number),
            service,
            rank: if is_new { self.watched.len() } else { 0 },
            is_gone: false,
            is_printed: self.followed.is_printed(container),
            is_read: false,
            is_again: false,
            is_over: false,
            end: None,
            died: None,
        };
        if is_new && watched.is_printed {
            self.printer.add(container.id.as_str(), &watched.name);
        }
        self.watched.insert(container.id.clone(), watched);
        if let Some(details) = self.look(&container.id).await {
            let part = if is_new { since_start(&details) } else { self.followed.part(container, &details) };
            self.read(&details, part).await;
        }
    }

    /// Follows until there is nothing more to follow.
    pub(super) async fn until_over(&mut self) -> Ending {
        loop {
            if let Some(code) = self.tell_ends() {
                return Ending::First(code);
            }
            if self.is_all_over() && self.newcomers.awaited_until().is_none() {
                return Ending::All;
            }
            self.next().await;
        }
    }

    /// Follows while containers are stopped, and tells how they have ended.
    pub(super) async fn during(&mut self, stop: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        tokio::pin!(stop);
        loop {
            self.tell_ends();
            tokio::select! {
                result = &mut stop => {
                    result?;
                    break;
                }
                () = self.next() => {}
            }
        }
        // The stop may have ended while one was being looked at.
        self.look_at_all().await;
        self.tell_ends();
        while self.watched.values().any(|one| one.end.is_some()) {
            self.next().await;
            self.tell_ends();
        }
        Ok(())
    }

    fn is_all_over(&self) -> bool {
        self.watched.values().all(|one| one.is_over)
    }

    /// Waits for the next line or event, or until an end has waited long enough for its output, or all for what may come.
    async fn next(&mut self) {
        let ends = self.watched.values().filter_map(|one| one.end.as_ref()).map(|end| end.seen + PATIENCE);
        let until = ends.chain(self.newcomers.awaited_until().filter(|_| self.is_all_over())).min();
        tokio::select! {
            Some((id, line)) = self.readers.next(), if !self.readers.is_empty() => match line {
                Some(line) => self.printer.line(id.as_str(), &line.bytes),
                None => self.read_out(&id).await,
            },
            Some(event) = self.events.next() => match event {
                Some(event) => self.on_event(&event).await,
                None => self.look_at_all().await,
            },
            () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
        }
    }

    async fn on_event(&mut self, event: &EngineEvent) {
        let Some(watched) = self.watched.get_mut(&event.id) else { return self.on_stranger(event).await };
        match event.action.as_str() {
            "die" => {
                let nanos = event.time_nanos;
                watched.died =
                    Some(format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000)));
                // An end that a look has shown before its event came.
                if !watched.is_over {
                    self.look(&event.id).await;
                    self.note_restart(event);
                }
            }
            "destroy" => {
                watched.is_gone = true;
                self.look(&event.id).await;
            }
            "start" => {
                self.newcomers.has_started(&event.id);
                self.on_start(&event.id).await;
            }
            _ => {}
        }
    }

    /// Something happens to a container that is not followed yet.
    async fn on_stranger(&mut self, event: &EngineEvent) {
        let Some(place) = newcomers::place(event).filter(|(service, _)| self.followed.selected.contains(&**service))
        else {
            return;
        };
        match event.action.as_str() {
            "create" => self.newcomers.is_made(event.id.clone(), place),
            "destroy" => self.newcomers.is_gone(&event.id),
            "start" => {
                self.newcomers.has_started(&event.id);
                self.meet(&event.id).await;
            }
            _ => {}
        }
    }

    /// Follows a container that another run has started.
    async fn meet(&mut self, id: &ContainerId) {
        let filter = [format!("{}={}", labels::PROJECT, self.followed.project.name)];
        // Where the engine does not answer, what is followed already is not given up for it.
        let Ok(all) = self.engine.list_containers(&filter).await else { return };
        if let Some(mut container) = all.into_iter().find(|one| one.id == *id) {
            container.name = crate::plan::final_name(container.name.as_str()).into();
            self.watch(&container, true).await;
        }
    }

    /// Notes an end that its restart policy makes good, where a look has shown no other.
    fn note_restart(&mut self, event: &EngineEvent) {
        let code = event.attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or_default();
        if let Some(watched) = self.watched.get_mut(&event.id).filter(|one| one.end.is_none()) {
            watched.end = Some(End { code, seen: Instant::now(), finished: None, restarts: true });
        }
    }

    /// A stream of output ends with its container: after a start another one is needed.
    async fn on_start(&mut self, id: &ContainerId) {
        let Some(watched) = self.watched.get_mut(id) else { return };
        watched.is_over = false;
        if let Some(end) = &mut watched.end {
            end.restarts = true;
        }
        if watched.is_read {
            watched.is_again = true;
        } else {
            self.read_again(id).await;
        }
    }

    async fn read_again(&mut self, id: &ContainerId) {
        let since = self.watched.get(id).and_then(|one| one.died.clone());
        if let (Some(since), Ok(details)) = (since, self.engine.inspect_container(id.as_str()).await) {
            self.read(&details, LogOptions { since: Some(since), ..LogOptions::default() }).await;
        }
    }

    async fn look_at_all(&mut self) {
        for id in self.watched.keys().cloned().collect::<Vec<_>>() {
            self.look(&id).await;
        }
    }

    /// Notes whether a container has ended for good: what its restart policy starts again has not.
    async fn look(&mut self, id: &ContainerId) -> Option<ContainerDetails> {
        let found = self.engine.inspect_container(id.as_str()).await;
        let watched = self.watched.get_mut(id)?;
        let seen = Instant::now();
        match &found {
            Ok(details) if is_over(details.state) => {
                let finished = details.finished_at.parse().ok();
                watched.end = Some(End { code: details.exit_code, seen, finished, restarts: false });
            }
            Err(error) if error.is_not_found() && watched.end.is_none() => {
                watched.end = Some(End { code: 137, seen, finished: None, restarts: false });
            }
            // An engine that does not answer is asked again when its events are back.
            _ => {}
        }
        if watched.is_over {
            watched.end = None;
        }
        found.ok()
    }

    /// Reads a container's output and goes on with it, where it is to be printed.
    async fn read(&mut self, details: &ContainerDetails, part: LogOptions) {
        let Some(watched) = self.watched.get_mut(&details.id).filter(|one| one.is_printed) else { return };
        let options =
            LogOptions { follow: true, timestamps: self.followed.request.timestamps, is_tty: details.is_tty, ..part };
        match self.engine.logs(&details.id, options).await {
            Ok(stream) => {
                watched.is_read = true;
                self.readers.push(lines(details.id.clone(), stream));
            }
            // Not every logging driver can be read; the rest is followed all the same.
            Err(error) => {
                let (name, cause) = (escape_controls(&watched.name), escape_controls(&error.message));
                ui::tell(&format!("no output of {name}: {cause}\n"));
            }
        }
    }

    async fn read_out(&mut self, id: &ContainerId) {
        let Some(watched) = self.watched.get_mut(id) else { return };
        watched.is_read = false;
        if std::mem::take(&mut watched.is_again) {
            self.read_again(id).await;
        }
    }

    /// Tells the ends of containers whose output has been printed. Returns the exit code where one of them ends all.
    fn tell_ends(&mut self) -> Option<u8> {
        let there = self.watched.values().filter(|one| !one.is_gone);
        let there: Vec<(Place, usize)> = there.map(|one| (one.place.clone(), one.rank)).collect();
        let is_told =
            |one: &Watched| one.end.as_ref().is_some_and(|end| !one.is_read || end.seen.elapsed() >= PATIENCE);
        let mut ready: Vec<&mut Watched> = self.watched.values_mut().filter(|one| is_told(one)).collect();
        ready.sort_by_key(|one| one.end.as_ref().and_then(|end| end.finished));
        let mut first = None;
        for watched in ready {
            let Some(end) = watched.end.take() else { continue };
            watched.is_over = !end.restarts;
            let mut others = there.iter().filter(|(place, _)| *place == watched.place).map(|(_, rank)| *rank);
            let has_successor =
                others.clone().any(|rank| rank > watched.rank) || self.newcomers.will_take(&watched.place);
            if has_successor && !end.restarts {
                ui::tell(&format!("{} has been recreated\n", escape_controls(&watched.name)));
                self.newcomers.hold();
                continue;
            }
            let word = if end.restarts { " (restarting)" } else { "" };
            ui::tell(&format!("{} exited with code {}{word}\n", escape_controls(&watched.name), end.code));
            if end.restarts {
                continue;
            }
            // A replacement that has failed: the old one comes back.
            if others.any(|rank| rank < watched.rank) {
                self.newcomers.hold();
                continue;
            }
            let code = u8::try_from(end.code).unwrap_or(1);
            if first.is_none() && self.followed.ends_all(&watched.service, code) {
                first = Some(code);
            }
        }
        first
    }
}

/// Turns output into lines, with a mark at its end.
fn lines(
    id: ContainerId,
    output: BoxStream<'static, EngineResult<crate::engine::OutputChunk>>,
) -> BoxStream<'static, (ContainerId, Option<Line>)> {
    let lines = futures_util::stream::unfold(logs::spawn(output, false), |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    });
    let end = futures_util::stream::once(std::future::ready(None));
    lines.map(Some).chain(end).map(move |line| (id.clone(), line)).boxed()
}
