//! Orphans: containers of the project whose service is not in the file, and one-off containers that have ended.

use std::time::Duration;

use crate::diag::Diagnostic;
use crate::model::{ContainerState, Observed, ObservedContainer, Project, Span, labels};
use crate::plan::builder::Builder;
use crate::plan::container::owned::{aged, is_from_elsewhere, names};
use crate::plan::resources::displaced::{self, End};
use crate::plan::{Reason, StepId, UpOptions};

/// Returns the project's orphans: replicas of services that are not in the file, and one-off containers that have
/// ended.
pub(crate) fn find<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
    let is_orphan = |container: &&ObservedContainer| {
        if container.label(labels::PROJECT) != Some(project.name.as_str()) {
            return false;
        }
        if container.is_oneoff() {
            return matches!(container.state, ContainerState::Exited | ContainerState::Dead);
        }
        // Compat: docker compose passes over a container without a config hash. Such a container is no orphan here,
        // either: it may have been created by another tool.
        container.label(labels::CONFIG_HASH).is_some()
            && container.service().is_some_and(|service| project.service(service).is_none())
    };
    observed.containers.iter().filter(is_orphan).collect()
}

/// Warns of orphans, or plans their removal with `--remove-orphans`. Returns the removals. A container that a project
/// in another directory created is never removed.
pub(crate) fn plan(builder: &mut Builder, project: &Project, observed: &Observed, options: &UpOptions) -> Vec<StepId> {
    let mut gone = Vec::new();
    let (elsewhere, ours): (Vec<_>, Vec<_>) =
        find(project, observed).into_iter().partition(|orphan| is_from_elsewhere(project, orphan));
    if options.remove_orphans {
        for orphan in ours {
            gone.push(remove(builder, project, orphan, options.grace));
        }
    } else if !options.ignore_orphans {
        let (one_offs, of_services): (Vec<_>, Vec<_>) = ours.into_iter().partition(|orphan| orphan.is_oneoff());
        let kinds = [
            (of_services, "containers of services that are not in the file"),
            (one_offs, "one-off containers of `run` that have ended"),
        ];
        for (orphans, what) in kinds.iter().filter(|(orphans, _)| !orphans.is_empty()) {
            let message = format!("{what}: {}", aged(orphans, observed.taken_at));
            builder.tell(Diagnostic::warning("orphans", Span::NONE, message).help(
                "remove them with `--remove-orphans`, or set COMPOSE_IGNORE_ORPHANS=1 to leave them unmentioned",
            ));
        }
    }
    if !elsewhere.is_empty() && !options.ignore_orphans {
        let directory = elsewhere[0].label(labels::WORKING_DIR).unwrap_or_default();
        let message = format!(
            "project `{}` also has containers made from another directory: {}",
            project.name,
            names(&elsewhere)
        );
        builder.tell(
            Diagnostic::warning("foreign-project", Span::NONE, message)
                .cause(format!("`{}` uses the same project name", crate::text::escape_controls(directory)))
                .help("give one of the two another name: `--project-name`, or `name:` in the file"),
        );
    }
    gone
}

/// Plans the stop and the removal of an orphan. Returns the removal.
pub(crate) fn remove(
    builder: &mut Builder,
    project: &Project,
    orphan: &ObservedContainer,
    grace: Option<Duration>,
) -> StepId {
    displaced::remove(builder, project, orphan, End { grace, reason: Reason::Orphan }, &[])
}
