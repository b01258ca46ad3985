//! Keeps.

use crate::plan::container::naming::replica_target;
use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::model::{ContainerName, ContainerState, ObservedContainer, Service};
use crate::plan::container::{naming, replicas};
use crate::plan::up::state::{Replica, Up};
use crate::plan::{Action, ContainerRef, Interrupted, Reason, StepId, Until};

impl<'a> Up<'a> {
    /// A container that is as it should be: give it its name and networks back where needed, start it where needed.
    ///
    /// `is_begun`: a run began to replace it and did not finish. That run may be about to stop it, or to die after it did.
    /// Returns the steps after which it is as it should be.
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
        let reference = ContainerRef::Existing(container.id.clone());
        let mut requires = cleared;
        if let Some(reason) = self.misnamed(service, container, &last, number) {
            let action = Action::RenameContainer { container: reference.clone(), to: last.clone() };
            requires.extend(self.name_is_free(service, &last));
            requires.push(self.builder.step(&target, action, reason, requires.clone()));
        }
        let mut displaced = self.builder.take_over(&container.id);
        if !replicas::is_up(container) {
            requires.extend(self.resource_steps(service));
        }
        requires.extend(displaced.steps.iter().copied());
        let must_start = !replicas::is_up(container) || displaced.was_running || is_begun;
        if must_start && !replicas::is_completed(self.scope.project, service, container) {
            displaced.networks.extend(self.lost_networks(service, container, &displaced.networks));
        }
        requires.extend(self.reconnect(service, &target, &reference, &displaced));
        if container.state == ContainerState::Paused {
            self.paused(service, container);
        }
        if must_start && self.scope.options.start && !replicas::is_completed(self.scope.project, service, container) {
            let lost = displaced.networks.into_iter().next();
            let reason = match lost {
                Some(key) => Reason::NotAttached(key),
                None if is_begun => Reason::Unfinished("it may have been stopped"),
                None => Reason::NotRunning,
            };
            requires.extend(self.put_files(service, container, number, &target, &requires));
            let started = self.start(service, &target, &reference, requires, reason);
            if let Some(start) = self.builder.start_of(&container.id).filter(|_| displaced.was_running) {
                let (container, stops) = (container.id.clone(), displaced.steps);
                self.builder.interrupted(Interrupted { container, stops, start, needs: self.needs(service) });
            }
            if let Some(done) = self.done.get_mut(&service.name) {
                done.is_started = true;
            }
            let after = started.clone();
            self.push(
                service,
                Replica { target, container: reference, started, untouched: None, waits: BTreeMap::new() },
            );
            return after;
        }
        if container.state == ContainerState::Restarting && self.scope.options.start {
            // Found between two ends: it may be back in a moment, or never stay.
            let until = Until::Alive(self.scope.options.settle);
            let wait = Action::WaitFor { container: reference.clone(), until, limit: self.scope.options.wait_limit };
            let wait = self.builder.step(&target, wait, Reason::Verify, requires.clone());
            self.spare(service, wait);
        } else if requires.is_empty() {
            self.builder.unchanged(target.clone());
        }
        let untouched = Some((container.state, container.health, container.exit_code));
        let after = requires.clone();
        self.push(
            service,
            Replica { target, container: reference, started: requires, untouched, waits: BTreeMap::new() },
        );
        after
    }

    /// Returns why a container must be renamed; `None` where its name is right or its name is taken.
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
