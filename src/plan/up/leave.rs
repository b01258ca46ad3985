//! Containers that are removed without being replaced: surplus replicas, duplicates, obsolete replacements.

use crate::model::ObservedContainer;
use crate::plan::container::replicas::ReplicaSlot;
use crate::plan::reason::OBSOLETE;
use crate::plan::resources::displaced::{self, End};
use crate::plan::up::state::Up;
use crate::plan::{Reason, StepId};

impl Up<'_> {
    /// Returns the removals of containers that are not replaced: orphans, and users of volumes that are created anew.
    /// After these steps their host ports and their data are free.
    pub(crate) fn departed(&self) -> impl Iterator<Item = StepId> {
        self.orphans_gone.iter().chain(&self.volumes.removals).copied()
    }

    /// Plans the stop of a replacement that an interrupted run created and whose definition has changed since. Its
    /// removal is planned elsewhere, as the last step: while this replacement exists, it tells the next run that the
    /// old container must run.
    pub(crate) fn stop_obsolete(&mut self, obsolete: &ObservedContainer) -> Vec<StepId> {
        let end = End { grace: self.scope.options.grace, reason: OBSOLETE };
        displaced::stop(&mut self.builder, self.scope.project, obsolete, end, &[])
    }

    /// Plans the stop and the removal of a container.
    pub(crate) fn remove(&mut self, container: &ObservedContainer, reason: Reason) -> StepId {
        let end = End { grace: self.scope.options.grace, reason };
        displaced::remove(&mut self.builder, self.scope.project, container, end, &self.freed.steps)
    }

    /// Plans the removal of a replica that is one too many, with all containers of its number, after the steps in
    /// `after`.
    pub(crate) fn remove_surplus(&mut self, slot: ReplicaSlot<'_>, wanted: u32, after: &[StepId]) {
        let after: Vec<StepId> = self.freed.steps.iter().chain(after).copied().collect();
        for container in [Some(slot.current), slot.successor].into_iter().flatten().chain(slot.leftovers) {
            let end = End { grace: self.scope.options.grace, reason: Reason::ScaledDown { wanted } };
            displaced::remove(&mut self.builder, self.scope.project, container, end, &after);
        }
    }
}
