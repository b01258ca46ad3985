//! What a step does when the reply of a call was lost: it looks at the engine, and never guesses.
//!
//! - A call that may be made twice is made again: [`Runner::certain`]. The second removal of a container finds nothing.
//! - A call that leaves a mark on its container is followed by a look for the mark: [`Runner::settled`]. After a lost
//!   reply to `pause web`, the step asks whether `web` is paused before it asks again.
//! - A call that creates something is followed by a search for it: `steps/create.rs` for containers, `steps/network.rs`
//!   for networks.
//! - A signal other than KILL is not sent twice, and the command of a hook is not run twice. The error says that nobody
//!   knows whether the container has got the signal, or whether the command has run.
//! - A pull or a build whose stream breaks has failed: the engine ends them with their connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::runner::Runner;
use crate::engine::{ContainerDetails, EngineError, EngineResult};
use crate::model::ContainerId;

/// How often a call is made at most if its reply is lost each time.
const ATTEMPTS: u32 = 6;

/// How long an engine that answers again may still work on a call whose connection broke.
pub(super) const LATE: Duration = Duration::from_millis(500);

impl Runner {
    /// Makes a call that may be repeated. While the reply is lost, waits for the engine and makes the call again: at
    /// least once more, and at most [`ATTEMPTS`] times in all, as long as `patience` lasts.
    pub(super) async fn certain<T, F, R>(&self, mut call: F) -> EngineResult<T>
    where
        F: FnMut() -> R,
        R: Future<Output = EngineResult<T>>,
    {
        let deadline = Instant::now() + self.settings.patience;
        let mut attempts = 1;
        loop {
            match call().await {
                Err(error)
                    if error.is_uncertain() && attempts < ATTEMPTS && (attempts == 1 || Instant::now() < deadline) =>
                {
                    self.back(error).await?;
                    attempts += 1;
                }
                result => return result,
            }
        }
    }

    /// Makes a call that leaves a mark on its container. After a lost reply, `has_happened` looks for the mark; the
    /// call is repeated only if the mark is missing. If the engine refuses the repeated call (`web` is already paused),
    /// the mark decides, too.
    pub(super) async fn settled<F, R>(
        &self,
        id: &ContainerId,
        mut call: F,
        has_happened: impl Fn(&ContainerDetails) -> bool,
    ) -> EngineResult<()>
    where
        F: FnMut() -> R,
        R: Future<Output = EngineResult<()>>,
    {
        let deadline = Instant::now() + self.settings.patience;
        let mut attempts = 1;
        loop {
            let Err(error) = call().await else { return Ok(()) };
            if error.is_uncertain() {
                self.back(error.clone()).await?;
            } else if attempts == 1 {
                return Err(error);
            }
            if has_happened(&self.look(id).await?) {
                return Ok(());
            }
            if !error.is_uncertain() || attempts >= ATTEMPTS || Instant::now() >= deadline {
                return Err(error);
            }
            attempts += 1;
        }
    }

    /// Looks at a container.
    pub(super) async fn look(&self, id: &ContainerId) -> EngineResult<ContainerDetails> {
        self.certain(|| self.engine.inspect_container(id.as_str())).await
    }

    /// Returns whether a container is there; `container` is an id or a name.
    pub(super) async fn exists(&self, container: &str) -> EngineResult<bool> {
        match self.engine.inspect_container(container).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until an engine whose connection broke answers again. Returns the first error if the engine does not
    /// answer within `reconnect`.
    pub(super) async fn back(&self, lost: EngineError) -> EngineResult<()> {
        self.lost_replies.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now() + self.settings.reconnect;
        let mut pause = Duration::from_millis(100);
        while Instant::now() < deadline {
            tokio::time::sleep(pause).await;
            if self.engine.list_networks().await.is_ok() {
                return Ok(());
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        Err(lost)
    }
}
