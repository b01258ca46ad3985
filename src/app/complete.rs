//! Names for the completion of a command line. Nothing here fails or says anything: what cannot be found out is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::project;
use super::run::session;
use crate::failure::Failure;
use crate::loader::{self, LoadOptions};
use crate::model::{ObservedContainer, Project, labels};
use crate::settings::Context;

/// Nobody waits longer for the engine while typing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which names are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Services of the project.
    Services,
    /// Profiles of the project.
    Profiles,
    /// Projects on the engine.
    Projects,
    /// Numbers of the containers of a service.
    Replicas(String),
}

/// Returns names with a few words about each, in order.
pub fn names(context: &Context, wanted: &Wanted) -> Vec<(String, String)> {
    let names = match wanted {
        Wanted::Services => services(context),
        Wanted::Profiles => profiles(context),
        Wanted::Projects => {
            let list = containers(context, labels::PROJECT.to_owned());
            list.iter().filter_map(|one| Some((one.label(labels::PROJECT)?.to_owned(), String::new()))).collect()
        }
        Wanted::Replicas(service) => {
            let list = of_project(context).into_iter().filter(|one| one.service() == Some(service));
            list.filter_map(|one| Some((one.number()?.to_string(), one.name.to_string()))).collect()
        }
    };
    names.into_iter().collect()
}

/// Returns the services: those of the files, sound or not, else those that have containers.
fn services(context: &Context) -> BTreeMap<String, String> {
    if let Some(project) = project(context) {
        let all = project.services.values().chain(project.disabled_services.values());
        let about = |image: Option<&crate::model::ImageRef>| image.map(ToString::to_string).unwrap_or_default();
        return all.map(|service| (service.name.to_string(), about(service.image.as_ref()))).collect();
    }
    let list = of_project(context);
    list.iter().filter_map(|one| Some((one.service()?.to_owned(), one.image.clone()))).collect()
}

fn profiles(context: &Context) -> BTreeMap<String, String> {
    let Some(project) = project(context) else { return BTreeMap::new() };
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for service in project.services.values().chain(project.disabled_services.values()) {
        for profile in &service.profiles {
            found.entry(profile.clone()).or_default().push(service.name.as_str());
        }
    }
    found.into_iter().map(|(profile, services)| (profile, services.join(", "))).collect()
}

/// Returns the project of the files. `--project-name` without `--file` goes by labels, as everywhere.
fn project(context: &Context) -> Option<Project> {
    let settings = &context.settings;
    if settings.project_name.is_some() && settings.files.is_empty() {
        return None;
    }
    let options = LoadOptions { needs_no_contents: true, ..project::load_options(context) };
    let mut loaded = loader::load(&options, &context.environment);
    loaded.project().or_else(|| loaded.draft().map(|(project, _)| project))
}

/// Returns the containers of the project.
fn of_project(context: &Context) -> Vec<ObservedContainer> {
    let named = context.settings.project_name.clone();
    let Some(name) = named.or_else(|| Some(project(context)?.name.to_string())) else { return Vec::new() };
    containers(context, format!("{}={name}", labels::PROJECT))
}

fn containers(context: &Context, label: String) -> Vec<ObservedContainer> {
    let list = async {
        let engine = session::connect(context).await?;
        Ok::<_, Failure>(engine.list_containers(&[label]).await?)
    };
    let in_time = session::block_on(async { Ok(tokio::time::timeout(PATIENCE, list).await) });
    in_time.ok().and_then(Result::ok).and_then(Result::ok).unwrap_or_default()
}
