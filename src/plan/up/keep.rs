//! Containers that stay, and get the name, the networks or the start that they lack.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::model::{ContainerName, ContainerState, ObservedContainer, Service};
use crate::plan::builder::Displaced;
use crate::plan::container::naming::{self, replica_target};
use crate::plan::container::replicas;
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Interrupted, Reason, StepId, Target, Until};

/// A container that stays, and the steps planned for it.
struct Kept<'k> {
    service: &'k Service,
    container: &'k ObservedContainer,
    number: u32,
    target: Target,
    /// The steps that the container's start and its dependents wait for, as far as they are planned.
    requires: Vec<StepId>,
    /// The early stop of the container.
    displaced: Displaced,
}

impl Kept<'_> {
    fn reference(&self) -> ContainerRef {
        ContainerRef::Existing(self.container.id.clone())
    }
}

impl<'a> Up<'a> {
    /// Plans a container that is as the file says: its final name, its networks and its start, each if the container
    /// lacks it. Returns the steps after which the container is complete.
    ///
    /// `is_begun`: an interrupted run began to replace the container. A late call of that run may still stop it, so the
    /// container is started whatever its state.
    pub(crate) fn keep(
        &mut self,
        service: &Service,
        container: &ObservedContainer,
        number: u32,
        cleared: Vec<StepId>,
        is_begun: bool,
    ) -> Vec<StepId> {
        let last = naming::container_name(self.scope.project, service, number, self.scope.options.separator);
        let target = replica_target(service, number, &last);
        let displaced = self.builder.take_over(&container.id);
        let mut kept = Kept { service, container, number, target, requires: cleared, displaced };
        let misnamed = self.misnamed(service, container, &last, number);
        let is_given_back = self.scope.world.observed.known.given_back.contains(&container.id);
        let is_unproven = is_given_back || matches!(misnamed, Some(Reason::Unfinished(_)));
        if let Some(reason) = misnamed {
            let action = Action::RenameContainer { container: kept.reference(), to: last.clone() };
            kept.requires.extend(self.name_is_free(service, &last));
            kept.requires.push(self.builder.step(&kept.target, action, reason, kept.requires.clone()));
        }
        if !replicas::is_up(container) {
            kept.requires.extend(self.resource_steps(service));
        }
        kept.requires.extend(kept.displaced.steps.iter().copied());
        let is_completed = replicas::is_completed(self.scope.project, service, container);
        let must_start = !is_completed && (!replicas::is_up(container) || kept.displaced.was_running || is_begun);
        if must_start {
            let lost = self.lost_networks(service, container, &kept.displaced.networks);
            kept.displaced.networks.extend(lost);
        }
        kept.requires.extend(self.reconnect(service, &kept.target, &kept.reference(), &kept.displaced));
        if container.state == ContainerState::Paused {
            self.paused(service, container);
        }
        if must_start && self.scope.options.start {
            return self.start_kept(kept, is_begun);
        }
        self.leave_running(kept, is_unproven)
    }

    /// Plans the start of a container that stays. Returns the steps after which the container is started.
    fn start_kept(&mut self, mut kept: Kept<'_>, is_begun: bool) -> Vec<StepId> {
        let service = kept.service;
        let reason = match kept.displaced.networks.first() {
            Some(key) => Reason::NotAttached(key.clone()),
            None if is_begun => Reason::Unfinished("it may have been stopped"),
            None => Reason::NotRunning,
        };
        let filled = self.put_files(service, kept.container, kept.number, &kept.target, &kept.requires);
        kept.requires.extend(filled);
        let container = kept.reference();
        let started = self.start(service, &kept.target, &container, kept.requires, reason);
        let start = self.builder.start_of(&kept.container.id).filter(|_| kept.displaced.was_running);
        if let Some(start) = start {
            let (container, stops) = (kept.container.id.clone(), kept.displaced.steps);
            self.builder.interrupted(Interrupted { container, stops, start, needs: self.needs(service) });
        }
        if let Some(done) = self.done.get_mut(&service.name) {
            done.is_started = true;
        }
        let (target, after) = (kept.target, started.clone());
        self.push(service, Replica { target, container, started, untouched: None, waits: BTreeMap::new() });
        after
    }

    /// Leaves a container in its state. A wait is planned if the container is about to be restarted by its policy,
    /// because it may never stay up; and if it is a replacement that an interrupted run did not finish, or a container
    /// that this run has given back, because nobody knows whether it stays up.
    fn leave_running(&mut self, kept: Kept<'_>, is_unproven: bool) -> Vec<StepId> {
        let container = kept.reference();
        let is_between = kept.container.state == ContainerState::Restarting;
        let must_prove = is_unproven && kept.container.state == ContainerState::Running;
        if (is_between || must_prove) && self.scope.options.start {
            let until = Until::Alive(self.scope.options.settle);
            let wait = Action::WaitFor { container: container.clone(), until, limit: self.scope.options.wait_limit };
            let wait = self.builder.step(&kept.target, wait, Reason::Verify, kept.requires.clone());
            self.spare(kept.service, wait);
        } else if kept.requires.is_empty() {
            self.builder.unchanged(kept.target.clone());
        }
        let untouched = Some((kept.container.state, kept.container.health, kept.container.exit_code));
        let (target, started) = (kept.target, kept.requires.clone());
        self.push(kept.service, Replica { target, container, started, untouched, waits: BTreeMap::new() });
        kept.requires
    }

    /// Returns why a container must be renamed; `None` if its name is right, or the right name is taken.
    fn misnamed(
        &self,
        service: &Service,
        container: &ObservedContainer,
        last: &ContainerName,
        number: u32,
    ) -> Option<Reason> {
        if self.freed.names.contains_key(&container.id) {
            return Some(Reason::FinalName);
        }
        if naming::is_temporary_name(container.name.as_str(), last) {
            return Some(Reason::Unfinished("it still has its temporary name"));
        }
        // Compat: names with the other separator come from docker compose's `--compatibility`.
        let separators = ['-', '_'];
        let is_known = separators
            .iter()
            .any(|separator| naming::container_name(self.scope.project, service, number, *separator) == container.name);
        let is_taken = self.scope.world.named(last.as_str()).is_some();
        (!is_known && !is_taken).then(|| Reason::Renamed(container.name.clone()))
    }

    fn paused(&mut self, service: &Service, container: &ObservedContainer) {
        let name = crate::text::escape_controls(container.name.as_str()).into_owned();
        self.builder.tell(
            Diagnostic::error("container-paused", service.span, format!("container `{name}` is paused"))
                .at(format!("services.{}", service.name))
                .help(format!("let it go on first: `inception unpause {}`", service.name)),
        );
    }
}
