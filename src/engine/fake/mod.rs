//! An engine in memory, for tests. It follows the rules that plans depend on, and any call fails on demand.
//!
//! Time is tokio's, so with a paused clock runs take no time and are repeatable. The fake behaves like a real engine
//! where a plan could be affected, and no further: a name is taken while its container is being created, two networks
//! may have the same name, objects in use cannot be removed, host ports are checked at the start, containers end or
//! become healthy after a while, restart policies act, requests go on after the death of their client. A function
//! decides what happens to each call ([`Turn`]); with a seeded function a whole history is repeatable. Start at
//! [`FakeEngine`].

mod anonymous;
mod call;
mod container;
mod faults;
mod history;
mod mishap;
mod read;
mod rest;
mod state;
mod write;

pub use container::{Behaviour, Marks};
pub use faults::{Call, Fault, Mishap, Turn};
pub use history::{Change, Deed, Done};

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::engine::ErrorKind;
use crate::model::{ApiVersion, ContainerId, EngineFacts, ImageId, ObservedNetwork, VolumeName};
use state::State;

/// The engine as a client sees it.
pub struct FakeEngine {
    facts: EngineFacts,
    client: u32,
    crash: Arc<Notify>,
    shared: Arc<Shared>,
}

/// The part of the engine that all clients share.
struct Shared {
    state: Mutex<State>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        let facts = EngineFacts {
            endpoint: "fake://".to_owned(),
            version: "0".to_owned(),
            api: ApiVersion::new(1, 41),
            os: "linux".to_owned(),
            is_local: false,
            proxies: crate::model::Proxies::default(),
            detach_keys: None,
            ps_format: None,
            builder: crate::model::Builder::default(),
            limits_processes: false,
        };
        let shared = Shared { state: Mutex::default() };
        Self { facts, client: 1, crash: Arc::default(), shared: Arc::new(shared) }
    }
}

impl FakeEngine {
    /// Returns the same engine as seen by another client. Calls of client 0, the world, never fail.
    pub fn client(&self, client: u32) -> Self {
        Self { facts: self.facts.clone(), client, crash: Arc::default(), shared: self.shared.clone() }
    }

    /// Returns when this client has died by [`Fault::Crash`] or [`Fault::CrashAfter`].
    pub async fn crashed(&self) {
        self.crash.notified().await;
    }

    /// Adds an image; its id follows from `content`.
    pub fn add_image(&self, name: &str, content: &str, behaviour: Behaviour) {
        let mut state = self.shared.lock();
        state.images.insert(crate::model::familiar(name), ImageId::new(format!("sha256:{content:0<64}")));
        state.behaviours.insert(crate::model::familiar(name), behaviour);
    }

    /// Adds a network with any id, because ids of a real engine have no order.
    pub fn add_network(&self, network: ObservedNetwork) {
        self.shared.lock().networks.push(network);
    }

    /// Sets the function that decides what happens to each call from now on.
    pub fn set_faults(&self, mut fault: impl FnMut(&Call) -> Fault + Send + 'static) {
        self.set_script(move |call| Turn::from(fault(call)));
    }

    /// Sets the function that decides what happens to each call, and in the world during the call, from now on.
    pub fn set_script(&self, script: impl FnMut(&Call) -> Turn + Send + 'static) {
        self.shared.lock().script = Some(Box::new(script));
    }

    /// Lets all calls work from now on.
    pub fn clear_faults(&self) {
        self.shared.lock().script = None;
    }

    /// Lets a mishap happen now.
    pub fn befall(&self, mishap: &Mishap) {
        self.shared.befall(mishap);
    }

    /// Returns the calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Returns the changes so far.
    pub fn history(&self) -> Vec<Change> {
        self.shared.lock().history.clone()
    }

    /// Returns the volumes that were removed so far.
    pub fn removed_volumes(&self) -> BTreeSet<VolumeName> {
        self.shared.lock().removed_volumes.clone()
    }

    /// Returns the marks of every container so far, removed containers included.
    pub fn marks(&self) -> BTreeMap<ContainerId, Marks> {
        self.shared.lock().marks()
    }

    /// Returns the time since the engine began.
    pub fn now(&self) -> Duration {
        self.shared.lock().born.elapsed()
    }

    /// Returns the moment at which the engine began.
    pub fn born(&self) -> Instant {
        self.shared.lock().born
    }

    /// Returns whether the engine works on a request.
    pub fn is_at_work(&self) -> bool {
        self.shared.lock().at_work > 0
    }

    /// Waits until the engine is up and works on no request, not even for dead clients.
    pub async fn quiet(&self) {
        loop {
            let (at_work, down_until) = {
                let state = self.shared.lock();
                (state.at_work, state.down_until)
            };
            match down_until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ if at_work > 0 => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => return,
            }
        }
    }
}

/// The state while a call holds it. When it is released, a task is started for the time at which the next container
/// changes by itself, so that the event comes in time.
struct Held<'a> {
    guard: MutexGuard<'a, State>,
    shared: &'a Arc<Shared>,
    /// The time of the next change when the state was taken.
    due: Option<Instant>,
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.guard
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.guard
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let next = self.guard.containers.iter().filter_map(|one| one.next_change()).min();
        if let Some(at) = next
            && next != self.due
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let shared = Arc::downgrade(self.shared);
            runtime.spawn(async move {
                tokio::time::sleep_until(at).await;
                if let Some(shared) = shared.upgrade() {
                    shared.lock().tell_health(at);
                }
            });
        }
    }
}

impl Held<'_> {
    /// Sends the events of containers that have become healthy at this moment.
    fn tell_health(&mut self, at: Instant) {
        let became: Vec<ContainerId> = self
            .guard
            .containers
            .iter()
            .filter(|one| one.becomes_healthy_at() == Some(at))
            .map(|one| one.id.clone())
            .collect();
        for id in became {
            self.guard.tell(&id, "health_status: healthy");
        }
        self.due = None;
    }
}

impl Shared {
    fn lock(self: &Arc<Self>) -> Held<'_> {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let due = guard.containers.iter().filter_map(|one| one.next_change()).min();
        guard.advance();
        Held { guard, shared: self, due }
    }

    fn befall(self: &Arc<Self>, mishap: &Mishap) {
        self.lock().befall(mishap);
    }
}

/// Returns how long the adapter waits for the answer to a call.
fn limit(name: &str) -> Duration {
    Duration::from_secs(match name {
        "start_container" | "remove_container" => 600,
        "stop_container" | "restart_container" => 3660,
        _ => 60,
    })
}

/// The error of a call while the engine is away.
const AWAY: ErrorKind = ErrorKind::Connection;
