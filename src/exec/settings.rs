//! How a run behaves: bounds on parallel calls, limits of waits and hooks.

use std::time::Duration;

use super::outputs::Outputs;

/// The most engine calls at the same time; more calls gain nothing.
const PARALLEL_MOST: usize = 16;
/// The most stops at the same time.
const STOPS: usize = 64;

/// Returns how many calls to make at the same time of an engine on this machine. Creating and starting containers takes
/// processor time: more than two calls for each processor make all calls slow (measured with 50 containers on two
/// processors). Also, Engine 20.10 miscounts the endpoints of a network more often, the more endpoints come and go at
/// the same time.
pub fn parallel_here() -> usize {
    let processors = std::thread::available_parallelism().map_or(PARALLEL_MOST, std::num::NonZero::get);
    (2 * processors).clamp(4, PARALLEL_MOST)
}

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct ExecSettings {
    /// How many engine calls may run at once; 16 unless set. Waits do not count, and stops have a bound of their own.
    pub parallel: usize,
    /// How many stops may run at once; 64 unless set. A stop mostly waits for the container that it stops.
    pub stops: usize,
    /// Whether this program also runs health checks, at short intervals, while a step waits for their verdict.
    pub own_probes: bool,
    /// How long a wait may last without a health check and without output; 10 minutes unless set.
    pub patience: Duration,
    /// How long the run waits for an engine whose connection broke; 30 s unless set.
    pub reconnect: Duration,
    /// How long a hook may run; 5 minutes unless set. `post_start` and `pre_stop` have the same limit: it is there for
    /// commands that hang, and a `pre_stop` hook that drains connections may well take longer than the container's
    /// grace period. A hook that reaches the limit has failed, though its command may go on in the container.
    ///
    /// Compat: docker compose waits without a limit.
    pub hook_limit: Duration,
    /// Whether calls of a dead run may still be under way. Then, after creating a network, the run looks for a
    /// duplicate, which such a call may have created at the same moment.
    pub is_after_crash: bool,
    /// Where containers' output goes that is wanted from the first byte; `None` without a reader.
    pub outputs: Option<Outputs>,
}

impl Default for ExecSettings {
    fn default() -> Self {
        Self {
            parallel: PARALLEL_MOST,
            stops: STOPS,
            own_probes: true,
            patience: Duration::from_secs(600),
            reconnect: Duration::from_secs(30),
            hook_limit: Duration::from_secs(300),
            is_after_crash: true,
            outputs: None,
        }
    }
}
