//! What can go wrong: with a call, and in the world while calls are on their way.

use std::time::Duration;

use crate::engine::ErrorKind;

/// A call, as the function that decides about it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// From 0, over the engine's life.
    pub number: usize,
    /// Which program makes it; see [`super::FakeEngine::client`].
    pub client: u32,
    /// `create_container`, `start_container`, ...
    pub name: &'static str,
    /// What it is about.
    pub target: String,
    /// Whether it changes anything.
    pub is_mutating: bool,
}

/// What happens to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it works.
    #[default]
    None,
    /// It fails before it acts.
    Fail(ErrorKind),
    /// It acts, and the reply is lost.
    LoseReply,
    /// The connection breaks at once, and the engine acts all the same.
    CutOff,
    /// The adapter gives up after its limit.
    Hang {
        /// Whether the engine acts before that.
        acts: bool,
    },
    /// It never returns: the caller's process has died.
    Crash,
    /// The caller's process has died, and the engine acts all the same.
    CrashAfter,
}

/// What happens in the world, whatever the calls do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The engine restarts: what runs ends, calls fail until it is back.
    EngineRestarts {
        /// How long it is away.
        down: Duration,
    },
    /// A running container ends with code 137; the number chooses which.
    Dies(u64),
    /// A running container's health check fails for a while.
    FallsIll {
        /// Chooses which.
        which: u64,
        /// For how long.
        lasts: Duration,
    },
    /// Somebody stops a container.
    IsStopped(u64),
    /// Somebody removes a container.
    IsRemoved(u64),
    /// Somebody disconnects a container from one of its networks.
    IsDisconnected(u64),
}

/// All that is decided about one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Time until the engine has the request.
    pub travel: Duration,
    /// Time the engine works on it.
    pub work: Duration,
    /// What happens to the call.
    pub fault: Fault,
    /// What happens in the world meanwhile.
    pub mishap: Option<Mishap>,
}

impl From<Fault> for Turn {
    fn from(fault: Fault) -> Self {
        Self { travel: Duration::from_millis(1), work: Duration::ZERO, fault, mishap: None }
    }
}
