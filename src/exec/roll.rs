//! One list call that tells of many containers: the look of waits that only ask whether a container still runs.
//!
//! Waits that come due together share a call, so that the number of calls does not grow with the number of containers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::engine::{EngineHandle, EngineResult};
use crate::model::{ContainerId, ObservedContainer, ProjectName, labels};

/// How long a call waits for others that come due in the same moment.
const GATHER: Duration = Duration::from_millis(5);

/// Looks at all containers of a project at once.
pub(super) struct RollCall {
    engine: EngineHandle,
    filter: Vec<String>,
    /// When the last of the waits that end together has held long enough.
    latest: std::sync::Mutex<Instant>,
    /// How many calls have begun.
    begun: AtomicU64,
    last: Mutex<Answer>,
}

#[derive(Clone, Default)]
struct Answer {
    /// The call that gave it; 0 for none.
    number: u64,
    containers: Arc<BTreeMap<ContainerId, ObservedContainer>>,
}

impl RollCall {
    pub(super) fn new(engine: EngineHandle, project: &ProjectName) -> Self {
        let filter = vec![format!("{}={project}", labels::PROJECT)];
        let latest = std::sync::Mutex::new(Instant::now());
        Self { engine, filter, latest, begun: AtomicU64::new(0), last: Mutex::default() }
    }

    /// Joins the waits that end together; this one has held long enough at `until`.
    pub(super) fn join(&self, until: Instant) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = until.max(*latest);
    }

    /// Returns when the last of them has.
    pub(super) fn latest(&self) -> Instant {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the container as a list tells it that was begun after this was asked; `None` where it is gone.
    pub(super) async fn look(&self, id: &ContainerId) -> EngineResult<Option<ObservedContainer>> {
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
