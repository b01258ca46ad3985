//! `logs --follow`: the logs of services, also where their containers are restarted, replaced or added meanwhile.
//!
//! A log is read from the engine's file, so nothing is lost between a start and the moment at which it is heard of. A log
//! that goes on after a restart is read from the last line that was printed: that line comes once more and is passed over,
//! and where it does not come, the log was rotated meanwhile, and a sentence says so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;

use super::super::logs::request::LogsRequest;
use super::super::logs::shown::{piece, short_name, source, style};
use super::lines::Line;
use super::ordered::{Ordered, nanos};
use super::reader::{self, Stamps};
use super::rejoin::moments::moment;
use super::subscription;
use super::successors::{Replica, replica};
use crate::engine::{EngineError, EngineEvent, LogOptions, ReadEngine};
use crate::failure::Failure;
use crate::model::{ContainerId, ContainerState, ObservedContainer, labels};
use crate::settings::Context;
use crate::text::{escape_controls, one_line};
use crate::ui;
use crate::ui::logs::{LogPrinter, Source};

/// How long a start is waited for after a container was stopped by somebody, or created.
const HOLD: Duration = Duration::from_secs(10);
/// Before a log is asked for again that has ended though its container runs.
const PAUSE: Duration = Duration::from_secs(1);

/// A container whose log is followed.
struct Followed {
    source: Source,
    replica: Replica,
    is_tty: bool,
    /// Whether a reader is open.
    is_open: bool,
    /// Whether the container was started since the reader began.
    is_again: bool,
    /// Whether somebody has sent it a signal.
    was_signalled: bool,
    /// The exit code that the last event of its end has told.
    code: Option<i64>,
    /// When it ended last, as a log is asked for it.
    died: Option<String>,
    mark: Mark,
    /// Whether its log may lose its beginning.
    is_rotated: bool,
    /// Whether its end was told, and no start since.
    is_told: bool,
    /// When the log is asked for again.
    retry: Option<Instant>,
}

/// How far a log was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Mark {
    /// The time of the last line, and how many lines had it.
    last: Option<(i128, u32)>,
    /// Lines that a log read again begins with: those of this time, so many, were printed before.
    known: Option<(i128, u32)>,
    /// Whether a line that is known is being passed over.
    is_passing: bool,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Print,
    /// It was printed before.
    Pass,
    /// It is printed, and lines before it are missing.
    PrintAfterGap,
}

impl Mark {
    /// Begins to read the log again.
    fn resume(&mut self) {
        self.known = self.last;
        self.is_passing = false;
    }

    /// Judges a line, or a piece of a line.
    fn judge(&mut self, line: &Line) -> Verdict {
        if !line.is_start {
            return if self.is_passing { Verdict::Pass } else { Verdict::Print };
        }
        self.is_passing = false;
        let Some(time) = nanos(&line.time) else { return Verdict::Print };
        let known = self.known.filter(|(known, count)| time < *known || time == *known && *count > 0);
        if let Some((known, count)) = known {
            self.is_passing = true;
            self.known = Some((known, if time == known { count - 1 } else { count }));
            return Verdict::Pass;
        }
        // The last line that was printed should have come once more.
        let is_gap = self.known.take().is_some_and(|known| Some(known) == self.last);
        self.last = Some(match self.last {
            Some((last, count)) if last == time => (last, count + 1),
            _ => (time, 1),
        });
        if is_gap { Verdict::PrintAfterGap } else { Verdict::Print }
    }
}

/// The logs of services, followed.
pub(in crate::app) struct Services<'a> {
    engine: Arc<dyn ReadEngine>,
    request: &'a LogsRequest,
    project: &'a str,
    events: BoxStream<'static, Option<EngineEvent>>,
    followed: BTreeMap<ContainerId, Followed>,
    ordered: Ordered,
    printer: LogPrinter,
    /// Until when a start is waited for.
    hold: Option<Instant>,
    /// The failure of a log that could not be read, and whether any could.
    failed: (Option<EngineError>, bool),
}

impl<'a> Services<'a> {
    /// Begins to follow. Events come from now on, so a container that is listed after this call is not missed.
    pub(in crate::app) async fn begin(
        context: &Context,
        engine: Arc<dyn ReadEngine>,
        project: &'a str,
        request: &'a LogsRequest,
    ) -> Result<Self, Failure> {
        let filter = vec![format!("{}={project}", labels::PROJECT)];
        let first = engine.events(&filter, None).await?;
        Ok(Self {
            events: subscription::events(engine.clone(), filter, first),
            engine,
            request,
            project,
            followed: BTreeMap::new(),
            ordered: Ordered::default(),
            printer: LogPrinter::new(&[], style(context, &request.follow)),
            hold: None,
            failed: (None, false),
        })
    }

    /// Follows these containers, and those that come for the same services, until all have ended and none is awaited.
    pub(in crate::app) async fn follow(&mut self, containers: &[&ObservedContainer]) -> Result<(), Failure> {
        for container in containers {
            self.printer.make_room(&self.short_name(container.name.as_str()));
        }
        for container in containers {
            self.add(container, false).await;
        }
        if let (Some(error), false) = &self.failed {
            return Err(error.clone().into());
        }
        while !self.is_over() {
            let retry = self.followed.values().filter_map(|one| one.retry).min();
            let until = retry.into_iter().chain(self.hold).min();
            // A line is taken once there is room for it on standard output.
            let ordered = &mut self.ordered;
            let line = async {
                ui::ready().await;
                ordered.next().await
            };
            tokio::select! {
                biased;
                Some(event) = self.events.next() => match event {
                    Some(event) => self.on_event(&event).await,
                    None => self.on_reconnection().await,
                },
                Some((id, line)) = line => match line {
                    Some(line) => self.on_line(&id, &line),
                    None => self.on_end(&ContainerId::new(id)).await,
                },
                () = tokio::time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => self.on_time().await,
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let is_held = self.hold.is_some_and(|until| until > Instant::now());
        !is_held && self.followed.values().all(|one| !one.is_open && one.retry.is_none())
    }

    fn short_name(&self, name: &str) -> String {
        short_name(self.project, name)
    }

    /// Follows a container from the beginning of its log. `is_new`: it has come while others were followed.
    async fn add(&mut self, container: &ObservedContainer, is_new: bool) {
        let name = crate::plan::final_name(container.name.as_str());
        let replica = (
            container.service().unwrap_or_default().to_owned(),
            container.label(labels::NUMBER).unwrap_or_default().to_owned(),
        );
        let source = source(self.project, name, &replica.0, &replica.1);
        if is_new {
            let had = self.followed.values().any(|one| one.replica == replica);
            let words = format!("{} was {}", source.name, if had { "recreated" } else { "added" });
            self.printer.note(&source, &words);
        }
        self.printer.add(container.id.as_str(), &source);
        let followed = Followed {
            source,
            replica,
            is_tty: false,
            is_open: false,
            is_again: false,
            was_signalled: false,
            code: None,
            died: None,
            mark: Mark::default(),
            is_rotated: false,
            is_told: false,
            retry: None,
        };
        self.followed.insert(container.id.clone(), followed);
        // What a new container has written so far belongs to what is followed, whatever `--tail` says of the beginning.
        let tail = if is_new { None } else { self.request.tail };
        self.open(&container.id, tail, self.request.since.clone()).await;
    }

    /// Begins to read a log.
    async fn open(&mut self, id: &ContainerId, tail: Option<u64>, since: Option<String>) {
        let details = self.engine.inspect_container(id.as_str()).await;
        let Some(one) = self.followed.get_mut(id) else { return };
        (one.retry, one.is_again) = (None, false);
        let options = LogOptions {
            follow: true,
            tail,
            timestamps: true,
            since,
            until: self.request.until.clone(),
            is_tty: details.as_ref().map_or(one.is_tty, |details| details.is_tty),
        };
        if let Ok(details) = &details {
            (one.is_tty, one.is_rotated) = (details.is_tty, details.log_rotation.is_some());
        }
        match self.engine.logs(id, options).await {
            Ok(stream) => {
                one.is_open = true;
                self.ordered.add(id.as_str(), reader::spawn(stream, Stamps::Engines));
                self.failed.1 = true;
            }
            // It is gone: its successor is followed.
            Err(error) if error.is_not_found() => {}
            // Not every logging driver can be read.
            Err(error) => {
                ui::tell(&format!(
                    "no output of {}: {}\n",
                    escape_controls(&one.source.name),
                    one_line(&error.message)
                ));
                self.failed.0 = Some(error);
            }
        }
    }

    /// Reads a log again from the last line that was printed.
    async fn resume(&mut self, id: &ContainerId) {
        let Some(one) = self.followed.get_mut(id) else { return };
        one.mark.resume();
        if std::mem::take(&mut one.is_told) {
            let words = format!("{} was restarted", one.source.name);
            self.printer.note_often(&one.source, &words);
        }
        let last = one.mark.last.and_then(|(nanos, _)| jiff::Timestamp::from_nanosecond(nanos).ok());
        // Where nothing was printed, what came before the last end is not wanted: `--tail 0` said so.
        let since = last.map(|time| time.to_string()).or_else(|| one.died.clone());
        let tail = if since.is_some() { None } else { self.request.tail };
        let since = since.or_else(|| self.request.since.clone());
        self.open(id, tail, since).await;
    }

    fn on_line(&mut self, id: &str, line: &Line) {
        let Some(one) = self.followed.get_mut(&ContainerId::new(id)) else { return };
        let verdict = one.mark.judge(line);
        if verdict == Verdict::PrintAfterGap && one.is_rotated {
            let words = format!("lines of {} may be missing: its log was rotated meanwhile", one.source.name);
            self.printer.note(&one.source, &words);
        }
        if verdict != Verdict::Pass {
            self.printer.print(id, piece(line, self.request.follow.has_time()));
        }
    }

    /// A log has ended: with its container, or with the connection to the engine.
    async fn on_end(&mut self, id: &ContainerId) {
        self.printer.close(id.as_str());
        let details = self.engine.inspect_container(id.as_str()).await;
        let Some(one) = self.followed.get_mut(id) else { return };
        one.is_open = false;
        if self.request.until.is_some() {
            return;
        }
        let (state, code) = match &details {
            Ok(details) => (details.state, details.exit_code),
            Err(error) if error.is_not_found() => (ContainerState::Dead, one.code.unwrap_or(137)),
            // The engine does not answer: the log is asked for until it does.
            Err(_) => (ContainerState::Running, 0),
        };
        let is_up = matches!(state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting);
        if one.is_again || !is_up || one.code.is_some() {
            let words = format!("{} exited with code {}", one.source.name, one.code.take().unwrap_or(code));
            one.is_told = true;
            self.printer.note_often(&one.source, &words);
        }
        if one.is_again {
            self.resume(id).await;
        } else if is_up {
            one.retry = Some(Instant::now() + PAUSE);
        }
    }

    async fn on_event(&mut self, event: &EngineEvent) {
        let Some(one) = self.followed.get_mut(&event.id) else { return self.on_stranger(event).await };
        match event.action.as_str() {
            "die" => {
                one.code = event.attributes.get("exitCode").and_then(|code| code.parse().ok());
                one.died = Some(moment(event.time_nanos));
                // A stop may take longer than the wait for its beginning.
                if std::mem::take(&mut one.was_signalled) {
                    self.hold = Some(Instant::now() + HOLD);
                }
            }
            // Somebody stops it: a `restart` starts it again.
            "kill" => {
                one.was_signalled = true;
                self.hold = Some(Instant::now() + HOLD);
            }
            "start" => {
                self.hold = None;
                (one.is_again, one.was_signalled) = (true, false);
                if !one.is_open {
                    self.resume(&event.id).await;
                }
            }
            _ => {}
        }
    }

    /// Takes the event of a container that is not followed yet.
    async fn on_stranger(&mut self, event: &EngineEvent) {
        let is_meant = |(service, number): &Replica| {
            (self.request.services.is_empty() || self.request.services.contains(service))
                && self.request.index.is_none_or(|index| *number == index.to_string())
        };
        if replica(event).filter(is_meant).is_none() {
            return;
        }
        match event.action.as_str() {
            "create" => self.hold = Some(Instant::now() + HOLD),
            "start" => {
                self.hold = None;
                self.meet(&event.id).await;
            }
            _ => {}
        }
    }

    /// Follows a container that has come.
    async fn meet(&mut self, id: &ContainerId) {
        let filter = [format!("{}={}", labels::PROJECT, self.project)];
        let Ok(all) = self.engine.list_containers(&filter).await else { return };
        if let Some(container) = all.iter().find(|one| one.id == *id) {
            self.add(container, true).await;
        }
    }

    /// Looks for containers that have come, and for logs that go on, after the connection to the engine was lost.
    async fn on_reconnection(&mut self) {
        let filter = [format!("{}={}", labels::PROJECT, self.project)];
        let Ok(all) = self.engine.list_containers(&filter).await else { return };
        for container in all.iter().filter(|one| self.request.is_meant(one) && one.state == ContainerState::Running) {
            match self.followed.get(&container.id) {
                None => self.add(container, true).await,
                Some(one) if !one.is_open => self.resume(&container.id).await,
                Some(_) => {}
            }
        }
    }

    async fn on_time(&mut self) {
        let now = Instant::now();
        self.hold.take_if(|until| *until <= now);
        let due = |one: &Followed| one.retry.is_some_and(|at| at <= now);
        let ids: Vec<ContainerId> =
            self.followed.iter().filter(|(_, one)| due(one)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.resume(&id).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nanos: u32) -> Line {
        let time = format!("2026-01-02T03:04:05.{nanos:09}Z");
        Line { is_error: false, bytes: bytes::Bytes::from_static(b"x\n"), time, is_start: true, goes_on: false }
    }

    fn piece() -> Line {
        Line { time: String::new(), is_start: false, ..line(0) }
    }

    #[test]
    fn lines_that_were_printed_before_are_passed_over_when_a_log_is_read_again() {
        let mut mark = Mark::default();
        assert_eq!([1, 2, 2].map(|at| mark.judge(&line(at))), [Verdict::Print; 3]);
        assert_eq!(mark.judge(&piece()), Verdict::Print);
        mark.resume();
        assert_eq!(mark.judge(&line(2)), Verdict::Pass);
        assert_eq!(mark.judge(&piece()), Verdict::Pass, "the rest of a long line");
        assert_eq!(mark.judge(&line(2)), Verdict::Pass);
        assert_eq!(
            [2, 3].map(|at| mark.judge(&line(at))),
            [Verdict::Print; 2],
            "a third line of the same moment is new"
        );
        mark.resume();
        assert_eq!([3, 4].map(|at| mark.judge(&line(at))), [Verdict::Pass, Verdict::Print]);
    }

    #[test]
    fn a_log_that_does_not_begin_with_the_last_line_has_a_gap() {
        let mut mark = Mark::default();
        mark.resume();
        assert_eq!(mark.judge(&line(1)), Verdict::Print, "nothing was printed before");
        mark.resume();
        assert_eq!(mark.judge(&line(5)), Verdict::PrintAfterGap);
        assert_eq!(mark.judge(&line(6)), Verdict::Print);
    }
}
