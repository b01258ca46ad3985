//! Follows the containers of an attached `up`, until all have ended or the end of one ends all.
//!
//! One subscription to events says when to look; a look decides what is so. The end of a container is told once its output
//! has been printed. Containers that another run creates for the services that are followed are followed, too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use tokio::time::Instant;

use super::super::logs;
use super::followed::{Followed, is_over, since_start};
use super::lines::{self, Line};
use super::subscription;
use super::successors::{self, Replica, Successors};
use super::watched::{End, Watched};
use crate::engine::{ContainerDetails, EngineEvent, EngineResult, LogOptions, OutputChunk, ReadEngine};
use crate::failure::Failure;
use crate::model::{ContainerId, ObservedContainer, labels};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::logs::LogPrinter;

/// How long the end of a container waits for the rest of its output: some engines forget to close the stream.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing must come from the readers before the rest of the output counts as printed.
const QUIET: Duration = Duration::from_secs(1);

/// Why nothing more is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All containers have ended.
    All,
    /// The end of a container ends all; its exit code.
    First(u8),
}

/// Begins to follow.
pub(super) async fn follow<'a>(
    context: &Context,
    engine: &'a Arc<dyn ReadEngine>,
    followed: &'a Followed<'a>,
) -> Result<Run<'a>, Failure> {
    let project = followed.project.name.as_str();
    let filter = vec![format!("{}={project}", labels::PROJECT)];
    // Subscribed before the look: an event tells of a container that ends after it.
    let first = engine.events(&filter, None).await?;
    let events = subscription::events(engine.clone(), filter.clone(), first);
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
        successors: Successors::default(),
        readers: SelectAll::new(),
        printer,
        has_rest: false,
    };
    for container in watched {
        run.watch(container, false).await;
    }
    Ok(run)
}

/// An attached `up` that follows containers.
pub(super) struct Run<'a> {
    engine: &'a Arc<dyn ReadEngine>,
    followed: &'a Followed<'a>,
    events: BoxStream<'static, Option<EngineEvent>>,
    watched: BTreeMap<ContainerId, Watched>,
    successors: Successors,
    /// Lines of output by container; `None` is the end of a container's output.
    readers: SelectAll<BoxStream<'static, (ContainerId, Option<Line>)>>,
    printer: LogPrinter,
    /// Whether an end was told before the output of its container was printed, for the reader of ours is slow.
    has_rest: bool,
}

impl Run<'_> {
    async fn watch(&mut self, container: &ObservedContainer, is_new: bool) {
        let service = container.service().unwrap_or_default().to_owned();
        let number = container.label(labels::NUMBER).unwrap_or_default().to_owned();
        let watched = Watched {
            name: logs::short_name(self.followed.project.name.as_str(), container),
            replica: (service.clone(), number),
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
            if self.is_all_over() && self.successors.awaited_until().is_none() {
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
        // A container may have ended between its last look and the end of the stops.
        self.look_at_all().await;
        self.tell_ends();
        while self.watched.values().any(|one| one.end.is_some()) {
            self.next().await;
            self.tell_ends();
        }
        Ok(())
    }

    /// Prints what is left of output whose reader is slow; the ends of its containers have been told meanwhile.
    pub(super) async fn print_rest(&mut self) {
        while self.has_rest {
            tokio::select! {
                Some((id, line)) = self.readers.next() => {
                    if let Some(line) = line {
                        self.printer.line(id.as_str(), &line.bytes);
                    }
                }
                // The rest has been read where there is room and nothing comes.
                () = async { ui::ready().await; tokio::time::sleep(QUIET).await } => return,
                else => return,
            }
        }
    }

    fn is_all_over(&self) -> bool {
        self.watched.values().all(|one| one.is_over)
    }

    /// Waits for the next line or event, at most until an end has waited long enough for its container's output, or until the
    /// start of a successor has been waited for long enough.
    async fn next(&mut self) {
        let ends = self.watched.values().filter_map(|one| one.end.as_ref()).map(|end| end.seen + PATIENCE);
        let until = ends.chain(self.successors.awaited_until().filter(|_| self.is_all_over())).min();
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
                // A look may have shown the end before its event came.
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
                self.successors.started(&event.id);
                self.on_start(&event.id).await;
            }
            _ => {}
        }
    }

    /// Takes an event of a container that is not followed yet.
    async fn on_stranger(&mut self, event: &EngineEvent) {
        let Some(replica) =
            successors::replica(event).filter(|(service, _)| self.followed.selected.contains(&**service))
        else {
            return;
        };
        match event.action.as_str() {
            "create" => self.successors.created(event.id.clone(), replica),
            "destroy" => self.successors.destroyed(&event.id),
            "start" => {
                self.successors.started(&event.id);
                self.meet(&event.id).await;
            }
            _ => {}
        }
    }

    /// Follows a container that another run has started.
    async fn meet(&mut self, id: &ContainerId) {
        let filter = [format!("{}={}", labels::PROJECT, self.followed.project.name)];
        // Where the engine does not answer, the containers that are followed already are followed on.
        let Ok(all) = self.engine.list_containers(&filter).await else { return };
        if let Some(mut container) = all.into_iter().find(|one| one.id == *id) {
            container.name = crate::plan::final_name(container.name.as_str()).into();
            self.watch(&container, true).await;
        }
    }

    /// Notes the end of a container that its restart policy has started again: a look then shows it running.
    fn note_restart(&mut self, event: &EngineEvent) {
        let code = event.attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or_default();
        if let Some(watched) = self.watched.get_mut(&event.id).filter(|one| one.end.is_none()) {
            watched.end = Some(End { code, seen: Instant::now(), finished: None, restarts: true });
        }
    }

    /// Reads the output of a container that was started again: a stream of output ends with its container.
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

    /// Looks at a container, and notes its end where its restart policy does not start it again.
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
            // An engine that does not answer is asked again when its events come again.
            _ => {}
        }
        if watched.is_over {
            watched.end = None;
        }
        found.ok()
    }

    /// Begins to read a container's output, where it is to be printed.
    async fn read(&mut self, details: &ContainerDetails, part: LogOptions) {
        let Some(watched) = self.watched.get_mut(&details.id).filter(|one| one.is_printed) else { return };
        let options =
            LogOptions { follow: true, timestamps: self.followed.request.timestamps, is_tty: details.is_tty, ..part };
        match self.engine.logs(&details.id, options).await {
            Ok(stream) => {
                watched.is_read = true;
                self.readers.push(marked_lines(details.id.clone(), stream));
            }
            // Not every logging driver can be read. The container's end is followed all the same.
            Err(error) => {
                let (name, cause) = (escape_controls(&watched.name), escape_controls(&error.message));
                ui::tell(&format!("no output of {name}: {cause}\n"));
            }
        }
    }

    /// Notes that a container's output was read to its end.
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
        let there: Vec<(Replica, usize)> = there.map(|one| (one.replica.clone(), one.rank)).collect();
        let is_told =
            |one: &Watched| one.end.as_ref().is_some_and(|end| !one.is_read || end.seen.elapsed() >= PATIENCE);
        let mut ready: Vec<&mut Watched> = self.watched.values_mut().filter(|one| is_told(one)).collect();
        ready.sort_by_key(|one| one.end.as_ref().and_then(|end| end.finished));
        let mut first = None;
        for watched in ready {
            let Some(end) = watched.end.take() else { continue };
            self.has_rest |= watched.is_read && !ui::is_drained();
            watched.is_over = !end.restarts;
            let mut others = there.iter().filter(|(replica, _)| *replica == watched.replica).map(|(_, rank)| *rank);
            let has_successor = others.clone().any(|rank| rank > watched.rank) || self.successors.has(&watched.replica);
            if has_successor && !end.restarts {
                ui::tell(&format!("{} has been recreated\n", escape_controls(&watched.name)));
                self.successors.hold();
                continue;
            }
            let word = if end.restarts { " (restarting)" } else { "" };
            ui::tell(&format!("{} exited with code {}{word}\n", escape_controls(&watched.name), end.code));
            if end.restarts {
                continue;
            }
            // A successor that has failed: the other run starts the old container again.
            if others.any(|rank| rank < watched.rank) {
                self.successors.hold();
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

/// Turns output into lines; `None` follows the last. A line waits here for room on standard output: a reader of ours that is
/// stopped holds up lines, but neither events nor the ends of containers that have nothing to print.
fn marked_lines(
    id: ContainerId,
    output: BoxStream<'static, EngineResult<OutputChunk>>,
) -> BoxStream<'static, (ContainerId, Option<Line>)> {
    let lines = futures_util::stream::unfold(lines::spawn(output, false), |mut receiver| async move {
        let line = receiver.recv().await?;
        ui::ready().await;
        Some((line, receiver))
    });
    let end = futures_util::stream::once(std::future::ready(None));
    lines.map(Some).chain(end).map(move |line| (id.clone(), line)).boxed()
}
