//! The one-off container while it runs: sizes, signals, its end.

use std::cell::Cell;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::app::sessions::signals::Named;
use crate::app::sessions::streams::Far;
use crate::engine::{EngineHandle, TerminalSize};
use crate::model::ContainerId;
use crate::ui;

/// How long a container has after TERM or HUP, where its service does not say.
const GRACE: Duration = Duration::from_secs(10);
/// So many signals by key are handed on; the next one kills.
const PATIENT: u32 = 2;

/// A container that gets the signals of this program.
pub(in crate::app::sessions) struct Container<'a> {
    pub engine: &'a EngineHandle,
    pub id: &'a ContainerId,
    /// Signals are handed on (`--sig-proxy`).
    pub gets_signals: bool,
    /// The container is this command's own: it is killed where it does not heed a signal. `None` leaves it alone.
    pub own: Option<Own>,
    /// Whether this program was asked to end: asked again, it leaves the container alone and ends.
    pub is_asked: Cell<bool>,
}

/// What is known of the signals that an own container got.
#[derive(Debug, Default)]
pub(in crate::app::sessions) struct Own {
    grace: Option<Duration>,
    keys: Cell<u32>,
    /// When the container is killed.
    deadline: Cell<Option<Instant>>,
    is_killed: Cell<bool>,
}

impl Own {
    /// Makes it for a container whose service has this `stop_grace_period`.
    pub(in crate::app::sessions) fn new(grace: Option<Duration>) -> Self {
        Self { grace, ..Self::default() }
    }

    /// Takes a signal. Returns whether it kills.
    fn take(&self, signal: Named) -> bool {
        if signal.is_key() {
            self.keys.set(self.keys.get() + 1);
            if self.keys.get() == PATIENT {
                ui::tell("press Ctrl+C again to kill the container\n");
            }
            return self.keys.get() > PATIENT;
        }
        if !signal.asks_to_end() {
            return false;
        }
        // Who sends TERM or HUP a second time, or after an interrupt, will not wait for long.
        let is_second = self.keys.get() > 0 || self.deadline.get().is_some();
        let grace = self.grace.unwrap_or(GRACE);
        self.deadline.set(Some(Instant::now() + grace));
        is_second
    }
}

impl Container<'_> {
    async fn send(&self, signal: &str) {
        if let Err(error) = self.engine.kill_container(self.id, signal).await {
            // A container that has just ended gets no signal; its end is about to be told.
            tracing::debug!(cause = error.message, signal, "not sent");
        }
    }
}

#[async_trait(?Send)]
impl Far for Container<'_> {
    async fn resize(&self, size: TerminalSize) {
        let _ = self.engine.resize_container(self.id, size).await;
    }

    async fn signal(&self, signal: Named) -> bool {
        if !self.gets_signals {
            return signal.name == "INT";
        }
        let Some(own) = &self.own else {
            if signal.asks_to_end() && !signal.is_key() && self.is_asked.replace(true) {
                return false;
            }
            self.send(signal.name).await;
            return true;
        };
        if own.is_killed.get() && signal.asks_to_end() {
            return false;
        }
        match own.take(signal) {
            true => {
                own.is_killed.set(true);
                self.send("KILL").await;
            }
            false => self.send(signal.name).await,
        }
        true
    }

    async fn overdue(&self) {
        let deadline = self.own.as_ref().filter(|own| !own.is_killed.get()).and_then(|own| own.deadline.get());
        let Some(deadline) = deadline else { return std::future::pending().await };
        tokio::time::sleep_until(deadline).await;
        self.own.iter().for_each(|own| own.is_killed.set(true));
        self.send("KILL").await;
    }
}
