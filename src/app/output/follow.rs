//! Follows the containers of an attached `up`, from before its run until all have ended or the end of one ends all.
//!
//! The run hands over the output of each container that it starts, from the first byte on. One subscription to events says
//! when to look; a look decides what is so. The end of a container is told once its output has been printed. Containers that
//! another run creates for the services that are followed are followed, too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::logs::shown::{piece, short_name, style};
use super::super::run::rounds::Look;
use super::followed::{self, Scope, is_over};
use super::lines::Line;
use super::mux::Mux;
use super::reader::{self, STALLED, Stamps};
use super::rejoin::moments::began;
use super::rejoin::{self, Gap};
use super::subscription;
use super::successors::{Replica, Successors};
use super::watched::{Joined, Watched};
use crate::engine::{ContainerDetails, EngineEvent, EngineHandle, EngineStream, OutputChunk, ReadEngine};
use crate::exec::{Output, Outputs};
use crate::failure::Failure;
use crate::model::{ContainerId, ObservedContainer, labels};
use crate::plan::Target;
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;
use crate::ui::logs::LogPrinter;

/// How long nothing must come from the readers before the rest of the output counts as printed.
const QUIET: Duration = STALLED;
/// So many lines are printed before the next look at events.
const AT_ONCE: usize = 64;
/// How long an answer of the engine may hold up the end of the work beside which containers are followed.
const MOMENT: Duration = Duration::from_secs(1);

/// Why nothing more is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All containers have ended.
    All,
    /// The end of a container ends all; its exit code.
    First(u8),
}

/// What is followed, and how far.
pub(in crate::app) struct Follower<'a> {
    pub(super) engine: EngineHandle,
    pub(super) scope: Scope<'a>,
    stamps: Stamps,
    outputs: mpsc::UnboundedReceiver<Output>,
    events: BoxStream<'static, Option<EngineEvent>>,
    pub(super) watched: BTreeMap<ContainerId, Watched>,
    pub(super) successors: Successors,
    mux: Mux,
    printer: LogPrinter,
    /// The names of the containers whose output the run will bring.
    planned: Vec<String>,
    is_announced: bool,
    /// Whether the run goes on: all that happens is its own work.
    pub(super) is_run_under_way: bool,
    /// The exit code of the container whose end ends all.
    first: Option<u8>,
    /// Whether an end was told before the output of its container was printed, for the reader of ours is slow.
    has_rest: bool,
}

/// What there is to do.
enum Item {
    /// A line; `None` is the end of a reader.
    Line(String, Option<Line>),
    /// An event; `None` says that some may have been missed.
    Event(Option<EngineEvent>),
    /// What the run tells of the output of its containers.
    Output(Output),
    /// A time is over.
    Time,
}

impl<'a> Follower<'a> {
    /// Begins to follow, before the run begins. The run is to be given what is returned beside the follower.
    pub(in crate::app) async fn begin(
        context: &Context,
        engine: EngineHandle,
        scope: Scope<'a>,
    ) -> Result<(Self, Outputs), Failure> {
        let filter = vec![format!("{}={}", labels::PROJECT, scope.project.name)];
        let first = engine.events(&filter, None).await?;
        let reading: Arc<dyn ReadEngine> = engine.clone();
        let (outputs, receiver) = Outputs::new(scope.printed());
        let follower = Self {
            engine,
            stamps: if scope.request.has_time() { Stamps::Own } else { Stamps::None },
            outputs: receiver,
            events: subscription::events(reading, filter, first),
            watched: BTreeMap::new(),
            successors: Successors::default(),
            mux: Mux::default(),
            printer: LogPrinter::new(&[], style(context, scope.request)),
            planned: Vec::new(),
            is_announced: false,
            is_run_under_way: true,
            first: None,
            has_rest: false,
            scope,
        };
        Ok((follower, outputs))
    }

    /// Takes over from the run, whose last look was `look`: follows also what the run has left alone.
    pub(super) async fn take_over(&mut self, look: &Look) -> Result<(), Failure> {
        self.is_run_under_way = false;
        while let Ok(output) = self.outputs.try_recv() {
            self.on_output(output);
        }
        let filter = [format!("{}={}", labels::PROJECT, self.scope.project.name)];
        let all = self.engine.list_containers(&filter).await?;
        let is_new = |one: &&ObservedContainer| self.scope.is_watched(one, look) && !self.watched.contains_key(&one.id);
        let new: Vec<&ObservedContainer> = all.iter().filter(is_new).collect();
        self.look_at_all().await;
        for container in &new {
            if self.scope.is_printed(container.service().unwrap_or_default()) {
                self.plan_name(container.name.as_str());
            }
        }
        self.announce();
        for container in new {
            let is_started = followed::is_started(container, look);
            self.watch(container, 0, is_started.then_some(None)).await;
        }
        Ok(())
    }

    /// Follows a container. `start` is there where the run that goes on is to be read from its start: the event of the start,
    /// where there is one.
    pub(super) async fn watch(
        &mut self,
        container: &ObservedContainer,
        rank: usize,
        start: Option<Option<&EngineEvent>>,
    ) {
        let service = container.service().unwrap_or_default().to_owned();
        let number = container.label(labels::NUMBER).unwrap_or_default().to_owned();
        let is_printed = self.scope.is_printed(&service);
        let project = self.scope.project.name.as_str();
        let new = Watched::new(project, container.name.as_str(), (service, number), is_printed);
        let watched = Watched { rank, ..new };
        self.add(&container.id, watched);
        let seen = Instant::now();
        let Some(details) = self.look(&container.id).await else { return };
        let gap = start.map(|event| Gap {
            since: Gap::since_start(&details),
            started: event.map(|event| (event.time_nanos, seen)),
        });
        self.read(&container.id, details.is_tty, gap).await;
    }

    fn add(&mut self, id: &ContainerId, watched: Watched) {
        if watched.is_printed && !self.printer.knows(id.as_str()) {
            self.printer.add(id.as_str(), &watched.source);
        }
        self.watched.insert(id.clone(), watched);
    }

    fn short_name(&self, name: &str) -> String {
        short_name(self.scope.project.name.as_str(), name)
    }

    fn plan_name(&mut self, name: &str) {
        let name = self.short_name(name);
        self.printer.make_room(&name);
        if !self.planned.contains(&name) {
            self.planned.push(name);
        }
    }

    /// Says once whose output follows.
    fn announce(&mut self) {
        if !std::mem::replace(&mut self.is_announced, true) {
            ui::tell(&format!("Attaching to {}\n", escape_controls(&self.planned.join(", "))));
        }
    }

    /// Follows while some work goes on, such as the run.
    pub(in crate::app) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            let item = tokio::select! {
                biased;
                result = &mut work => return result,
                item = self.wait() => item,
            };
            let handled = self.handle(item);
            tokio::pin!(handled);
            tokio::select! {
                biased;
                () = &mut handled => {}
                result = &mut work => {
                    // An engine that is silent must not hold up what follows.
                    let _ = tokio::time::timeout(MOMENT, handled).await;
                    return result;
                }
            }
        }
    }

    /// Follows until there is nothing more to follow.
    pub(super) async fn until_over(&mut self) -> Ending {
        loop {
            self.tell_ends();
            if let Some(code) = self.first {
                return Ending::First(code);
            }
            if self.is_all_over() && self.successors.awaited_until().is_none() {
                return Ending::All;
            }
            let item = self.wait().await;
            self.handle(item).await;
        }
    }

    /// Follows while containers are stopped, and tells how they have ended.
    pub(super) async fn during(&mut self, stop: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        self.beside(stop).await?;
        self.settle_ends().await;
        Ok(())
    }

    /// Tells the ends of all containers that have ended by now, each after its output.
    pub(in crate::app) async fn settle_ends(&mut self) {
        self.look_at_all().await;
        self.tell_ends();
        while self.watched.values().any(|one| !one.ends.is_empty()) {
            let item = self.wait().await;
            self.handle(item).await;
        }
    }

    /// Prints what is left of output whose reader is slow; the ends of its containers have been told meanwhile.
    pub(super) async fn print_rest(&mut self) {
        while self.has_rest {
            tokio::select! {
                Some((id, line)) = self.mux.next() => self.print(&id, line.as_ref()),
                // The rest has been read where there is room and nothing comes: some engines forget to close a stream.
                () = async { ui::ready().await; tokio::time::sleep(QUIET).await } => return,
                else => return,
            }
        }
    }

    fn print(&mut self, id: &str, line: Option<&Line>) {
        match line {
            Some(line) => self.printer.print(id, piece(line, true)),
            None => self.printer.close(id),
        }
    }

    /// Whether nothing more can come. Containers whose output is not printed count only where none is printed, and where the
    /// end of one may end all.
    fn is_all_over(&self) -> bool {
        let count_all = self.scope.request.stops_all() || !self.watched.values().any(|one| one.is_printed);
        self.watched.values().filter(|one| count_all || one.is_printed).all(|one| one.is_over)
    }

    /// Returns the names of containers that have not ended.
    pub(super) fn going_on(&self) -> Vec<&str> {
        self.watched.values().filter(|one| !one.is_over).map(|one| one.source.name.as_str()).collect()
    }

    /// Waits for the next line or event, at most until an end has waited long enough for its container's output, or until the
    /// start of a successor has been waited for long enough. What the run tells comes first: it opens the output of a
    /// container before the event of its start. Dropping the future loses nothing.
    async fn wait(&mut self) -> Item {
        let held = self.mux.held_until();
        let ends = self.watched.values().filter_map(|one| one.patience(held));
        let until = ends.chain(self.successors.awaited_until().filter(|_| self.is_all_over())).min();
        tokio::select! {
            biased;
            Some(output) = self.outputs.recv() => Item::Output(output),
            Some(event) = self.events.next() => Item::Event(event),
            Some((id, line)) = self.mux.next() => Item::Line(id, line),
            () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => Item::Time,
        }
    }

    async fn handle(&mut self, item: Item) {
        match item {
            Item::Line(id, line) => {
                self.on_line(id, line);
                // What else is there already is printed without another look at events.
                for _ in 1..AT_ONCE {
                    let Some(Some((id, line))) = self.mux.next().now_or_never() else { break };
                    self.on_line(id, line);
                }
            }
            Item::Event(Some(event)) => self.on_event(&event).await,
            Item::Event(None) => self.on_reconnection().await,
            Item::Output(output) => self.on_output(output),
            Item::Time => {}
        }
        self.tell_ends();
    }

    fn on_line(&mut self, id: String, line: Option<Line>) {
        self.print(&id, line.as_ref());
        if let Some(watched) = self.watched.get_mut(&ContainerId::new(id)) {
            // The time counts only until an end is told.
            if !watched.ends.is_empty() {
                watched.touched = Some(Instant::now());
            }
            watched.read += usize::from(line.is_none());
        }
    }

    /// Takes what the run tells of the output of its containers.
    fn on_output(&mut self, output: Output) {
        match output {
            Output::Planned(targets) => targets.iter().for_each(|target| self.plan_name(target.name())),
            Output::Opened { container, target, session, .. } => {
                if !self.watched.contains_key(&container) {
                    let project = self.scope.project.name.as_str();
                    let watched = Watched::new(project, target.name(), replica_of(&target), true);
                    self.add(&container, watched);
                }
                if let Some(watched) = self.watched.get_mut(&container) {
                    watched.joined = Joined::BeforeStart;
                }
                self.begin_reader(&container, session.output);
                // The lines of a container come after the word that it was started.
                self.mux.hold(container.as_str());
            }
            Output::Begun { container, is_started: true } => {
                if self.mux.reads(container.as_str()) {
                    self.announce();
                }
                self.mux.release(container.as_str());
            }
            Output::Begun { container, is_started: false } => {
                self.mux.remove(container.as_str());
                self.watched.remove(&container);
            }
        }
    }

    fn begin_reader(&mut self, id: &ContainerId, output: EngineStream<OutputChunk>) {
        if let Some(watched) = self.watched.get_mut(id) {
            watched.readers += 1;
            self.mux.add(id.as_str(), reader::spawn(output, self.stamps));
        }
    }

    async fn look_at_all(&mut self) {
        for id in self.watched.keys().cloned().collect::<Vec<_>>() {
            self.look(&id).await;
        }
    }

    /// Looks at a container, and notes its end where its restart policy does not start it again.
    pub(super) async fn look(&mut self, id: &ContainerId) -> Option<ContainerDetails> {
        let found = self.engine.inspect_container(id.as_str()).await;
        let watched = self.watched.get_mut(id)?;
        watched.is_tty = found.as_ref().map_or(watched.is_tty, |details| details.is_tty);
        match &found {
            _ if watched.is_over => watched.ends.clear(),
            // Its start is still to come.
            Ok(_) if watched.joined == Joined::BeforeStart => {}
            Ok(details) if is_over(details.state) => {
                watched.ended(details.exit_code, details.finished_at.parse().ok(), false);
                // The event of its end is still to come, and perhaps a start.
                if std::mem::take(&mut watched.was_signalled) {
                    self.successors.await_restart();
                }
            }
            Err(error) if error.is_not_found() && watched.ends.is_empty() => watched.ended(137, None, false),
            // An engine that does not answer is asked again when its events come again.
            _ => {}
        }
        found.ok()
    }

    /// Begins to read a container's output, where it is to be printed. Without a gap, what comes from now on is read.
    pub(super) async fn read(&mut self, id: &ContainerId, is_tty: bool, gap: Option<Gap>) {
        let Some(name) = self.watched.get(id).filter(|one| one.is_printed).map(|one| one.source.name.clone()) else {
            return;
        };
        match rejoin::rejoin(&self.engine, id, is_tty, gap).await {
            Ok(joined) => {
                if let Some(watched) = self.watched.get_mut(id) {
                    watched.joined = began(&joined.details).map_or(Joined::No, Joined::Run);
                }
                self.begin_reader(id, joined.output);
            }
            // The container's end is followed all the same.
            Err(error) => {
                let (name, cause) = (escape_controls(&name), escape_controls(&error.message));
                ui::tell(&format!("no output of {name}: {cause}\n"));
            }
        }
    }

    /// Tells the ends of containers whose output has been printed, and notes where one of them ends all.
    fn tell_ends(&mut self) {
        if !self.watched.values().any(|one| !one.ends.is_empty()) {
            return;
        }
        let there = self.watched.values().filter(|one| !one.is_gone);
        let there: Vec<(Replica, usize)> = there.map(|one| (one.replica.clone(), one.rank)).collect();
        let held = self.mux.held_until();
        let mut ready: Vec<&mut Watched> = self.watched.values_mut().filter(|one| one.is_to_be_told(held)).collect();
        ready.sort_by_key(|one| one.ends.front().and_then(|end| end.finished));
        for watched in ready {
            let Some(end) = watched.ends.pop_front() else { continue };
            self.has_rest |= watched.read < end.readers;
            watched.is_over = !end.restarts;
            let name = watched.source.name.clone();
            let mut others = there.iter().filter(|(replica, _)| *replica == watched.replica).map(|(_, rank)| *rank);
            let has_successor = others.clone().any(|rank| rank > watched.rank) || self.successors.has(&watched.replica);
            if has_successor && !end.restarts {
                self.printer.note(&watched.source, &format!("{name} has been recreated"));
                self.successors.hold();
                continue;
            }
            if end.restarts {
                let words = format!("{name} exited with code {} (restarting)", end.code);
                self.printer.note_often(&watched.source, &words);
                continue;
            }
            self.printer.note(&watched.source, &format!("{name} exited with code {}", end.code));
            // A successor that has failed: the other run starts the old container again.
            if others.any(|rank| rank < watched.rank) {
                self.successors.hold();
                continue;
            }
            let code = u8::try_from(end.code).unwrap_or(1);
            if self.first.is_none() && self.scope.ends_all(&watched.source.service, code) {
                self.first = Some(code);
            }
        }
    }
}

/// Returns the replica that the container of a plan is.
fn replica_of(target: &Target) -> Replica {
    match target {
        Target::Container { service, number, .. } => {
            (service.as_ref().map(ToString::to_string).unwrap_or_default(), number.to_string())
        }
        _ => Replica::default(),
    }
}
