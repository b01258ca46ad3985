//! Containers of services that no active profile enables. A command acts on them only if their profile is active or
//! their service is named.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{Observed, ObservedContainer, Project, Span};
use crate::plan::builder::Builder;
use crate::plan::container::owned;

/// Returns the containers of the services that no active profile enables, one-offs included.
pub(crate) fn find<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
    let of = |name: &str| observed.containers.of_service(project.name.as_str(), name).collect::<Vec<_>>();
    project.disabled_services.keys().flat_map(|name| of(name.as_str())).collect()
}

/// Warns of these containers, which a command leaves alone. `what` says what happens to them.
pub(crate) fn tell(builder: &mut Builder, project: &Project, left: &[&ObservedContainer], what: &str) {
    if left.is_empty() {
        return;
    }
    let message = format!("containers of services whose profiles are not active {what}: {}", owned::names(left));
    let help = format!("include them with {}", flags(project, left));
    builder.tell(Diagnostic::note("inactive-profile", Span::NONE, message).help(help));
}

/// Returns the flags that enable the services of containers: `--profile tools`.
pub(crate) fn flags(project: &Project, containers: &[&ObservedContainer]) -> String {
    let services = containers.iter().filter_map(|one| project.disabled_services.get(one.service().unwrap_or_default()));
    let first = |profiles: &Vec<String>| profiles.first().cloned();
    let profiles: BTreeSet<String> = services.filter_map(|service| first(&service.profiles)).collect();
    let flag = |profile: &String| format!("`--profile {}`", crate::text::escape_controls(profile));
    profiles.iter().map(flag).collect::<Vec<_>>().join(" and ")
}
