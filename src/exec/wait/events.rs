//! One subscription to the engine's events for a whole run, shared by all waits.
//!
//! An event only wakes a wait; the wait then inspects its container and decides. While the stream of events is broken,
//! waits inspect at intervals.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::{EngineEvent, EngineHandle};
use crate::model::{ContainerId, ProjectName, labels};

/// How long the run waits for its subscription.
const PATIENCE: Duration = Duration::from_secs(5);

/// The containers that somebody has sent a signal that ends them, since their last start.
type ToldToEnd = Arc<Mutex<HashSet<ContainerId>>>;

/// Wakes each wait when something happens to its container.
#[derive(Debug)]
pub(in crate::exec) struct Events {
    sender: broadcast::Sender<Happened>,
    /// Whether the stream of events is open: while the stream is broken, the ends of containers are missed.
    is_open: Arc<AtomicBool>,
    /// The wake-ups of containers that the run has started and that no wait has asked for yet.
    of_started: Mutex<HashMap<ContainerId, Wakeups>>,
    told_to_end: ToldToEnd,
    _stop: DropGuard,
}

impl Events {
    /// Subscribes. Returns once the engine has taken the subscription, so that no later event is missed.
    pub(in crate::exec) async fn subscribe(engine: EngineHandle, project: &ProjectName) -> Self {
        let (sender, _) = broadcast::channel(1024);
        let stop = CancellationToken::new();
        let filter = vec![format!("{}={project}", labels::PROJECT)];
        // Without events waits inspect at intervals, so a silent engine does not hold the run up.
        let first = tokio::time::timeout(PATIENCE, engine.events(&filter, None)).await.ok().and_then(Result::ok);
        let is_open = Arc::new(AtomicBool::new(first.is_some()));
        let told_to_end = ToldToEnd::default();
        let forward = Forward { sender: sender.clone(), is_open: is_open.clone(), told_to_end: told_to_end.clone() };
        tokio::spawn(forward.run(engine, filter, first, stop.clone()));
        Self { sender, is_open, of_started: Mutex::default(), told_to_end, _stop: stop.drop_guard() }
    }

    /// Returns whether the events so far tell that somebody has stopped a container since its last start.
    pub(in crate::exec) fn is_told_to_end(&self, container: &ContainerId) -> bool {
        self.told_to_end.lock().unwrap_or_else(PoisonError::into_inner).contains(container)
    }

    /// Keeps what happens to a container from now on for the wait that comes after its start. Between the two a
    /// `post_start` hook may run, while the container ends and its restart policy starts it again.
    pub(in crate::exec) fn keep_from_start(&self, container: &ContainerId) {
        let wakeups = self.listening(container.clone());
        self.of_started.lock().unwrap_or_else(PoisonError::into_inner).insert(container.clone(), wakeups);
    }

    /// Returns the wake-ups for one container: since its start for the first wait after that start, else from now on.
    pub(in crate::exec) fn wakeups(&self, container: ContainerId) -> Wakeups {
        let kept = self.of_started.lock().unwrap_or_else(PoisonError::into_inner).remove(&container);
        kept.unwrap_or_else(|| self.listening(container))
    }

    fn listening(&self, container: ContainerId) -> Wakeups {
        let receiver = Some(self.sender.subscribe());
        Wakeups { receiver, container, is_blind: !self.is_open.load(Ordering::SeqCst), is_told_to_end: false }
    }
}

/// A message from the stream of events.
#[derive(Clone, Debug)]
enum Happened {
    /// Something happened to a container.
    To { container: ContainerId, what: What },
    /// The stream has broken: anything may happen to any container without an event.
    Broken,
}

/// What has happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Its process was started.
    Start,
    /// It was sent a signal that ends most programs.
    Signal,
    /// It has ended, or may have.
    End,
    Other,
}

impl What {
    fn of(event: &EngineEvent) -> Self {
        match event.action.as_str() {
            "start" => Self::Start,
            "kill" if event.attributes.get("signal").is_some_and(|signal| HARMLESS.contains(&signal.as_str())) => {
                Self::End
            }
            "kill" => Self::Signal,
            "die" | "oom" | "destroy" => Self::End,
            _ => Self::Other,
        }
    }

    /// Returns whether the container has been told to end, after this and what came `before`.
    fn tells_to_end(self, before: bool) -> bool {
        match self {
            Self::Start => false,
            Self::Signal => true,
            Self::End | Self::Other => before,
        }
    }

    fn is_end(self) -> bool {
        matches!(self, Self::Signal | Self::End)
    }
}

/// Signals by which programs are told to read their configuration again, and the like: HUP, USR1, USR2, WINCH.
const HARMLESS: [&str; 4] = ["1", "10", "12", "28"];

type Stream = futures_util::stream::BoxStream<'static, crate::engine::EngineResult<EngineEvent>>;

/// Passes events on to the waits, and subscribes again when the stream breaks.
struct Forward {
    sender: broadcast::Sender<Happened>,
    is_open: Arc<AtomicBool>,
    told_to_end: ToldToEnd,
}

impl Forward {
    async fn run(self, engine: EngineHandle, filter: Vec<String>, first: Option<Stream>, stop: CancellationToken) {
        let mut stream = first;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.drain(&mut stream) => {}
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            stream = engine.events(&filter, None).await.ok();
            self.is_open.store(stream.is_some(), Ordering::SeqCst);
        }
    }

    async fn drain(&self, stream: &mut Option<Stream>) {
        let Some(stream) = stream else { return };
        while let Some(Ok(event)) = stream.next().await {
            if matters(&event.action) {
                let what = What::of(&event);
                self.note(&event.id, what);
                self.tell(Happened::To { container: event.id, what });
            }
        }
        self.is_open.store(false, Ordering::SeqCst);
        self.tell(Happened::Broken);
    }

    fn note(&self, container: &ContainerId, what: What) {
        let mut told = self.told_to_end.lock().unwrap_or_else(PoisonError::into_inner);
        if what.tells_to_end(false) {
            told.insert(container.clone());
        } else if what == What::Start {
            told.remove(container);
        }
    }

    fn tell(&self, happened: Happened) {
        // Sending fails if no wait runs at the moment.
        let _ = self.sender.send(happened);
    }
}

/// Returns whether an event may be about a change of a container's state. Events of health checks (`exec_create`,
/// `exec_start`, `exec_die`) and of readers are not.
fn matters(action: &str) -> bool {
    !["exec_", "attach", "top", "resize", "copy", "archive-path", "extract-to-dir"]
        .iter()
        .any(|start| action.starts_with(start))
}

/// What is known about the end of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// An event reported it.
    Seen,
    /// Events may have been missed, so the container may have ended.
    Possible,
}

/// The wake-ups for one container.
#[derive(Debug)]
pub(in crate::exec) struct Wakeups {
    receiver: Option<broadcast::Receiver<Happened>>,
    container: ContainerId,
    /// Whether the stream of events was broken when the wait began.
    is_blind: bool,
    /// Whether somebody has sent the container a signal that ends it, since its last start.
    is_told_to_end: bool,
}

impl Wakeups {
    /// Returns wake-ups that never come, for a run without a subscription.
    pub(in crate::exec) fn none(container: ContainerId) -> Self {
        Self { receiver: None, container, is_blind: false, is_told_to_end: false }
    }

    /// Returns whether the events so far tell that somebody has stopped the container.
    pub(super) fn is_told_to_end(&self) -> bool {
        self.is_told_to_end
    }

    /// Takes note of what has happened so far, without waiting. An inspect that comes next shows the rest.
    pub(super) fn catch_up(&mut self) {
        let Some(receiver) = &mut self.receiver else { return };
        loop {
            match receiver.try_recv() {
                Ok(Happened::To { container, what }) if container == self.container => {
                    self.is_told_to_end = what.tells_to_end(self.is_told_to_end);
                }
                Ok(_) | Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits until something has happened, or may have happened, to the container.
    pub(super) async fn next(&mut self) {
        self.until(|_| true).await;
    }

    /// Waits until the container has ended, or may have ended. Returns at once where no event could tell.
    pub(super) async fn end(&mut self) -> End {
        if self.is_blind {
            return End::Possible;
        }
        self.until(|is_end| is_end).await
    }

    async fn until(&mut self, matters: impl Fn(bool) -> bool) -> End {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        loop {
            match receiver.recv().await {
                Ok(Happened::To { container, what }) if container == self.container => {
                    self.is_told_to_end = what.tells_to_end(self.is_told_to_end);
                    if matters(what.is_end()) {
                        return End::Seen;
                    }
                }
                Ok(Happened::To { .. }) => {}
                Ok(Happened::Broken) | Err(broadcast::error::RecvError::Lagged(_)) => return End::Possible,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
