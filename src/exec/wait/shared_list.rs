//! One list call that many waits share, for waits that only ask whether their container still runs.
//!
//! Waits that come due together share a call, so the number of calls does not grow with the number of containers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::engine::{EngineHandle, EngineResult};
use crate::model::{ContainerId, ObservedContainer, ProjectName, labels};

/// How long a call waits for further waits that are due at the same moment.
const GATHER: Duration = Duration::from_millis(5);

/// Lists all containers of a project for many waits at the same time.
pub(in crate::exec) struct SharedList {
    engine: EngineHandle,
    filter: Vec<String>,
    /// When the last of the final waits has held long enough.
    latest: std::sync::Mutex<Instant>,
    /// How many calls have begun.
    begun: AtomicU64,
    last: Mutex<Answer>,
}

/// The last answer of the engine.
#[derive(Clone, Default)]
struct Answer {
    /// The number of the call that gave the answer; 0 before the first call.
    number: u64,
    containers: Arc<BTreeMap<ContainerId, ObservedContainer>>,
}

impl SharedList {
    pub(in crate::exec) fn new(engine: EngineHandle, project: &ProjectName) -> Self {
        let filter = vec![format!("{}={project}", labels::PROJECT)];
        let latest = std::sync::Mutex::new(Instant::now());
        Self { engine, filter, latest, begun: AtomicU64::new(0), last: Mutex::default() }
    }

    /// Adds a final wait, which has held long enough at `until`: all final waits end together.
    pub(super) fn join(&self, until: Instant) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = until.max(*latest);
    }

    /// Returns when the last of the final waits has held long enough.
    pub(super) fn latest(&self) -> Instant {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the container from a list call that began after this question; `None` for a container that is gone.
    pub(super) async fn find(&self, id: &ContainerId) -> EngineResult<Option<ObservedContainer>> {
        let asked = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.number <= asked {
            tokio::time::sleep(GATHER).await;
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let list = self.engine.list_containers(&self.filter).await?;
            let containers = list.into_iter().map(|one| (one.id.clone(), one)).collect::<BTreeMap<_, _>>();
            *last = Answer { number, containers: Arc::new(containers) };
        }
        Ok(last.containers.get(id).cloned())
    }
}
