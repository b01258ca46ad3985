//! One subscription to the engine's events for a whole run, shared by all waits.
//!
//! Events only wake; what is so is decided by looking. When the stream breaks, waits look by the clock until it is back.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::engine::EngineHandle;
use crate::model::{ContainerId, ProjectName, labels};

/// How long a subscription is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wakes waits when something happens to their container.
#[derive(Debug)]
pub(super) struct Hub {
    sender: broadcast::Sender<Happened>,
    _stop: DropGuard,
}

impl Hub {
    /// Subscribes; returns once the engine has taken the subscription, so that nothing is missed after that.
    pub(super) async fn subscribe(engine: EngineHandle, project: &ProjectName) -> Self {
        let (sender, _) = broadcast::channel(1024);
        let stop = CancellationToken::new();
        let filter = vec![format!("{}={project}", labels::PROJECT)];
        // Without events, waits look by the clock: no reason to wait long for an engine that does not answer.
        let first = tokio::time::timeout(PATIENCE, engine.events(&filter, None)).await.ok().and_then(Result::ok);
        tokio::spawn(forward(engine, filter, first, sender.clone(), stop.clone()));
        Self { sender, _stop: stop.drop_guard() }
    }

    /// Returns a source of wake-ups for one container.
    pub(super) fn wakeups(&self, container: ContainerId) -> Wakeups {
        Wakeups { receiver: Some(self.sender.subscribe()), container }
    }
}

/// Something happened to a container.
#[derive(Clone, Debug)]
struct Happened {
    container: ContainerId,
    is_end: bool,
}

type Events = futures_util::stream::BoxStream<'static, crate::engine::EngineResult<crate::engine::EngineEvent>>;

async fn forward(
    engine: EngineHandle,
    filter: Vec<String>,
    first: Option<Events>,
    sender: broadcast::Sender<Happened>,
    stop: CancellationToken,
) {
    let mut stream = first;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = drain(&mut stream, &sender) => {}
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        stream = engine.events(&filter, None).await.ok();
    }
}

async fn drain(stream: &mut Option<Events>, sender: &broadcast::Sender<Happened>) {
    let Some(stream) = stream else { return };
    while let Some(Ok(event)) = stream.next().await {
        if matters(&event.action) {
            // No receiver just means that nobody waits at the moment.
            let is_end = matches!(event.action.as_str(), "die" | "oom" | "kill" | "destroy");
            let _ = sender.send(Happened { container: event.id, is_end });
        }
    }
}

/// Probes make events too (`exec_create`, `exec_start`, `exec_die`); they say nothing about the container's state.
fn matters(action: &str) -> bool {
    !["exec_", "attach", "top", "resize", "copy", "archive-path", "extract-to-dir"]
        .iter()
        .any(|start| action.starts_with(start))
}

/// Wake-ups for one container.
#[derive(Debug)]
pub(super) struct Wakeups {
    receiver: Option<broadcast::Receiver<Happened>>,
    container: ContainerId,
}

impl Wakeups {
    /// Returns wake-ups that never come: of a run that needs no events.
    pub(super) fn none(container: ContainerId) -> Self {
        Self { receiver: None, container }
    }

    /// Waits until something happened to the container, or may have.
    pub(super) async fn next(&mut self) {
        self.until(|_| true).await;
    }

    /// Waits until the container has ended, or may have.
    pub(super) async fn end(&mut self) {
        self.until(|happened| happened.is_end).await;
    }

    async fn until(&mut self, matters: impl Fn(&Happened) -> bool) {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        loop {
            match receiver.recv().await {
                Ok(happened) if happened.container == self.container && matters(&happened) => return,
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}
