//! Names of containers: which name the plan claims for a new container, which container holds the name, and how a
//! refusal reads.

use crate::diag::Diagnostic;
use crate::model::{ContainerName, ObservedContainer, Project, Service, labels};
use crate::plan::checks::claims::{Claim, Holder};
use crate::plan::scope::Scope;

/// The name of a container that is to be created.
#[derive(Clone, Copy)]
pub(crate) struct NameClaim<'a, 'n> {
    pub service: &'a Service,
    pub name: &'n ContainerName,
}

impl<'a, 'n> Claim<'a> for NameClaim<'a, 'n> {
    type Key = &'n ContainerName;

    fn key(&self) -> Self::Key {
        self.name
    }

    fn claimant(&self) -> Option<&'a Service> {
        Some(self.service)
    }

    fn excludes(&self, _other: &Self) -> bool {
        true
    }

    fn holders(&self, scope: Scope<'a>) -> Vec<Holder<'a>> {
        scope.world.named(self.name.as_str()).map(Holder::Container).into_iter().collect()
    }

    /// A container of the project gives up a name if this run renames, replaces or removes the container. A replica of
    /// a service that is not selected keeps its name.
    fn lets_go(&self, scope: Scope<'a>, holder: Holder<'a>) -> bool {
        matches!(holder, Holder::Container(container) if scope.gives_way(container))
    }

    fn refused(&self, scope: Scope<'a>, holder: Holder<'a>) -> Diagnostic {
        match holder {
            Holder::Container(one) if is_of(scope.project, one) => own_name(self.service, self.name, one),
            Holder::Container(one) => taken(self.service, self.name, one.label(labels::PROJECT)),
            Holder::Network(_) | Holder::Program(_) => taken(self.service, self.name, None),
        }
    }

    fn twice(&self, first: &Self) -> Diagnostic {
        taken(self.service, self.name, None).related(first.service.span, "the other service")
    }
}

/// Returns whether a container belongs to the project.
fn is_of(project: &Project, container: &ObservedContainer) -> bool {
    container.label(labels::PROJECT) == Some(project.name.as_str())
}

/// Returns the refusal of a name that a container of another project, or of none, holds.
fn taken(service: &Service, name: &ContainerName, owner: Option<&str>) -> Diagnostic {
    let owner = match owner {
        Some(owner) => format!("it belongs to project `{}`", crate::text::escape_controls(owner)),
        None => "it belongs to no project".to_owned(),
    };
    let message =
        format!("service `{}`: a container named `{name}` exists, but it is not this project's", service.name);
    Diagnostic::error("container-name-taken", service.span, message)
        .at(format!("services.{}", service.name))
        .cause(owner)
        .help("remove or rename it, or give the service another `container_name`")
}

/// Returns the refusal of a name that a container of this project holds, which the run leaves as it is.
fn own_name(service: &Service, name: &ContainerName, holder: &ObservedContainer) -> Diagnostic {
    let message =
        format!("service `{}`: its container's name `{name}` is taken by one that this run leaves", service.name);
    let cause = match holder.service() {
        Some(other) if holder.is_oneoff() => {
            format!("`run` made it for service `{}`", crate::text::escape_controls(other))
        }
        other => format!(
            "it belongs to service `{}`, which is not part of this run",
            crate::text::escape_controls(other.unwrap_or_default())
        ),
    };
    Diagnostic::error("container-name-taken", service.span, message)
        .at(format!("services.{}", service.name))
        .cause(cause)
        .help("remove it (`--remove-orphans` does where its service is gone), or give the service another `container_name`")
}
