//! What a `start` looks at before: whether there is a container to start.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Dependency, Observed, Project, Service, ServiceName, Span, labels};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;

/// What a `start` is about.
pub(crate) struct StartScope<'a> {
    pub project: &'a Project,
    pub observed: &'a Observed,
    /// Services named by the user; empty means all.
    pub named: &'a BTreeSet<ServiceName>,
    /// These and what they depend on.
    pub selected: &'a BTreeSet<&'a str>,
}

/// Refuses to start what has no container: services that are named, what others cannot do without, a whole project.
///
/// Where no service is named, those that were never made are left out, as docker compose does.
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

    /// Whether a service should have a container and has none.
    fn lacks(&self, service: &ServiceName) -> bool {
        let is_wanted = self.project.services.get(service).is_none_or(|service| service.replicas > 0);
        is_wanted && !self.has_container(service)
    }

    /// Whether the project has containers, as far as it wants any.
    fn has_any(&self) -> bool {
        let services = &self.project.services;
        let wants_none = !services.is_empty() && services.values().all(|service| service.replicas == 0);
        let is_ours = |one: &crate::model::ObservedContainer| {
            one.label(labels::PROJECT) == Some(self.project.name.as_str()) && !one.is_oneoff()
        };
        wants_none || self.observed.containers.iter().any(is_ours)
    }
}

fn nothing(project: &Project) -> Diagnostic {
    let message = format!("project `{}` has no container to start", project.name);
    Diagnostic::error("no-container", Span::NONE, message).help("make them: `inception up`")
}

fn missing(project: &Project, name: &ServiceName) -> Diagnostic {
    let message = format!("service `{name}` has no container to start");
    placed(project, name, |span| Diagnostic::error("no-container", span, message))
}

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

/// Says where the service stands, and what makes its container.
fn placed(project: &Project, name: &ServiceName, diagnostic: impl FnOnce(Span) -> Diagnostic) -> Diagnostic {
    let span = project.services.get(name).map_or(Span::NONE, |service| service.span);
    diagnostic(span).at(format!("services.{name}")).help(format!("make it: `inception up {name}`"))
}
