//! One service: which of its replicas stay, which are replaced, which are removed, and how many are missing.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::Service;
use crate::plan::checks::preflight;
use crate::plan::container::replicas::{self, ReplicaSlot};
use crate::plan::reason::OBSOLETE;
use crate::plan::resources::displaced;
use crate::plan::scope::{MOST_REPLICAS, replicas_wanted};
use crate::plan::up::batch::Batch;
use crate::plan::up::replace;
use crate::plan::up::state::{Done, Up};
use crate::plan::{Reason, StepId};

impl<'a> Up<'a> {
    /// Plans one service.
    pub(crate) fn service(&mut self, service: &'a Service) {
        if service.provider.is_some() {
            let message = format!("service `{}` is made by a provider, which is not supported", service.name);
            self.builder.tell(
                Diagnostic::error("provider", service.span, message).at(format!("services.{}.provider", service.name)),
            );
            return;
        }
        preflight::engine(&mut self.builder, self.scope.world.observed, service);
        preflight::mac_address(&mut self.builder, service);
        preflight::left_out(&mut self.builder, self.scope.world.observed, service);
        self.done.insert(service.name.clone(), Done::default());
        let wanted = replicas_wanted(service, self.scope.options);
        preflight::replicas(&mut self.builder, service, wanted);
        if wanted > MOST_REPLICAS {
            preflight::too_many(&mut self.builder, service, self.scope.options.scale.get(&service.name).copied());
            return;
        }
        let (kept, surplus) = split_surplus(self.judged(service), wanted as usize);
        // The surplus replica may follow an earlier file, and the ones that stay may be new.
        let (outdated, superfluous): (Vec<_>, Vec<_>) =
            surplus.into_iter().partition(|(slot, reason)| reason.is_some() && replicas::is_up(slot.current));
        for (slot, _) in superfluous {
            self.remove_surplus(slot, wanted, &[]);
        }
        let stays: BTreeSet<u32> =
            kept.iter().filter(|(_, reason)| reason.is_none()).map(|(slot, _)| slot.number).collect();
        let missing = (wanted as usize).saturating_sub(kept.len());
        let taken: BTreeSet<u32> = kept.iter().map(|(slot, _)| slot.number).collect();
        let mut batch = Batch::new(service);
        for (slot, reason) in kept {
            self.slot(service, slot, reason, &mut batch);
        }
        self.remove_outdated(service, outdated, &stays, wanted);
        match self.families.of(&service.name) {
            Some(family) => self.families.waiting.entry(family.clone()).or_default().push(batch),
            None => self.commit(vec![batch]),
        }
        // Compat: docker compose continues after the highest number. Here gaps are filled, so that the numbers are the
        // same as in an undisturbed run.
        for number in (1..).filter(|number| !taken.contains(number)).take(missing) {
            self.create(service, number);
        }
        if let Some(done) = self.done.get_mut(&service.name) {
            // A container that shares a namespace joins the replica of the lowest number, in this run and in the next.
            done.replicas.sort_by_key(|replica| replica.number());
        }
        if self.scope.options.wait {
            self.verify_untouched(service);
        }
    }

    /// Returns the replicas of a service that exist, each with the reason to replace it.
    pub(crate) fn judged(&self, service: &Service) -> Vec<Judged<'a>> {
        let slots = replicas::slots(self.scope.world, self.scope.project, service, self.scope.options.separator);
        let judge = |slot: ReplicaSlot<'a>| {
            let reason = self.reason(service, &slot);
            (slot, reason)
        };
        slots.into_iter().map(judge).collect()
    }

    /// Plans the removal of surplus replicas of an earlier file. Such a replica may be the only one that works, so it
    /// is removed only once those that stay are up.
    fn remove_outdated(&mut self, service: &Service, outdated: Vec<Judged<'a>>, stays: &BTreeSet<u32>, wanted: u32) {
        if outdated.is_empty() {
            return;
        }
        let seen = if self.scope.options.start { self.seen_up(service, stays) } else { Vec::new() };
        for (slot, _) in outdated {
            self.remove_surplus(slot, wanted, &seen);
        }
    }

    /// Plans one replica that exists: it is kept, replaced, or the replacement that an interrupted run began is
    /// finished.
    pub(crate) fn slot(&mut self, service: &Service, slot: ReplicaSlot<'a>, reason: Option<Reason>, batch: &mut Batch) {
        let mut cleared: Vec<StepId> = slot
            .leftovers
            .iter()
            .map(|leftover| self.remove(leftover, Reason::Unfinished("a double was left behind")))
            .collect();
        let is_good = slot.successor.is_some_and(|successor| self.judge(service, successor).is_none());
        match (reason, slot.successor) {
            (None, Some(new)) if is_good => {
                self.finish_replacement(service, slot.current, new, slot.number, cleared, batch);
            }
            (None, obsolete) => {
                cleared.extend(obsolete.into_iter().flat_map(|obsolete| self.stop_obsolete(obsolete)));
                let kept = self.keep(service, slot.current, slot.number, cleared, obsolete.is_some());
                if let Some(obsolete) = obsolete {
                    displaced::remove_after(&mut self.builder, obsolete, OBSOLETE, kept);
                }
            }
            (Some(reason), obsolete) => {
                let old = replace::Old { container: slot.current, number: slot.number, obsolete };
                self.replace(service, old, reason, cleared, batch);
            }
        }
    }
}

/// A replica that exists, and the reason to replace it.
pub(crate) type Judged<'a> = (ReplicaSlot<'a>, Option<Reason>);

/// Splits replicas into those that stay and those that are too many. Replicas that must be replaced go first, then
/// those of the highest numbers.
pub(crate) fn split_surplus(mut judged: Vec<Judged<'_>>, wanted: usize) -> (Vec<Judged<'_>>, Vec<Judged<'_>>) {
    judged.sort_by_key(|(slot, reason)| (reason.is_some(), slot.number));
    let surplus = judged.split_off(wanted.min(judged.len()));
    judged.sort_by_key(|(slot, _)| slot.number);
    (judged, surplus)
}
