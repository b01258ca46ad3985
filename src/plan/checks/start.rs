//! The check before `start`: whether there is a container to start.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Dependency, Observed, Project, Service, ServiceName, Span, labels};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;

/// The services of a `start`, and what was observed about them.
pub(crate) struct StartScope<'a> {
    pub project: &'a Project,
    pub observed: &'a Observed,
    /// The services that the user named; empty means all.
    pub named: &'a BTreeSet<ServiceName>,
    /// The named services and their dependencies.
    pub selected: &'a BTreeSet<&'a str>,
}

/// Refuses to start a project without containers, a named service without a container, and a service whose dependency
/// has no container. A dependency with `required: false` gives only a warning.
///
/// Compat: without named services, services without a container are left out, as in docker compose.
pub(crate) fn check(builder: &mut Builder, scope: &StartScope<'_>) {
    if scope.named.is_empty() && !scope.has_any() {
        builder.tell(nothing(scope.project));
        return;
    }
    for name in scope.named.iter().filter(|name| scope.lacks(name)) {
        builder.tell(missing(scope.project, name));
    }
    let services = scope.selected.iter().filter_map(|name| scope.project.service(name));
    for service in services.filter(|service| scope.has_container(&service.name)) {
        for (name, edge) in service.depends_on.iter().filter(|(name, _)| scope.lacks(name)) {
            builder.tell(dependency_missing(scope.project, service, name, edge));
        }
    }
}

impl StartScope<'_> {
    fn has_container(&self, service: &ServiceName) -> bool {
        replicas::of_service(self.observed, self.project, service.as_str()).next().is_some()
    }

    /// Returns whether a service should have a container and has none. A service with `scale: 0` should have none.
    fn lacks(&self, service: &ServiceName) -> bool {
        let is_wanted = self.project.services.get(service).is_none_or(|service| service.replicas > 0);
        is_wanted && !self.has_container(service)
    }

    /// Returns whether the project has containers. A project whose services all have `scale: 0` needs none.
    fn has_any(&self) -> bool {
        let services = &self.project.services;
        let wants_none = !services.is_empty() && services.values().all(|service| service.replicas == 0);
        let is_ours = |one: &crate::model::ObservedContainer| {
            one.label(labels::PROJECT) == Some(self.project.name.as_str()) && !one.is_oneoff()
        };
        wants_none || self.observed.containers.iter().any(is_ours)
    }
}

/// Returns the refusal of a project without containers.
fn nothing(project: &Project) -> Diagnostic {
    let message = format!("project `{}` has no container to start", project.name);
    Diagnostic::error("no-container", Span::NONE, message).help("make them: `inception up`")
}

/// Returns the refusal of a named service without a container.
fn missing(project: &Project, name: &ServiceName) -> Diagnostic {
    let message = format!("service `{name}` has no container to start");
    placed(project, name, |span| Diagnostic::error("no-container", span, message))
}

/// Returns the diagnostic for a dependency without a container: an error, or a warning where `required` is false.
fn dependency_missing(project: &Project, dependent: &Service, name: &ServiceName, edge: &Dependency) -> Diagnostic {
    let who = &dependent.name;
    let diagnostic = |span| match edge.required {
        true => Diagnostic::error(
            "no-container",
            span,
            format!("service `{name}`, which `{who}` depends on, has no container to start"),
        ),
        false => Diagnostic::warning(
            "no-container",
            span,
            format!("service `{name}`, which `{who}` can do without, has no container to start"),
        ),
    };
    placed(project, name, diagnostic)
}

/// Adds to a diagnostic the place of the service in the file, and the command that creates the service's container.
fn placed(project: &Project, name: &ServiceName, diagnostic: impl FnOnce(Span) -> Diagnostic) -> Diagnostic {
    let span = project.services.get(name).map_or(Span::NONE, |service| service.span);
    diagnostic(span).at(format!("services.{name}")).help(format!("make it: `inception up {name}`"))
}
