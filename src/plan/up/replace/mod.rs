//! The replacement of a container.
//!
//! The new container is created under a temporary name while the old one runs. Then the old container is stopped, and
//! the new one is started and waited for. Once the new container is up, the old one is removed and the new one gets its
//! name. Until that removal a failure brings the old container back (`exec::scheduler::undo`).

mod begin;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diag::Diagnostic;
use crate::model::{
    ContainerState, EndpointSpec, FailureAction, Network, NetworkKey, ObservedContainer, Service, ServiceName,
    UpdateOrder, labels,
};
use crate::plan::builder::Displaced;
use crate::plan::container::naming::{self, replica_target};
use crate::plan::container::{replicas, shares};
use crate::plan::hooks::{self, Stop};
use crate::plan::reason::OBSOLETE;
use crate::plan::resources::displaced;
use crate::plan::up::batch::{Batch, Pending, obstacle, shared_volume};
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Reason, Replacement, StepId, Target, Until};

impl Up<'_> {
    /// Plans that a new container replaces an old one.
    pub(crate) fn replace(
        &mut self,
        service: &Service,
        old: Old<'_>,
        reason: Reason,
        cleared: Vec<StepId>,
        batch: &mut Batch,
    ) {
        let stopped = old.obsolete.map(|obsolete| self.stop_obsolete(obsolete)).unwrap_or_default();
        let mut before_start = Vec::new();
        let created = match self.handovers.begun.remove(&old.container.id) {
            Some(created) => {
                // A network that is recreated was not planned yet when the creation was planned.
                before_start = self.resource_steps(service);
                created
            }
            None => self.create_successor(service, &old, reason, stopped.iter().copied().chain(cleared).collect()),
        };
        let Old { container: old, number, obsolete } = old;
        let target = replica_target(
            service,
            number,
            &naming::container_name(self.scope.project, service, number, self.scope.options.separator),
        );
        // An obsolete replacement is removed only when the new replacement exists: one of them must tell the next run
        // that the old container must run.
        let cleared =
            obsolete.map(|obsolete| displaced::remove_after(&mut self.builder, obsolete, OBSOLETE, [created]));
        let swap = Swap {
            old,
            number,
            target,
            new: ContainerRef::Planned(created),
            is_new_up: false,
            is_begun: obsolete.is_some(),
            had_ended: obsolete.is_some_and(says_ended),
        };
        let mut made = stopped;
        made.push(created);
        before_start.extend(cleared);
        self.swap(service, swap, made, before_start, batch);
    }

    /// Plans the creation of the container that replaces an old one, under a temporary name.
    pub(crate) fn create_successor(
        &mut self,
        service: &Service,
        old: &Old<'_>,
        reason: Reason,
        after: Vec<StepId>,
    ) -> StepId {
        let inherited = self.inherited_volumes(service, old.container);
        let (mut spec, references, mut requires) = self.specify(service, old.number, inherited);
        let last = spec.name.clone();
        self.check_made(service, &last, &spec);
        // A temporary name begins with digits of an id. The name with the old container's id may belong to an obsolete
        // replacement, so the id of that one is used instead.
        let id = old.obsolete.map_or(&old.container.id, |obsolete| &obsolete.id);
        spec.name = naming::temporary_name(id, &last);
        spec.labels.insert(labels::REPLACES.to_owned(), old.container.id.to_string());
        spec.labels.insert(labels::REPLACE.to_owned(), format!("{}-{}", service.name, old.number));
        if self.has_ended(old) {
            spec.labels.insert(labels::REPLACES_ENDED.to_owned(), "true".to_owned());
        }
        requires.extend(after);
        let create = Action::CreateContainer { spec: Box::new(spec), references };
        self.builder.step(&replica_target(service, old.number, &last), create, reason, requires)
    }

    /// Whether a container that is to be replaced does not run, and no interrupted run has stopped it.
    fn has_ended(&self, old: &Old<'_>) -> bool {
        !replicas::is_up(old.container)
            && old.obsolete.is_none_or(says_ended)
            && self.lost_with_its_network(old.container, &Displaced::default()).is_empty()
    }

    /// Plans the rest of a replacement that an interrupted run began: its new container exists and is as the file says.
    pub(crate) fn finish_replacement(
        &mut self,
        service: &Service,
        old: &ObservedContainer,
        new: &ObservedContainer,
        number: u32,
        cleared: Vec<StepId>,
        batch: &mut Batch,
    ) {
        let last = naming::container_name(self.scope.project, service, number, self.scope.options.separator);
        let mut displaced = self.builder.take_over(&new.id);
        let swap = Swap {
            old,
            number,
            target: replica_target(service, number, &last),
            new: ContainerRef::Existing(new.id.clone()),
            // A job that has completed is not run twice.
            is_new_up: !displaced.was_running
                && (replicas::is_up(new) || replicas::is_completed(self.scope.project, service, new)),
            is_begun: true,
            had_ended: says_ended(new),
        };
        let mut cleared = cleared;
        if !swap.is_new_up {
            // The new container was created for the networks at that time. One of them may be created anew in this run.
            cleared.extend(self.resource_steps(service));
            displaced.networks.extend(self.lost_networks(service, new, &displaced.networks));
            cleared.extend(displaced.steps.iter().copied());
            cleared.extend(self.reconnect(service, &swap.target, &swap.new, &displaced));
            cleared.extend(self.put_files(service, new, number, &swap.target, &cleared));
        }
        self.swap(service, swap, Vec::new(), cleared, batch);
    }

    /// Plans the change from the old container to the new one: the stop of the old container, the start of the new one
    /// and the wait for it, in the order that the batch asks for. The removal of the old container is planned by
    /// [`Self::commit`].
    fn swap(
        &mut self,
        service: &Service,
        swap: Swap<'_>,
        created: Vec<StepId>,
        cleared: Vec<StepId>,
        batch: &mut Batch,
    ) {
        let obstacle = self.obstacle(service, swap.old);
        self.tell_order(service, batch, obstacle.as_deref());
        let displaced = self.builder.take_over(&swap.old.id);
        // An early stop of the old container is part of the replacement, so that an undo starts the container again.
        let mut steps = displaced.steps.clone();
        steps.extend(created.iter().copied());
        let mut ready = created;
        ready.extend(cleared);
        ready.extend(displaced.steps.iter().copied());
        let optional = self.before_swap(service, &mut ready, batch);
        let must_stop = replicas::is_up(swap.old) && !displaced.was_running;
        let start_first = batch.order == UpdateOrder::StartFirst && self.scope.options.start && obstacle.is_none();
        if must_stop && !start_first {
            ready = vec![self.stop_old(service, &swap, ready, optional.clone(), &mut steps)];
        }
        let mut up = ready.clone();
        if self.scope.options.start {
            up = vec![self.start_new(service, &swap, ready, optional, &mut steps, batch)];
        }
        let waited = up.clone();
        if must_stop && start_first {
            let stopped = self.stop_old(service, &swap, up, Vec::new(), &mut steps);
            // The stop may take long: the new container must still be up when the old one is removed.
            up = vec![self.wait_for(&swap, Duration::ZERO, vec![stopped], &mut steps)];
        }
        let replacement = self.replacement(service, &swap, &displaced, steps, batch);
        batch.pending.push(Pending { replacement, up });
        batch.filling.extend(waited.iter().copied());
        if let Some(done) = self.done.get_mut(&service.name) {
            done.is_replaced = true;
        }
        let (target, container) = (swap.target, swap.new);
        self.push(service, Replica { target, container, started: waited, untouched: None, waits: BTreeMap::new() });
    }

    /// Adds to `ready` what must have succeeded before the old container is stopped, or the new one started. Returns
    /// the steps that must only have ended.
    fn before_swap(&mut self, service: &Service, ready: &mut Vec<StepId>, batch: &mut Batch) -> Vec<StepId> {
        let starts = self.scope.options.start;
        let (needed, mut optional) = if starts { self.conditions(service) } else { Default::default() };
        ready.extend(needed);
        ready.extend(self.handovers.before(&service.name));
        if starts {
            ready.extend(self.departed());
        }
        let gate = self.gate(batch);
        match batch.failure_action() {
            // The next replicas are replaced even if these fail.
            FailureAction::Continue => optional.extend(gate),
            FailureAction::Pause | FailureAction::Rollback => ready.extend(gate),
        }
        optional
    }

    /// Returns what an undo of the replacement needs to know.
    fn replacement(
        &self,
        service: &Service,
        swap: &Swap<'_>,
        displaced: &Displaced,
        steps: Vec<StepId>,
        batch: &Batch,
    ) -> Replacement {
        let lost = self.lost_with_its_network(swap.old, displaced);
        // An interrupted run that began the replacement, or disconnected the old container from its network, has also
        // stopped it, unless it had ended before. A job had ended by itself.
        let has_run =
            swap.old.state != ContainerState::Created && !replicas::is_completed(self.scope.project, service, swap.old);
        let is_stopped = swap.is_begun && !swap.had_ended || !lost.is_empty();
        let old_ran = has_run && (replicas::is_up(swap.old) || is_stopped);
        let parents = shares::parents(service).into_iter();
        Replacement {
            old: swap.old.id.clone(),
            target: swap.target.clone(),
            new: swap.new.clone(),
            was_running: replicas::is_up(swap.old) || (old_ran && self.scope.options.start),
            // The interrupted run created a new container before it stopped the old one, and stopped the old one only
            // once the conditions held.
            needs: if swap.is_begun { Vec::new() } else { self.needs(service) },
            reconnects: self.reconnects(swap.old, displaced.networks.iter().chain(&lost)),
            shares_with: self.joined(swap.old).into_iter().chain(parents.cloned()).collect(),
            steps,
            commit: StepId(0),
            family: self.families.of(&service.name).cloned(),
            group: service.name.clone(),
            undoes_group: batch.failure_action() == FailureAction::Rollback,
        }
    }

    /// Begins the next batch if the current one is full: after its waits, and after `delay`. Returns the steps that the
    /// next replica waits for.
    pub(crate) fn gate(&mut self, batch: &mut Batch) -> Vec<StepId> {
        if batch.filling.len() >= batch.parallelism() {
            batch.gate = std::mem::take(&mut batch.filling);
            let delay = batch.update.as_ref().map(|update| update.delay).unwrap_or_default();
            if !delay.is_zero()
                && let Some(last) = batch.gate.last().copied()
                && let Some(target) = self.builder.target(last)
            {
                let (action, reason) = (Action::Pause { delay }, Reason::Asked("update_config.delay"));
                let waits = std::mem::take(&mut batch.gate);
                let goes_on = batch.failure_action() == FailureAction::Continue;
                let (needed, optional) = if goes_on { (Vec::new(), waits) } else { (waits, Vec::new()) };
                let pause = self.builder.step(&target, action, reason, needed);
                self.builder.after(pause, optional);
                batch.gate = vec![pause];
            }
        }
        batch.gate.clone()
    }

    fn stop_old(
        &mut self,
        service: &Service,
        swap: &Swap<'_>,
        ready: Vec<StepId>,
        optional: Vec<StepId>,
        steps: &mut Vec<StepId>,
    ) -> StepId {
        let stop = Stop {
            hooks: &service.pre_stop,
            target: swap.target.clone(),
            container: ContainerRef::Existing(swap.old.id.clone()),
            grace: self.scope.options.grace,
            reason: Reason::ReplacedBy(swap.last()),
        };
        let all = stop.plan(&mut self.builder, &ready);
        for step in &all {
            self.builder.after(*step, optional.iter().copied());
        }
        steps.extend(&all);
        all[all.len() - 1]
    }

    fn start_new(
        &mut self,
        service: &Service,
        swap: &Swap<'_>,
        mut ready: Vec<StepId>,
        optional: Vec<StepId>,
        steps: &mut Vec<StepId>,
        batch: &Batch,
    ) -> StepId {
        if !swap.is_new_up {
            let start = Action::StartContainer { container: swap.new.clone() };
            let started = self.builder.step(&swap.target, start, Reason::TakesOver, ready);
            self.builder.after(started, optional);
            steps.push(started);
            ready = vec![started];
        } else if let Some((host, first)) = self.lost_host(&swap.new) {
            ready.extend(first);
            let before = hooks::plan_before(&mut self.builder, &service.pre_stop, &swap.target, &swap.new, &ready);
            ready.extend(before.iter().copied());
            steps.extend(before);
            let restart = Action::RestartContainer { container: swap.new.clone(), grace: self.scope.options.grace };
            let restarted = self.builder.step(&swap.target, restart, Reason::HostStarted(host), ready);
            self.builder.after(restarted, optional);
            steps.push(restarted);
            ready = vec![restarted];
        }
        // The engine does not tell whether the interrupted run that started the new container also ran its hooks. A
        // hook that runs twice is better than a hook that never runs.
        let hooks = hooks::plan_after(&mut self.builder, &service.post_start, &swap.target, &swap.new, &ready);
        steps.extend(&hooks);
        ready.extend(hooks);
        self.wait_for(swap, batch.settle, ready, steps)
    }

    fn wait_for(&mut self, swap: &Swap<'_>, hold: Duration, ready: Vec<StepId>, steps: &mut Vec<StepId>) -> StepId {
        let until = Until::Ready(hold);
        let wait = Action::WaitFor { container: swap.new.clone(), until, limit: self.scope.options.wait_limit };
        let waited = self.builder.step(&swap.target, wait, Reason::Verify, ready);
        steps.push(waited);
        waited
    }

    /// Plans the removal of the old containers. With `failure_action: rollback`, and in a family, no old container is
    /// removed before all new ones are up.
    ///
    /// In a family, a service that shares something of another service is removed first: Podman does not remove a
    /// container while another one shares its network.
    pub(crate) fn commit(&mut self, batches: Vec<Batch>) {
        let is_together = batches.len() > 1;
        let ups = |batch: &Batch| batch.pending.iter().flat_map(|pending| pending.up.clone()).collect::<Vec<_>>();
        let everything: Vec<StepId> = batches.iter().flat_map(ups).collect();
        let mut removed: BTreeMap<ServiceName, Vec<StepId>> = BTreeMap::new();
        for (batch, sharers) in self.sharers_first(batches) {
            let all = if is_together { everything.clone() } else { ups(&batch) };
            let first: Vec<StepId> = sharers.iter().filter_map(|name| removed.get(name)).flatten().copied().collect();
            for Pending { replacement, up } in batch.pending {
                let requires = if is_together || replacement.undoes_group { all.clone() } else { up };
                let group = replacement.group.clone();
                let step = self.commit_one(replacement, requires, first.iter().copied());
                removed.entry(group).or_default().push(step);
            }
        }
    }

    /// Orders replacements so that a service comes before the services whose namespaces or volumes it shares. Each
    /// comes with the services that share something of it.
    fn sharers_first(&self, batches: Vec<Batch>) -> Vec<(Batch, BTreeSet<ServiceName>)> {
        let mut sharers: BTreeMap<ServiceName, BTreeSet<ServiceName>> = BTreeMap::new();
        let name = |batch: &Batch| batch.pending.first().map(|one| one.replacement.group.clone());
        let names: BTreeSet<ServiceName> = batches.iter().filter_map(name).collect();
        for service in names.iter().filter_map(|name| self.scope.project.services.get(name)) {
            for parent in shares::parents(service).into_iter().filter(|parent| names.contains(*parent)) {
                sharers.entry(parent.clone()).or_default().insert(service.name.clone());
            }
        }
        let mut waiting: Vec<(Batch, BTreeSet<ServiceName>)> = batches
            .into_iter()
            .map(|batch| {
                let sharers = name(&batch).and_then(|name| sharers.get(&name)).cloned().unwrap_or_default();
                (batch, sharers)
            })
            .collect();
        let mut ordered = Vec::with_capacity(waiting.len());
        let mut open = names;
        while !waiting.is_empty() {
            // Services do not share in a circle, so at least one remaining service has no remaining sharers.
            let is_free = |(_, sharers): &(Batch, BTreeSet<ServiceName>)| sharers.is_disjoint(&open);
            let (free, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_free);
            let is_stuck = free.is_empty();
            for name in free.iter().filter_map(|(batch, _)| name(batch)) {
                open.remove(&name);
            }
            ordered.extend(free);
            waiting = rest;
            if is_stuck {
                ordered.append(&mut waiting);
            }
        }
        ordered
    }

    fn commit_one(
        &mut self,
        mut replacement: Replacement,
        mut requires: Vec<StepId>,
        first: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let last = crate::model::ContainerName::from(replacement.target.name());
        if let Some(service) = self.scope.project.services.get(&replacement.group) {
            requires.extend(self.name_is_free(service, &last));
        }
        let old = ContainerRef::Existing(replacement.old.clone());
        let volumes = self.scope.options.renew_anonymous_volumes;
        let remove = Action::RemoveContainer { container: old, force: false, volumes };
        let reason = Reason::ReplacedBy(last.clone());
        let commit = self.builder.step(&replacement.target, remove, reason, requires);
        replacement.commit = commit;
        self.builder.after(commit, first);
        if let Some(done) = self.done.get_mut(&replacement.group) {
            done.departures.push(commit);
        }
        let rename = Action::RenameContainer { container: replacement.new.clone(), to: last };
        self.builder.step(&replacement.target, rename, Reason::FinalName, [commit]);
        self.builder.replacement(replacement);
        commit
    }

    /// Returns the network that an interrupted run disconnected the old container from without connecting it again: the one
    /// that the container was created on, which its host configuration tells. The file may have named other networks then.
    pub(crate) fn lost_with_its_network(&self, old: &ObservedContainer, displaced: &Displaced) -> Vec<NetworkKey> {
        let is_lost = |(key, network): &(&NetworkKey, &Network)| {
            network.name.as_str() == old.network_mode
                && !old.networks.contains_key(&network.name)
                && !displaced.networks.contains(key)
        };
        self.scope.project.networks.iter().filter(is_lost).map(|(key, _)| key.clone()).collect()
    }

    /// Returns the endpoints with which an undo connects the old container again.
    pub(crate) fn reconnects<'k>(
        &self,
        old: &ObservedContainer,
        networks: impl Iterator<Item = &'k NetworkKey>,
    ) -> Vec<EndpointSpec> {
        let networks = networks.filter_map(|key| self.scope.project.networks.get(key));
        networks.map(|network| self.endpoint_again(old, &network.name)).collect()
    }

    /// Returns why an old container and its replacement cannot run at the same time; `None` if they can.
    pub(crate) fn obstacle(&self, service: &Service, old: &ObservedContainer) -> Option<String> {
        let inherited = || self.inherited_volumes(service, old).into_keys().next();
        obstacle(service).or_else(|| inherited().map(|target| shared_volume(&target)))
    }

    fn tell_order(&mut self, service: &Service, batch: &mut Batch, obstacle: Option<&str>) {
        let asked = batch.update.as_ref().is_some_and(|update| update.order == UpdateOrder::StartFirst);
        if !asked || batch.is_order_told {
            return;
        }
        if let Some(obstacle) = obstacle {
            batch.is_order_told = true;
            let message = format!("service `{}` is replaced stop-first, not start-first as asked", service.name);
            self.builder.tell(
                Diagnostic::warning("start-first-impossible", service.span, message)
                    .at(format!("services.{}.deploy.update_config.order", service.name))
                    .cause(obstacle),
            );
        }
    }
}

/// An old container and its replacement.
struct Swap<'a> {
    old: &'a ObservedContainer,
    number: u32,
    target: Target,
    new: ContainerRef,
    is_new_up: bool,
    /// Whether an interrupted run began to replace the old container. That run may have stopped the old container.
    is_begun: bool,
    /// Whether the old container had ended before that run began.
    had_ended: bool,
}

/// Returns whether a replacement says that the container that it replaces had ended before.
fn says_ended(replacement: &ObservedContainer) -> bool {
    replacement.label(labels::REPLACES_ENDED).is_some()
}

/// A container that is to be replaced.
pub(crate) struct Old<'a> {
    pub container: &'a ObservedContainer,
    pub number: u32,
    /// The replacement that an interrupted run created. Its definition has changed since, so it is removed once the new
    /// replacement exists.
    pub obsolete: Option<&'a ObservedContainer>,
}

impl Swap<'_> {
    /// Returns the final name of the new container.
    pub(crate) fn last(&self) -> crate::model::ContainerName {
        debug_assert!(self.number > 0);
        crate::model::ContainerName::from(self.target.name())
    }
}
