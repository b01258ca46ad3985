//! Containers of the project that no service in the file accounts for.

use crate::plan::container::owned::{aged, is_from_elsewhere, names};
use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::model::{ContainerId, ContainerName, ContainerState, Observed, ObservedContainer, Project, Span, labels};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;
use crate::plan::resources::displaced::Displaced;
use crate::plan::{Action, ContainerRef, Reason, StepId, UpOptions};

/// Returns the project's orphans: replicas of services that are not in the file, and one-off containers that have ended.
pub(crate) fn find<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
    let is_orphan = |container: &&ObservedContainer| {
        if container.label(labels::PROJECT) != Some(project.name.as_str()) {
            return false;
        }
        if container.is_oneoff() {
            return matches!(container.state, ContainerState::Exited | ContainerState::Dead);
        }
        // Without the hash docker compose does not see a container at all, and neither do we.
        container.label(labels::CONFIG_HASH).is_some()
            && container.service().is_some_and(|service| project.service(service).is_none())
    };
    observed.containers.iter().filter(is_orphan).collect()
}

/// Tells of orphans, or removes them where asked; returns those that go, each with its last step. What another directory
/// made is never removed.
pub(crate) fn plan(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    options: &UpOptions,
    displaced: &mut BTreeMap<ContainerId, Displaced>,
) -> BTreeMap<ContainerName, StepId> {
    let mut gone = BTreeMap::new();
    let (elsewhere, ours): (Vec<_>, Vec<_>) =
        find(project, observed).into_iter().partition(|orphan| is_from_elsewhere(project, orphan));
    if options.remove_orphans {
        for orphan in ours {
            let displaced = displaced.remove(&orphan.id).unwrap_or_default();
            let last = match displaced.was_running {
                true => remove_after(builder, orphan, displaced.steps),
                false => stop_and_remove(builder, orphan, options.grace, displaced.steps),
            };
            gone.insert(orphan.name.clone(), last);
        }
    } else if !ours.is_empty() && !options.ignore_orphans {
        let message = format!("containers of services that are not in the file: {}", aged(&ours, observed.taken_at));
        builder
            .tell(Diagnostic::warning("orphans", Span::NONE, message).help(
                "remove them with `--remove-orphans`, or set COMPOSE_IGNORE_ORPHANS=1 to leave them unmentioned",
            ));
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

/// Plans stop and removal of a container; returns the last step.
pub(crate) fn remove(builder: &mut Builder, orphan: &ObservedContainer, grace: Option<std::time::Duration>) -> StepId {
    stop_and_remove(builder, orphan, grace, Vec::new())
}

fn stop_and_remove(
    builder: &mut Builder,
    orphan: &ObservedContainer,
    grace: Option<std::time::Duration>,
    mut requires: Vec<StepId>,
) -> StepId {
    let target = replicas::target_of(orphan);
    if replicas::is_up(orphan) {
        let stop = Action::StopContainer { container: ContainerRef::Existing(orphan.id.clone()), grace };
        requires.push(builder.step(&target, stop, Reason::Orphan, requires.clone()));
    }
    remove_after(builder, orphan, requires)
}

fn remove_after(builder: &mut Builder, orphan: &ObservedContainer, requires: Vec<StepId>) -> StepId {
    let container = ContainerRef::Existing(orphan.id.clone());
    let remove = Action::RemoveContainer { container, force: false, volumes: false };
    builder.step(&replicas::target_of(orphan), remove, Reason::Orphan, requires)
}
