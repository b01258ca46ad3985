//! Containers of another directory whose project has the same name, and lists of containers for messages.
//!
//! Labels tell who owns a container. This file must not know what a command does with the answer.

use crate::model::{ObservedContainer, Project, labels};

/// Returns whether a container belongs to a project in another directory that has the name of this project. A container
/// without the directory's label counts as this project's.
pub(crate) fn is_from_elsewhere(project: &Project, container: &ObservedContainer) -> bool {
    container
        .label(labels::WORKING_DIR)
        .is_some_and(|directory| !directory.is_empty() && std::path::Path::new(directory) != project.working_dir)
}

/// Returns the names and ages of containers for a message, at most ten. `now` is in seconds since 1970.
pub(crate) fn aged(containers: &[&ObservedContainer], now: i64) -> String {
    listed(containers, |one| match one.created {
        created if created > 0 && now >= created => {
            format!(" ({} old)", crate::text::age(now - created))
        }
        _ => String::new(),
    })
}

/// Returns the names of containers for a message, at most ten.
pub(crate) fn names(containers: &[&ObservedContainer]) -> String {
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
