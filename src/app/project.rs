//! The project of a command: read from its files, or known from labels on the engine.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::run::report::Origin;
use crate::diag::{Diagnostic, Severity};
use crate::diagnose;
use crate::failure::Failure;
use crate::loader::{self, Doubts, LoadOptions};
use crate::model::{Observed, ObservedContainer, Project, ProjectName, Service, Sources, Span, labels};
use crate::settings::Context;
use crate::ui;

mod labelled;

/// The variable that names the project.
const NAME: &str = "COMPOSE_PROJECT_NAME";

/// A project and the texts that it was read from.
#[derive(Debug)]
pub(super) struct Loading {
    pub project: Project,
    pub sources: Sources,
}

impl Loading {
    /// Returns what reports need to know about the project.
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

/// The result of reading the files of a project, valid or not.
pub(super) struct Reading {
    /// The project, with its uncertain parts if the files have faults; `None` if no part of it is reliable.
    pub project: Option<(Project, Doubts)>,
    pub list: Vec<Diagnostic>,
    pub sources: Sources,
    /// The services that hand over this machine, each with the code of the rule; empty for a command that creates no
    /// container.
    pub hands_over: Vec<(String, &'static str)>,
}

impl Reading {
    /// Returns the project if the files are valid, and shows warnings.
    fn loading(self, context: &Context) -> Result<Loading, Failure> {
        let Reading { project, list, sources, .. } = self;
        match project.filter(|_| !list.iter().any(Diagnostic::is_error)) {
            Some((project, _)) => {
                ui::diagnostics(context, &list, &sources);
                Ok(Loading { project, sources })
            }
            None => Err(Failure::Diagnostics { list, sources: Box::new(sources) }),
        }
    }
}

/// Reads the files of the project.
pub(super) fn read(context: &Context, services: &[String]) -> Reading {
    read_with(context, &LoadOptions { services: services.to_vec(), ..load_options(context) }).0
}

/// Loads the project for a command that creates no container: faults of env files and label files are only warnings.
pub(super) fn load_existing(context: &Context, services: &[String]) -> Result<Loading, Failure> {
    read_with(context, &existing(context, services)).0.loading(context)
}

/// Returns how to load the project for a command that creates no container.
fn existing(context: &Context, services: &[String]) -> LoadOptions {
    LoadOptions { services: services.to_vec(), needs_no_contents: true, ..load_options(context) }
}

/// Reads the files of the project. Also returns the name from `COMPOSE_PROJECT_NAME`, set in the environment or in the
/// env file, if no option names the project.
fn read_with(context: &Context, options: &LoadOptions) -> (Reading, Option<String>) {
    let span = tracing::info_span!("load").entered();
    let mut loaded = loader::load(options, &context.environment);
    let root = loaded.tree.as_ref().filter(|_| !options.needs_no_contents);
    let judged = root.map(|root| diagnose::hands_over(root, &loaded.working_dir, &loaded.sources));
    let hands_over = judged.unwrap_or_default();
    let project = loaded.project().map(|project| (project, Doubts::default())).or_else(|| loaded.draft());
    drop(span);
    let (mut list, sources) = (loaded.diagnostics, loaded.sources);
    // The loader sets the variable, too. A name set by the user has a place in an env file, or is in the environment.
    let is_given = loaded.variable_places.contains_key(NAME) || context.environment.get(NAME).is_some();
    let is_given = is_given && context.settings.project_name.as_deref().unwrap_or_default().is_empty();
    let name = loaded.variables.remove(NAME).filter(|name| is_given && !name.is_empty());
    list.extend(project.iter().flat_map(|(project, _)| unused_profiles(context, project)));
    (Reading { project, list, sources, hands_over }, name)
}

/// Warns of `--profile` options that no service of the project uses.
fn unused_profiles(context: &Context, project: &Project) -> Vec<Diagnostic> {
    let services = || project.services.values().chain(project.disabled_services.values());
    let known: BTreeSet<&str> =
        services().flat_map(|service: &Service| &service.profiles).map(String::as_str).collect();
    let is_unknown = |name: &&String| !matches!(name.as_str(), "" | "*") && !known.contains(name.as_str());
    let warning = |name: &String| {
        let message = format!("no service has the profile `{}`", crate::text::escape_controls(name));
        let warning = Diagnostic::warning("no-effect", Span::NONE, message);
        match loader::nearest(name, known.iter().copied()) {
            Some(near) => warning.help(format!("did you mean `{near}`?")),
            None => warning,
        }
    };
    context.settings.profiles.iter().filter(is_unknown).map(warning).collect()
}

/// A project known from its file, or from the labels of its containers, networks and volumes.
pub(super) enum Found {
    /// Known from its file.
    File(Box<Loading>),
    /// Known by its name alone: `--project-name` without `--file`, or a name when the files cannot be used.
    Labels(Box<Labelled>),
}

/// A project known from labels.
pub(super) struct Labelled {
    name: ProjectName,
    /// The project in the files of this directory, if they can be used. What labels do not tell is taken from there:
    /// hooks, and which volumes are protected.
    file: Option<Loading>,
    /// Whether there are files that cannot be used. They may protect volumes, so no volume counts as declared.
    has_broken_file: bool,
    sources: Sources,
}

impl Labelled {
    fn new(name: &str) -> Self {
        Self { name: name.into(), file: None, has_broken_file: false, sources: Sources::default() }
    }
}

impl Found {
    /// Returns the project's name.
    pub(super) fn name(&self) -> &str {
        match self {
            Found::File(loading) => loading.project.name.as_str(),
            Found::Labels(labelled) => labelled.name.as_str(),
        }
    }

    /// Returns the project: from the file, or from the labels on the engine.
    pub(super) fn resolve(&self, observed: &Observed) -> Cow<'_, Project> {
        match self {
            Found::File(loading) => Cow::Borrowed(&loading.project),
            Found::Labels(labelled) => Cow::Owned(labelled.project(observed)),
        }
    }

    /// Returns what reports need to know about the project.
    pub(super) fn origin(&self) -> Origin<'_> {
        match self {
            Found::File(loading) => loading.origin(),
            Found::Labels(labelled) => {
                let sources = labelled.file.as_ref().map_or(&labelled.sources, |file| &file.sources);
                Origin { project: None, sources }
            }
        }
    }

    /// Warns of named services without a container, if the project is known from labels: no file tells whether there
    /// are such services. (With a file the loader refuses unknown services.)
    pub(super) fn unknown_services<'a>(
        &self,
        named: &[String],
        containers: impl IntoIterator<Item = &'a ObservedContainer>,
    ) -> Vec<Diagnostic> {
        let Found::Labels(labelled) = self else { return Vec::new() };
        let is_ours = |one: &&ObservedContainer| one.label(labels::PROJECT) == Some(labelled.name.as_str());
        let known: BTreeSet<&str> =
            containers.into_iter().filter(is_ours).filter_map(ObservedContainer::service).collect();
        let unknown = named.iter().filter(|name| !known.contains(name.as_str()));
        unknown.map(|name| as_warning(loader::no_such_service(name, known.iter().copied(), None))).collect()
    }
}

/// Finds the project of a command for existing containers.
///
/// Compat: `--project-name` without `--file` uses labels, whatever file is in the directory. So does the name in
/// `COMPOSE_PROJECT_NAME` if the files cannot be used.
pub(super) fn find(context: &Context, services: &[String]) -> Result<Found, Failure> {
    let settings = &context.settings;
    if let Some(name) = settings.project_name.as_deref().filter(|name| !name.is_empty() && settings.files.is_empty()) {
        loader::check_project_name(name, "--project-name").map_err(Failure::one)?;
        return Ok(Found::Labels(Box::new(Labelled::new(name))));
    }
    let (reading, name) = read_with(context, &existing(context, services));
    let (list, sources, name) = match (reading.loading(context), name) {
        (Ok(loading), _) => return Ok(Found::File(Box::new(loading))),
        (Err(Failure::Diagnostics { list, sources }), Some(name)) => (list, sources, name),
        (Err(failure), _) => return Err(failure),
    };
    // An unknown service is a mistake on the command line, and an invalid name cannot be the name of a project.
    let is_slip = |one: &Diagnostic| matches!(one.code, "no-such-service" | "bad-project-name");
    if list.iter().any(is_slip) {
        return Err(Failure::Diagnostics { list, sources });
    }
    let mut labelled = Labelled::new(&name);
    if !list.iter().all(|one| one.code == "no-compose-file") {
        labelled.has_broken_file = true;
        let message = format!("the files cannot be used: project `{name}` is what the labels on the engine say");
        let told = list.into_iter().map(as_warning).chain([Diagnostic::warning("labels-alone", Span::NONE, message)]);
        ui::diagnostics(context, &told.collect::<Vec<_>>(), &sources);
    }
    Ok(Found::Labels(Box::new(labelled)))
}

/// Finds the project as [`find`] does, for a command that changes something. If the project is known from labels, the
/// files in this directory may add to it.
pub(super) fn find_to_change(context: &Context, services: &[String]) -> Result<Found, Failure> {
    let mut found = find(context, services)?;
    if let Found::Labels(labelled) = &mut found
        && !labelled.has_broken_file
    {
        // All services and volumes of the files, because labels and not profiles decide what belongs to the project.
        let options = LoadOptions { profiles: vec!["*".to_owned()], all_resources: true, ..existing(context, &[]) };
        let mut loaded = loader::load(&options, &context.environment);
        labelled.file = loaded.unchecked_project().map(|project| Loading { project, sources: loaded.sources });
    }
    Ok(found)
}

fn as_warning(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.is_error() {
        diagnostic.severity = Severity::Warning;
    }
    diagnostic
}
