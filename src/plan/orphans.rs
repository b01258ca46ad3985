//! Containers of the project that no service in the file accounts for.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::networks::Displaced;
use super::options::UpOptions;
use super::{Action, ContainerRef, Reason, StepId, containers};
use crate::diag::Diagnostic;
use crate::model::{ContainerId, ContainerName, ContainerState, Observed, ObservedContainer, Project, Span, labels};

/// Returns the project's orphans: replicas of services that are not in the file, and one-off containers that have ended.
pub(super) fn find<'a>(project: &Project, observed: &'a Observed) -> Vec<&'a ObservedContainer> {
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

/// Returns whether a container was made from another directory, by a project that happens to have our name.
pub(super) fn is_from_elsewhere(project: &Project, container: &ObservedContainer) -> bool {
    container
        .label(labels::WORKING_DIR)
        .is_some_and(|directory| !directory.is_empty() && std::path::Path::new(directory) != project.working_dir)
}

/// Tells of orphans, or removes them where asked; returns those that go, each with its last step. What another directory
/// made is never removed.
pub(super) fn plan(
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
pub(super) fn remove(builder: &mut Builder, orphan: &ObservedContainer, grace: Option<std::time::Duration>) -> StepId {
    stop_and_remove(builder, orphan, grace, Vec::new())
}

fn stop_and_remove(
    builder: &mut Builder,
    orphan: &ObservedContainer,
    grace: Option<std::time::Duration>,
    mut requires: Vec<StepId>,
) -> StepId {
    let target = containers::target_of(orphan);
    if containers::is_up(orphan) {
        let stop = Action::StopContainer { container: ContainerRef::Existing(orphan.id.clone()), grace };
        requires.push(builder.step(&target, stop, Reason::Orphan, requires.clone()));
    }
    remove_after(builder, orphan, requires)
}

fn remove_after(builder: &mut Builder, orphan: &ObservedContainer, requires: Vec<StepId>) -> StepId {
    let container = ContainerRef::Existing(orphan.id.clone());
    let remove = Action::RemoveContainer { container, force: false, volumes: false };
    builder.step(&containers::target_of(orphan), remove, Reason::Orphan, requires)
}

/// Returns names with their ages for people, at most ten.
pub(super) fn aged(containers: &[&ObservedContainer], now: i64) -> String {
    listed(containers, |one| match one.created {
        created if created > 0 && now >= created => {
            format!(" ({} old)", crate::text::age(now - created))
        }
        _ => String::new(),
    })
}

/// Returns names for people, at most ten.
pub(super) fn names(containers: &[&ObservedContainer]) -> String {
    listed(containers, |_| String::new())
}

fn listed(containers: &[&ObservedContainer], more: impl Fn(&ObservedContainer) -> String) -> String {
    let mut all: Vec<String> = containers
        .iter()
        .take(10)
        .map(|one| format!("`{}`{}", crate::text::escape_controls(one.name.as_str()), more(one)))
        .collect();
    if containers.len() > 10 {
        all.push(format!("and {} more", containers.len() - 10));
    }
    all.join(", ")
}
