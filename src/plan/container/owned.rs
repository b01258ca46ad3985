//! Owned.

use crate::model::{ObservedContainer, Project, labels};

/// Returns whether a container was made from another directory, by a project that happens to have our name.
pub(crate) fn is_from_elsewhere(project: &Project, container: &ObservedContainer) -> bool {
    container
        .label(labels::WORKING_DIR)
        .is_some_and(|directory| !directory.is_empty() && std::path::Path::new(directory) != project.working_dir)
}

/// Returns names with their ages for people, at most ten.
pub(crate) fn aged(containers: &[&ObservedContainer], now: i64) -> String {
    listed(containers, |one| match one.created {
        created if created > 0 && now >= created => {
            format!(" ({} old)", crate::text::age(now - created))
        }
        _ => String::new(),
    })
}

/// Returns names for people, at most ten.
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
