//! `ls`: the projects of an engine, from the labels of its containers. One call, whatever their number.

use std::collections::BTreeMap;

use crate::app::run::session;
use crate::failure::{Exit, Failure};
use crate::model::{ContainerState, ObservedContainer, labels};
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Format, ProjectRow};

/// The request of `ls`.
#[derive(Clone, Debug, Default)]
pub struct ProjectsRequest {
    /// `--all`: also projects without a running container.
    pub all: bool,
    /// `--filter name=…`: parts of names; a project is shown whose name has one of them.
    pub names: Vec<String>,
    /// `--quiet`: names only.
    pub quiet: bool,
    /// `--format`.
    pub format: Format,
}

/// Runs `ls`.
pub fn projects(context: &Context, request: &ProjectsRequest) -> Result<Exit, Failure> {
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let filter = [labels::PROJECT.to_owned()];
        let list = async { Ok(engine.list_containers(&filter).await?) };
        let list = session::answer(&interrupt, list).await?;
        let rows = rows(request, &list);
        ui::print_owned(match request.quiet {
            true => listing::shown_names(rows.iter().map(|row| &row.name)),
            false => listing::render(&request.format, &rows)?,
        });
        Ok(Exit::SUCCESS)
    })
}

/// Returns the projects, by name. Without `--all` only containers count that `docker ps` shows.
fn rows(request: &ProjectsRequest, list: &[ObservedContainer]) -> Vec<ProjectRow> {
    let is_counted = |one: &&ObservedContainer| {
        let runs = matches!(one.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting);
        request.all || runs
    };
    let mut projects: BTreeMap<&str, Vec<&ObservedContainer>> = BTreeMap::new();
    for one in list.iter().filter(is_counted) {
        projects.entry(one.label(labels::PROJECT).unwrap_or_default()).or_default().push(one);
    }
    let is_meant =
        |name: &str| request.names.is_empty() || request.names.iter().any(|part| name.contains(part.as_str()));
    let projects = projects.into_iter().filter(|(name, _)| !name.is_empty() && is_meant(name));
    projects.map(|(name, containers)| row(name, &containers)).collect()
}

fn row(name: &str, containers: &[&ObservedContainer]) -> ProjectRow {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for one in containers {
        *states.entry(one.state.as_str()).or_default() += 1;
    }
    let states: Vec<String> = states.into_iter().map(|(state, count)| format!("{state}({count})")).collect();
    let files = containers.iter().find_map(|one| one.label(labels::CONFIG_FILES)).filter(|files| !files.is_empty());
    ProjectRow { name: name.to_owned(), status: states.join(", "), files: files.unwrap_or("N/A").to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(project: &str, state: &str) -> ObservedContainer {
        let labels = [(labels::PROJECT, project), (labels::CONFIG_FILES, "/a.yaml")];
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ObservedContainer { state: ContainerState::parse(state), labels, ..ObservedContainer::default() }
    }

    #[test]
    fn states_are_counted_for_each_project() {
        let list = [container("shop", "running"), container("shop", "exited"), container("gone", "exited")];
        let shown = |all| {
            let request = ProjectsRequest { all, ..ProjectsRequest::default() };
            rows(&request, &list).iter().map(|row| format!("{} {}", row.name, row.status)).collect::<Vec<_>>()
        };
        assert_eq!(shown(false), ["shop running(1)"]);
        assert_eq!(shown(true), ["gone exited(1)", "shop exited(1), running(1)"]);
    }

    #[test]
    fn a_name_is_filtered_by_its_parts() {
        let list = [container("shop", "running"), container("blog", "running")];
        let request = ProjectsRequest { names: vec!["ho".to_owned()], ..ProjectsRequest::default() };
        assert_eq!(rows(&request, &list).len(), 1);
    }
}
