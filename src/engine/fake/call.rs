//! The way of a call: the request travels, the engine works (also after its client's death), the reply travels back.

use std::sync::Arc;

use std::time::Duration;

use tokio::time::Instant;

use super::faults::{Call, Fault, Turn};
use super::state::State;
use super::{AWAY, FakeEngine, Shared, limit};
use crate::engine::{EngineError, EngineResult, ErrorKind};

/// The last action of a request.
type Then = Box<dyn FnOnce(&mut State) -> EngineResult<()> + Send>;

/// The end of a request that takes a while: its time, and the last action.
pub(super) struct Later {
    pub at: Instant,
    pub then: Then,
}

impl Later {
    /// Only the reply waits until `at`.
    pub(super) fn reply(at: Instant) -> Self {
        Self { at, then: Box::new(|_| Ok(())) }
    }
}

/// Counts a request as being worked on until dropped.
struct AtWork(Arc<Shared>);

impl AtWork {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.lock().at_work += 1;
        Self(shared.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.lock().at_work -= 1;
    }
}

impl FakeEngine {
    /// Makes a call that changes the state at one moment.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        name: &'static str,
        target: &str,
        act: impl FnOnce(&mut State) -> EngineResult<T> + Send + 'static,
    ) -> EngineResult<T> {
        self.request(name, target, true, |_| Ok(()), |state, ()| act(state).map(|done| (done, None))).await
    }

    /// Makes a call that changes nothing.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        target: &str,
        act: impl FnOnce(&mut State) -> EngineResult<T> + Send + 'static,
    ) -> EngineResult<T> {
        self.request(name, target, false, |_| Ok(()), |state, ()| act(state).map(|done| (done, None))).await
    }

    /// Makes any call. `take` runs when the request arrives, `act` at the end of the engine's work. The reply comes at
    /// once or at the time of [`Later`].
    pub(super) async fn request<A: Send + 'static, T: Send + 'static>(
        &self,
        name: &'static str,
        target: &str,
        is_mutating: bool,
        take: impl FnOnce(&mut State) -> EngineResult<A> + Send + 'static,
        act: impl FnOnce(&mut State, A) -> EngineResult<(T, Option<Later>)> + Send + 'static,
    ) -> EngineResult<T> {
        let lost = |kind, words: &str| EngineError::new(kind, format!("{name} {target}"), words);
        let turn = self.decide(name, target, is_mutating);
        tokio::time::sleep(turn.travel).await;
        match turn.fault {
            Fault::Fail(kind) => return Err(lost(kind, "a fault on demand")),
            Fault::Hang { acts: false } => {
                tokio::time::sleep(limit(name)).await;
                return Err(lost(ErrorKind::Timeout, "no answer in time"));
            }
            Fault::Crash => return self.die().await,
            _ => {}
        }
        if self.client != 0 && self.shared.lock().down_until.is_some_and(|until| Instant::now() < until) {
            return Err(lost(AWAY, "the engine is away"));
        }
        let work = self.work(name, turn.work, take, act);
        match turn.fault {
            Fault::CutOff => return Err(lost(ErrorKind::Connection, "the connection broke on demand")),
            Fault::CrashAfter => return self.die().await,
            _ => {}
        }
        let result = match work.await {
            Ok(result) => result,
            // The task has panicked, or its runtime is ending.
            Err(_) => Err(lost(ErrorKind::Engine, "the engine failed")),
        };
        match turn.fault {
            Fault::LoseReply => Err(lost(ErrorKind::Connection, "the reply was lost on demand")),
            Fault::Hang { .. } => {
                tokio::time::sleep(limit(name)).await;
                Err(lost(ErrorKind::Timeout, "no answer in time"))
            }
            _ => result,
        }
    }

    /// Notes a call and asks the script what happens to the call.
    fn decide(&self, name: &'static str, target: &str, is_mutating: bool) -> Turn {
        let mut state = self.shared.lock();
        let call =
            Call { number: state.calls.len(), client: self.client, name, target: target.to_owned(), is_mutating };
        state.calls.push(call.clone());
        let turn = match &mut state.script {
            Some(script) if self.client != 0 => script(&call),
            _ => Turn::from(Fault::None),
        };
        drop(state);
        if let Some(mishap) = &turn.mishap {
            self.shared.befall(mishap);
        }
        turn
    }

    /// Runs the engine's part of a call. It goes on after the client's death, and ends if the engine restarts.
    fn work<A: Send + 'static, T: Send + 'static>(
        &self,
        name: &'static str,
        lasts: Duration,
        take: impl FnOnce(&mut State) -> EngineResult<A> + Send + 'static,
        act: impl FnOnce(&mut State, A) -> EngineResult<(T, Option<Later>)> + Send + 'static,
    ) -> tokio::task::JoinHandle<EngineResult<T>> {
        let (shared, client) = (self.shared.clone(), self.client);
        tokio::spawn(async move {
            let _at_work = AtWork::new(&shared);
            let life = shared.lock().life.clone();
            let ended = || EngineError::new(AWAY, name, "the engine went away");
            let taken = {
                let mut state = shared.lock();
                state.actor = client;
                take(&mut state)?
            };
            if !lasts.is_zero() {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(lasts) => {}
                    () = life.cancelled() => return Err(ended()),
                }
            }
            let (done, later) = {
                let mut state = shared.lock();
                state.actor = client;
                act(&mut state, taken)?
            };
            if let Some(later) = later {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(later.at) => {}
                    () = life.cancelled() => return Err(ended()),
                }
                let mut state = shared.lock();
                state.actor = client;
                (later.then)(&mut state)?;
            }
            Ok(done)
        })
    }

    async fn die<T>(&self) -> EngineResult<T> {
        self.crash.notify_one();
        std::future::pending().await
    }
}
