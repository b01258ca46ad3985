//! Which containers an attached `up` follows, which part of their output it prints, and whose end ends all.

use std::collections::BTreeSet;

use super::super::logs::FollowRequest;
use crate::engine::{ContainerDetails, LogOptions};
use crate::graph::Graph;
use crate::model::{Condition, ContainerState, Observed, ObservedContainer, Project};
use crate::plan::{Action, Plan};

/// What is followed.
pub(super) struct Followed<'a> {
    pub project: &'a Project,
    /// Services that the run was about.
    pub selected: &'a BTreeSet<&'a str>,
    /// Services that the user has named.
    pub services: &'a [String],
    pub request: &'a FollowRequest,
    /// The snapshot that the run was planned from.
    pub before: &'a Observed,
    /// The plan that was run.
    pub plan: &'a Plan,
}

impl Followed<'_> {
    /// Whether a container belongs to the run. A container that had ended before and was not started again does not.
    pub(super) fn is_watched(&self, container: &ObservedContainer) -> bool {
        let service = container.service().unwrap_or_default();
        if container.is_oneoff() || !self.selected.contains(service) {
            return false;
        }
        let was_up = || self.before.containers.by_id(container.id.as_str()).is_some_and(|one| !is_over(one.state));
        !is_over(container.state) || self.is_asked(service) || self.is_started(container) || was_up()
    }

    /// Whether the run has started a container.
    fn is_started(&self, container: &ObservedContainer) -> bool {
        self.has(container, |action| matches!(action, Action::StartContainer { .. } | Action::RestartContainer { .. }))
    }

    /// Whether a step of the plan, which `is_it` tells, acted on a container.
    fn has(&self, container: &ObservedContainer, is_it: impl Fn(&Action) -> bool) -> bool {
        self.plan.steps.iter().any(|step| is_it(&step.action) && step.target.name() == container.name.as_str())
    }

    /// Returns which part of a container's output is of this run. `logs` shows what was written before.
    pub(super) fn part(&self, container: &ObservedContainer, details: &ContainerDetails) -> LogOptions {
        if self.has(container, |action| matches!(action, Action::CreateContainer { .. })) {
            return LogOptions::default();
        }
        if !self.is_started(container) {
            return LogOptions { tail: Some(0), ..LogOptions::default() };
        }
        since_start(details)
    }

    /// Whether the output of a container is printed, by `--attach`, `--no-attach`, the services named, and `attach: false`.
    pub(super) fn is_printed(&self, container: &ObservedContainer) -> bool {
        let Some(name) = container.service() else { return false };
        let Some(service) = self.project.services.get(name) else { return false };
        if self.request.no_attach.iter().any(|one| one == name) {
            return false;
        }
        let named = self.services.iter().chain(&self.request.attach).map(String::as_str);
        let graph = Graph::new(&self.project.services);
        let is_named = match self.request.with_dependencies {
            true => graph.with_dependencies(named).contains(name),
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
}

/// Returns the options that read the output since the container's last start.
pub(super) fn since_start(details: &ContainerDetails) -> LogOptions {
    // The container may have written before the engine notes its start.
    let started: Option<jiff::Timestamp> = details.started_at.parse().ok();
    let since = started.map(|time| (time - jiff::SignedDuration::from_secs(1)).to_string());
    LogOptions { since, ..LogOptions::default() }
}

/// Whether a container in this state has ended, or never begun.
pub(super) fn is_over(state: ContainerState) -> bool {
    matches!(state, ContainerState::Created | ContainerState::Exited | ContainerState::Dead)
}
