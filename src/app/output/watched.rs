//! The state of one container that an attached `up` follows.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::logs::shown::source;
use super::rejoin::moments::moment;
use super::successors::Replica;
use crate::engine::EngineEvent;
use crate::ui::logs::Source;

/// How long the end of a container waits for the rest of its output where nothing of it comes: some engines forget to
/// close the stream.
const PATIENCE: Duration = Duration::from_secs(5);

/// A container that is followed.
pub(super) struct Watched {
    /// What its lines are printed with.
    pub source: Source,
    pub replica: Replica,
    /// 0 for the containers of this run. A container that another run brings later has a higher rank than all before
    /// it.
    pub rank: usize,
    /// Whether it has been removed.
    pub is_gone: bool,
    pub is_printed: bool,
    /// Whether it has a terminal.
    pub is_tty: bool,
    /// Which run of the container is being read, or was read last.
    pub joined: Joined,
    /// Whether somebody has sent it a signal in this run of it: its end may be that of a restart.
    pub was_signalled: bool,
    /// How many readers of its output have begun: a run of the container has one.
    pub readers: usize,
    /// How many of the readers have come to their end.
    pub read: usize,
    /// When a line of it came last.
    pub touched: Option<Instant>,
    /// Whether its end has been told, and its restart policy does not start it again.
    pub is_over: bool,
    /// Ends that have not been told yet, the oldest first. Only the last may be one after which nothing restarts.
    pub ends: VecDeque<End>,
    /// When the run that was read last has ended, in seconds since 1970 by the engine's clock: output of a later run is
    /// newer.
    pub died: Option<String>,
}

/// The run of a container that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// None: a start is followed by a reader.
    No,
    /// The run whose start comes next.
    BeforeStart,
    /// The run that began at this moment, in nanoseconds since 1970 by the engine's clock.
    Run(i64),
}

/// The end of a container.
pub(super) struct End {
    pub code: i64,
    /// When this program saw it.
    pub seen: Instant,
    /// When the engine says that it was.
    pub finished: Option<jiff::Timestamp>,
    /// Whether its restart policy starts it again.
    pub restarts: bool,
    /// How many readers had begun by then: the end is told once they have come to their end.
    pub readers: usize,
}

impl Watched {
    /// `name` is the final name of a container of this project.
    pub(super) fn new(project: &str, name: &str, replica: Replica, is_printed: bool) -> Self {
        Self {
            source: source(project, name, &replica.0, &replica.1),
            replica,
            rank: 0,
            is_gone: false,
            is_printed,
            is_tty: false,
            joined: Joined::No,
            was_signalled: false,
            readers: 0,
            read: 0,
            touched: None,
            is_over: false,
            ends: VecDeque::new(),
            died: None,
        }
    }

    /// Notes an end. A look and an event may tell of the same one.
    pub(super) fn ended(&mut self, code: i64, finished: Option<jiff::Timestamp>, restarts: bool) {
        let end = End { code, seen: Instant::now(), finished, restarts, readers: self.readers };
        match self.ends.back_mut().filter(|last| !last.restarts) {
            Some(last) if !restarts => *last = end,
            Some(_) => {}
            None => self.ends.push_back(end),
        }
    }

    /// Returns when the oldest end is told at the latest, where its output does not end. Until `held` lines wait for
    /// the end of another container's line.
    pub(super) fn patience(&self, held: Option<Instant>) -> Option<Instant> {
        let seen = self.ends.front()?.seen;
        Some(seen.max(self.touched.unwrap_or(seen)).max(held.unwrap_or(seen)) + PATIENCE)
    }

    /// Whether the oldest end is to be told: its output has been printed, or does not come.
    pub(super) fn is_to_be_told(&self, held: Option<Instant>) -> bool {
        let Some(end) = self.ends.front() else { return false };
        self.read >= end.readers || self.patience(held).is_some_and(|until| until <= Instant::now())
    }

    /// Takes the event of an end. Returns false where it is the end of a run before the one whose start comes next.
    pub(super) fn died(&mut self, event: &EngineEvent) -> bool {
        let nanos = event.time_nanos;
        match self.joined {
            Joined::BeforeStart => return false,
            // The run that is being read began after this end, and the output before it was read from the log.
            Joined::Run(began) if nanos < began => return true,
            Joined::Run(_) | Joined::No => self.joined = Joined::No,
        }
        self.died = Some(moment(nanos));
        true
    }

    /// Takes the event of a start. Returns whether a reader is to be begun.
    pub(super) fn started(&mut self, event: &EngineEvent) -> bool {
        self.is_over = false;
        self.was_signalled = false;
        if let Some(end) = self.ends.back_mut() {
            end.restarts = true;
        }
        match self.joined {
            Joined::No => return self.is_printed,
            Joined::BeforeStart => self.joined = Joined::Run(event.time_nanos),
            Joined::Run(_) => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContainerId;

    fn event(action: &str, time_nanos: i64) -> EngineEvent {
        EngineEvent { id: ContainerId::new("1"), action: action.to_owned(), time_nanos, attributes: Default::default() }
    }

    fn watched() -> Watched {
        Watched::new("shop", "shop-web-1", ("web".to_owned(), "1".to_owned()), true)
    }

    #[test]
    fn each_run_has_one_reader() {
        let mut one = watched();
        one.joined = Joined::BeforeStart;
        assert!(!one.died(&event("die", 1)), "an end of before");
        assert!(!one.started(&event("start", 2)), "the session was opened before the start");
        assert!(one.died(&event("die", 3)) && one.died.as_deref() == Some("0.000000003"));
        assert!(one.started(&event("start", 4)), "the restart policy starts the container again");
        // By then the container had ended and was started once more: the third run is being read.
        one.joined = Joined::Run(6);
        assert!(one.died(&event("die", 5)) && !one.started(&event("start", 6)));
        assert!(one.died(&event("die", 7)) && one.started(&event("start", 8)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_told_after_the_output_of_its_run() {
        let mut one = watched();
        one.readers = 1;
        one.ended(3, None, true);
        one.readers = 2;
        assert!(!one.is_to_be_told(None));
        one.read = 1;
        assert!(one.is_to_be_told(None), "the reader of the next run goes on");
        one.read = 0;
        tokio::time::advance(PATIENCE / 2).await;
        one.touched = Some(Instant::now());
        tokio::time::advance(PATIENCE / 2).await;
        assert!(!one.is_to_be_told(None), "output still comes");
        tokio::time::advance(PATIENCE / 2).await;
        assert!(one.is_to_be_told(None));
        let held = Instant::now() + PATIENCE;
        assert!(!one.is_to_be_told(Some(held)), "its lines wait for the end of another line");
    }
}
