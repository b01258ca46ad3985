//! Faults of calls, and mishaps in the world while calls are under way.

use std::time::Duration;

use crate::engine::ErrorKind;

/// A call as the script sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number of the call, from 0 over the engine's life.
    pub number: usize,
    /// The client that makes the call; see [`super::FakeEngine::client`].
    pub client: u32,
    /// Name of the method: `create_container`, `start_container`, ...
    pub name: &'static str,
    /// The object of the call: an id or a name.
    pub target: String,
    /// Whether the call changes anything.
    pub is_mutating: bool,
}

/// A fault of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// No fault.
    #[default]
    None,
    /// The call fails before the engine acts.
    Fail(ErrorKind),
    /// The engine acts, and the reply is lost.
    LoseReply,
    /// The connection breaks at once, and the engine acts all the same.
    CutOff,
    /// No reply comes, and the adapter gives up after its limit.
    Hang {
        /// Whether the engine acts.
        acts: bool,
    },
    /// The client's process dies before the engine acts: the call never returns.
    Crash,
    /// The client's process dies, and the engine acts all the same.
    CrashAfter,
}

/// A fault of the world, independent of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The engine restarts: running containers end, and calls fail until the engine is back.
    EngineRestarts {
        /// How long the engine is away.
        down: Duration,
    },
    /// A running container, chosen by the number, ends with exit code 137.
    Dies(u64),
    /// The health check of a running container fails for a while.
    FallsIll {
        /// The number that chooses the container.
        which: u64,
        /// How long the health check fails.
        lasts: Duration,
    },
    /// Somebody stops a container by hand.
    IsStopped(u64),
    /// Somebody removes a container by hand.
    IsRemoved(u64),
    /// Somebody disconnects a container from one of its networks by hand.
    IsDisconnected(u64),
}

/// The script's decision about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Time until the request reaches the engine.
    pub travel: Duration,
    /// Time that the engine works on the request.
    pub work: Duration,
    /// The fault of the call.
    pub fault: Fault,
    /// The fault of the world during the call.
    pub mishap: Option<Mishap>,
}

impl From<Fault> for Turn {
    fn from(fault: Fault) -> Self {
        Self { travel: Duration::from_millis(1), work: Duration::ZERO, fault, mishap: None }
    }
}
