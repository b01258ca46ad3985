//! Which containers an attached `up` follows, whose output it prints, and whose end ends all.

use std::collections::BTreeSet;

use super::super::logs::FollowRequest;
use super::super::run::rounds::Look;
use crate::graph::Graph;
use crate::model::{Condition, ContainerState, ObservedContainer, Project, ServiceName};
use crate::plan::{self, Action, UpOptions};

/// What an attached `up` is about; known before its run.
pub(in crate::app) struct Scope<'a> {
    pub project: &'a Project,
    /// Services that the run is about.
    pub selected: BTreeSet<&'a str>,
    /// Services that the user has named.
    pub services: &'a [String],
    pub request: &'a FollowRequest,
}

impl<'a> Scope<'a> {
    /// Takes what the user asks for; `options` are those of the run.
    pub(in crate::app) fn new(
        project: &'a Project,
        services: &'a [String],
        request: &'a FollowRequest,
        options: &UpOptions,
    ) -> Self {
        let selected = plan::selected(&Graph::new(&project.services), project, options);
        Self { project, selected, services, request }
    }

    /// Returns the services whose output is printed.
    pub(super) fn printed(&self) -> BTreeSet<ServiceName> {
        let is_printed = |name: &&ServiceName| self.selected.contains(name.as_str()) && self.is_printed(name.as_str());
        self.project.services.keys().filter(is_printed).cloned().collect()
    }

    /// Whether the output of a service is printed, by `--attach`, `--no-attach`, the services named, and `attach: false`.
    pub(super) fn is_printed(&self, name: &str) -> bool {
        let Some(service) = self.project.services.get(name) else { return false };
        if self.request.no_attach.iter().any(|one| one == name) {
            return false;
        }
        let named = self.services.iter().chain(&self.request.attach).map(String::as_str);
        let is_named = match self.request.with_dependencies {
            true => Graph::new(&self.project.services).with_dependencies(named).contains(name),
            false => named.clone().any(|one| one == name),
        };
        match self.request.attach.is_empty() {
            false => is_named,
            true => is_named || (self.services.is_empty() && service.attach),
        }
    }

    /// Whether `--exit-code-from` names the service.
    fn is_asked(&self, service: &str) -> bool {
        self.request.exit_code_from.as_deref() == Some(service)
    }

    /// Whether the end of a service's container ends all. A job that ends with 0 and that others wait for
    /// (`service_completed_successfully`) has only done what it is there for.
    pub(super) fn ends_all(&self, service: &str, code: u8) -> bool {
        let request = self.request;
        if request.only_until {
            return self.is_asked(service);
        }
        let is_meant = code == 0 && !self.is_asked(service) && self.is_awaited(service);
        let on_any = request.abort_on_exit || request.exit_code_from.is_some();
        on_any && !is_meant || request.abort_on_failure && code != 0
    }

    /// Whether a service of the run waits until this service's containers have completed.
    fn is_awaited(&self, service: &str) -> bool {
        self.project.services.values().filter(|one| self.selected.contains(one.name.as_str())).any(|one| {
            let edge = one.depends_on.get(service);
            edge.is_some_and(|edge| edge.condition == Condition::CompletedSuccessfully)
        })
    }

    /// Whether a container belongs to the run, whose last look was `look`. A container that had ended before and was not
    /// started again does not.
    pub(super) fn is_watched(&self, container: &ObservedContainer, look: &Look) -> bool {
        let service = container.service().unwrap_or_default();
        if container.is_oneoff() || !self.selected.contains(service) {
            return false;
        }
        let was_up = || look.observed.containers.by_id(container.id.as_str()).is_some_and(|one| !is_over(one.state));
        !is_over(container.state) || self.is_asked(service) || is_started(container, look) || was_up()
    }
}

/// Whether the run has started a container.
pub(super) fn is_started(container: &ObservedContainer, look: &Look) -> bool {
    let is_start = |action: &Action| matches!(action, Action::StartContainer { .. } | Action::RestartContainer { .. });
    look.plan.steps.iter().any(|step| is_start(&step.action) && step.target.name() == container.name.as_str())
}

/// Whether a container in this state has ended, or never begun.
pub(super) fn is_over(state: ContainerState) -> bool {
    matches!(state, ContainerState::Created | ContainerState::Exited | ContainerState::Dead)
}
