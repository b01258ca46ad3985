//! Leaves.

use crate::model::ObservedContainer;
use crate::plan::container::replicas;
use crate::plan::container::replicas::ReplicaSlot;
use crate::plan::hooks::Stop;
use crate::plan::reason::OBSOLETE;
use crate::plan::up::state::Up;
use crate::plan::{Action, ContainerRef, Reason, StepId};

impl<'a> Up<'a> {
    /// Returns the removals of containers that nothing takes the place of: orphans, and users of volumes that are made anew.
    /// Their ports and data are free then.
    pub(crate) fn departed(&self) -> impl Iterator<Item = StepId> {
        self.orphans_gone.values().chain(&self.volumes.removals).copied()
    }

    /// Stops what an earlier run made and nobody wants any more. It goes last: while it is there, it tells that the
    /// container it was to replace is to run.
    pub(crate) fn put_out_of_the_way(&mut self, obsolete: &ObservedContainer) -> Vec<StepId> {
        let displaced = self.networks.displaced.remove(&obsolete.id).unwrap_or_default();
        if !replicas::is_up(obsolete) || displaced.was_running {
            return displaced.steps;
        }
        let stop = Stop::of(self.project, obsolete, self.options.grace, OBSOLETE);
        stop.plan(&mut self.builder, &displaced.steps)
    }

    pub(crate) fn remove(&mut self, container: &ObservedContainer, reason: Reason) -> StepId {
        let target = replicas::target_of(container);
        let reference = ContainerRef::Existing(container.id.clone());
        let displaced = self.networks.displaced.remove(&container.id).unwrap_or_default();
        let mut requires = displaced.steps;
        requires.extend(self.cleared.steps.iter().copied());
        if replicas::is_up(container) && !displaced.was_running {
            let stop = Stop::of(self.project, container, self.options.grace, reason.clone());
            requires.extend(stop.plan(&mut self.builder, &requires));
        }
        let remove = Action::RemoveContainer { container: reference, force: false, volumes: false };
        self.builder.step(&target, remove, reason, requires)
    }

    pub(crate) fn remove_surplus(&mut self, slot: ReplicaSlot<'_>, wanted: u32) {
        for container in [Some(slot.current), slot.successor].into_iter().flatten().chain(slot.leftovers) {
            self.remove(container, Reason::ScaledDown { wanted });
        }
    }
}
