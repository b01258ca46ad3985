//! The project that a command is about: read from its files, or known from the labels of what is on the engine.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::run::report::Origin;
use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::loader::{self, Doubts, LoadOptions};
use crate::model::{
    Condition, Dependency, Observed, ObservedContainer, ObservedVolume, Project, ProjectName, Service, ServiceName,
    Sources, Volume, VolumeKey, labels,
};
use crate::settings::Context;
use crate::ui;

/// A project and the texts it was read from.
#[derive(Debug)]
pub(super) struct Loading {
    pub project: Project,
    pub sources: Sources,
}

impl Loading {
    /// Returns what reports about the project refer to.
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { project: Some(&self.project), sources: &self.sources }
    }
}

/// Returns how to load the project, by the global options.
pub(super) fn load_options(context: &Context) -> LoadOptions {
    LoadOptions {
        files: context.settings.files.clone(),
        project_name: context.settings.project_name.clone(),
        project_directory: context.settings.project_directory.clone(),
        profiles: context.settings.profiles.clone(),
        env_files: context.settings.env_files.clone(),
        all_resources: context.settings.all_resources,
        ..LoadOptions::default()
    }
}

/// What the files of a project say, sound or not.
pub(super) struct Reading {
    /// The project, without doubts only where the files are sound; `None` where nothing of the project can be relied on.
    pub project: Option<(Project, Doubts)>,
    pub list: Vec<Diagnostic>,
    pub sources: Sources,
}

/// Reads the files of the project.
pub(super) fn read(context: &Context, services: &[String]) -> Reading {
    let options = LoadOptions { services: services.to_vec(), ..load_options(context) };
    let _span = tracing::info_span!("load").entered();
    let mut loaded = loader::load(&options, &context.environment);
    let project = loaded.project().map(|project| (project, Doubts::default())).or_else(|| loaded.draft());
    Reading { project, list: loaded.diagnostics, sources: loaded.sources }
}

/// Loads the project; warnings are shown, errors end the command.
pub(super) fn load(context: &Context, services: &[String]) -> Result<Loading, Failure> {
    let Reading { project, list, sources } = read(context, services);
    let project = project.filter(|_| !list.iter().any(Diagnostic::is_error));
    match project.map(|(project, _)| project) {
        Some(project) => {
            ui::diagnostics(context, &list, &sources);
            Ok(Loading { project, sources })
        }
        None => Err(Failure::Diagnostics { list, sources: Box::new(sources) }),
    }
}

/// A project by its file, or only by its name.
pub(super) enum Found {
    /// By its file.
    File(Box<Loading>),
    /// By `--project-name`; there is no file.
    Name(ProjectName, Sources),
}

impl Found {
    /// Returns the project's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Found::File(loading) => loading.project.name.as_str(),
            Found::Name(name, _) => name.as_str(),
        }
    }

    /// Returns the project: the file's, or what the labels on the engine say.
    pub(super) fn resolve(&self, observed: &Observed) -> Cow<'_, Project> {
        match self {
            Found::File(loading) => Cow::Borrowed(&loading.project),
            Found::Name(name, _) => Cow::Owned(of_labels(name.clone(), observed)),
        }
    }

    /// Returns what reports about the project refer to.
    pub(super) fn origin(&self) -> Origin<'_> {
        match self {
            Found::File(loading) => loading.origin(),
            Found::Name(_, none) => Origin { project: None, sources: none },
        }
    }
}

/// Finds the project. A file that is named or found must be sound; where there is no file a given name is enough.
pub(super) fn find(context: &Context, services: &[String]) -> Result<Found, Failure> {
    let settings = &context.settings;
    let name = settings
        .project_name
        .clone()
        .or_else(|| context.environment.get_non_empty("COMPOSE_PROJECT_NAME").map(str::to_owned));
    let has_file = !settings.files.is_empty() || context.environment.get_non_empty("COMPOSE_FILE").is_some();
    match load(context, services) {
        Ok(loading) => Ok(Found::File(Box::new(loading))),
        Err(Failure::Diagnostics { list, sources }) => match name {
            Some(name) if !has_file && list.iter().any(|one| one.code == "no-compose-file") => {
                Ok(Found::Name(name.into(), Sources::default()))
            }
            _ => Err(Failure::Diagnostics { list, sources }),
        },
        Err(failure) => Err(failure),
    }
}

/// Builds a project from labels: its services with the edges between them, and its volumes.
fn of_labels(name: ProjectName, observed: &Observed) -> Project {
    let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(name.as_str());
    let mut services: BTreeMap<ServiceName, Service> = BTreeMap::new();
    for container in observed.containers.iter().filter(is_ours) {
        let Some(service) = container.service() else { continue };
        let entry = services.entry(service.into()).or_insert_with(|| Service {
            name: service.into(),
            attach: true,
            replicas: 1,
            ..Service::default()
        });
        entry.depends_on.extend(edges(container));
    }
    Project {
        working_dir: observed
            .containers
            .iter()
            .find_map(|one| one.label(labels::WORKING_DIR))
            .unwrap_or_default()
            .into(),
        config_files: Vec::new(),
        env_files: Vec::new(),
        services,
        disabled_services: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: volumes_of_labels(&name, observed),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
        name,
    }
}

/// Reads the edges of a container's label `depends_on`: `db:service_healthy:true,cache:service_started:false`, the last word
/// being `restart`.
fn edges(container: &ObservedContainer) -> impl Iterator<Item = (ServiceName, Dependency)> {
    let label = container.label(labels::DEPENDS_ON).unwrap_or_default();
    label.split(',').filter(|edge| !edge.is_empty()).map(|edge| {
        let mut parts = edge.split(':');
        let (target, condition, restart) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let condition = match condition {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let dependency = Dependency {
            condition,
            required: true,
            restart: restart == Some("true"),
            via: "depends_on",
            ..Dependency::default()
        };
        (target.into(), dependency)
    })
}

/// Returns the volumes whose label says that they were created for the project: without a file nothing else declares them.
fn volumes_of_labels(name: &ProjectName, observed: &Observed) -> BTreeMap<VolumeKey, Volume> {
    let ours = |one: &&ObservedVolume| one.labels.get(labels::PROJECT).is_some_and(|found| found == name.as_str());
    let declared = |one: &ObservedVolume| {
        // The name on the engine stands for the key: names are unique, and keys of files that have changed since need not be.
        let key = VolumeKey::from(one.name.as_str());
        (key.clone(), Volume { key, name: one.name.clone(), ..Volume::default() })
    };
    observed.volumes.iter().filter(ours).map(declared).collect()
}
