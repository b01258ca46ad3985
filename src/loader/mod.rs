//! Compose files to a project: read, interpolate, include, extends, merge, normalise, validate; a file each.
//!
//! Positions survive every stage. Knows nothing of engines. Start at [`load`]; the order of the stages is that of
//! compose-go's loader, because results depend on it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::{FileId, Project, Sources, Span};

mod canonical;
mod changed;
mod decode;
mod discover;
#[doc(hidden)]
pub mod doors;
mod dotenv;
pub mod emit;
mod environment;
mod extends;
mod files;
mod include;
mod interpolate;
mod masking;
mod merge;
mod normalize;
mod parallel;
mod parse;
mod path;
mod paths;
mod profiles;
mod provenance;
mod read;
mod scalar;
mod schema;
mod surprises;
mod syntax;
mod template;
mod tree;
mod typed;
mod validate;

pub use discover::{is_project_name, project_name_of};
pub use profiles::no_such_service;
pub use template::{Mention, mentions};
pub use tree::{Node, Value};

use environment::Known;
use files::Loader;

/// What to load and how.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--file`; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--project-directory`.
    pub project_directory: Option<PathBuf>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<PathBuf>,
    /// Services named by the user: their profiles are active, and where `only_selected` asks for it the rest is left out.
    pub services: Vec<String>,
    /// Keep the named services and what they depend on, nothing else.
    pub only_selected: bool,
    /// `--all-resources`.
    pub all_resources: bool,
    /// `--no-interpolate`.
    pub no_interpolate: bool,
    /// `--no-normalize`.
    pub no_normalize: bool,
    /// `--no-path-resolution`.
    pub no_path_resolution: bool,
    /// `--no-env-resolution`.
    pub no_env_resolution: bool,
    /// `--no-consistency`.
    pub no_consistency: bool,
    /// Tell what is wrong, and make no model (`--quiet`).
    pub only_check: bool,
}

/// What loading gave. With an error among the diagnostics the model is not to be used.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: Sources,
    /// Errors and warnings, in the order of the stages.
    pub diagnostics: Vec<Diagnostic>,
    /// The project's name.
    pub name: String,
    /// The project directory.
    pub working_dir: PathBuf,
    /// The compose files.
    pub config_files: Vec<PathBuf>,
    /// Files given by `--env-file` or `COMPOSE_ENV_FILES`.
    pub env_files: Vec<PathBuf>,
    /// Whether `.env` is read where no such files are given.
    reads_default_env_file: bool,
    /// Variables for interpolation: the process environment and the env files.
    pub variables: BTreeMap<String, String>,
    /// Where those variables stand that come from files.
    pub variable_places: BTreeMap<String, Span>,
    /// Whether a file of variables is at fault: a variable that is not set may stand in it.
    lacks_variables: bool,
    /// Active profiles.
    pub profiles: Vec<String>,
    /// The resolved tree, with places.
    pub tree: Option<Node>,
    /// Services that no active profile enables, with places.
    pub disabled: Option<Node>,
    /// Where the files that other files name are named, and how.
    pub(crate) reached: BTreeMap<FileId, (Span, &'static str)>,
    /// `label_file` of services, and its index among the attributes.
    label_files: BTreeMap<String, (usize, Json)>,
    /// The canonical model, as `config --format json` prints it but for the doubled `$`; empty with `only_check`.
    pub model: Map<String, Json>,
}

impl Loaded {
    /// Returns whether anything forbids the use of the model.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns the typed project; diagnostics may grow.
    pub fn project(&mut self) -> Option<Project> {
        self.tree.as_ref()?;
        let told = self.diagnostics.len();
        let project = decode::project(self);
        provenance::add_from(self, told);
        (!self.has_errors()).then_some(project)
    }

    /// Returns the typed project for those who only look at it: what the engine would refuse is not told.
    pub fn unchecked_project(&mut self) -> Option<Project> {
        self.tree.as_ref().filter(|_| !self.has_errors())?;
        let told = self.diagnostics.len();
        let project = decode::project(self);
        self.diagnostics.truncate(told);
        Some(project)
    }
}

/// Loads a project. Never fails: what is wrong is among the diagnostics, all of it at once.
pub fn load(options: &LoadOptions, environment: &Environment) -> Loaded {
    let sources = Sources::seen_from(environment.current_dir());
    let mut loaded = Loaded { sources, ..Loaded::default() };
    match prepare(options, environment, &mut loaded) {
        Ok(()) => stages(options, environment, &mut loaded),
        // Where the files are may be said by a variable.
        Err(_) if loaded.lacks_variables => {}
        Err(diagnostic) => loaded.diagnostics.push(*diagnostic),
    }
    drop_consequences(&mut loaded.diagnostics);
    // Of several faults in one text each has its own place only once provenance has been added.
    drop_repeats(&mut loaded.diagnostics, |one| one.code == "bad-interpolation");
    tell_some(&mut loaded.diagnostics);
    provenance::add(&mut loaded);
    drop_repeats(&mut loaded.diagnostics, |_| false);
    loaded
}

/// Leaves out what is said of a value that could not be had at all, or is of the wrong kind: there is nothing to mend but
/// that.
fn drop_consequences(diagnostics: &mut Vec<Diagnostic>) {
    let is_root = |one: &Diagnostic| {
        let codes = ["required-variable", "bad-interpolation", "wrong-type", interpolate::NOT_KNOWN];
        codes.contains(&one.code) && one.primary.span != Span::NONE
    };
    let roots: HashSet<Span> = diagnostics.iter().filter(|one| is_root(one)).map(|one| one.primary.span).collect();
    diagnostics.retain(|one| !one.is_error() || is_root(one) || !roots.contains(&one.primary.span));
    diagnostics.retain(|one| one.code != interpolate::NOT_KNOWN);
}

/// Leaves one of what is said of one place for several services: one of them has it, and the others extend that one or are
/// aliases of it.
fn drop_repeats(diagnostics: &mut Vec<Diagnostic>, is_exempt: impl Fn(&Diagnostic) -> bool) {
    let mut told = HashSet::new();
    diagnostics.retain(|one| {
        let is_kept = one.primary.span == Span::NONE || is_exempt(one);
        is_kept || told.insert((one.code, one.primary.span, without_service(one)))
    });
}

/// Returns a message without the name of the service that it is about.
fn without_service(one: &Diagnostic) -> String {
    let name = one.path.strip_prefix("services.").and_then(|rest| rest.split('.').next()).unwrap_or_default();
    match name {
        "" => one.message.clone(),
        name => one.message.replacen(&format!("services.{name}"), "", 1).replacen(&format!("service `{name}`"), "", 1),
    }
}

/// Leaves so many errors and warnings as anybody reads, errors before warnings, and says how many more there are.
fn tell_some(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() <= MOST_TOLD {
        return;
    }
    let rest = diagnostics.len() - MOST_TOLD;
    diagnostics.sort_by_key(|one| !one.is_error());
    diagnostics.truncate(MOST_TOLD);
    let message = format!("there are {rest} more errors and warnings");
    diagnostics.push(Diagnostic::warning("more", Span::NONE, message).help("mend these first"));
}

/// Runs the stages, in compose-go's order.
fn stages(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) {
    let Some(mut root) = read_files(options, environment, loaded) else { return };
    normalize::defaults(&mut root);
    validate::fields(&root, &mut loaded.diagnostics);
    if !options.no_path_resolution {
        paths::Base { directory: &loaded.working_dir, home: environment.home() }.resolve(&mut root);
    }
    if !options.no_interpolate && !options.no_env_resolution {
        environment::inherit(&mut root, &loaded.variables);
    }
    let written = root.remove("name");
    if !options.no_normalize {
        normalize::normalize(&mut root, &loaded.name, &loaded.variables);
    }
    let disabled = profiles::apply(&mut root, &mut loaded.profiles, &options.services, &mut loaded.diagnostics);
    if !options.no_consistency && !options.no_interpolate {
        validate::consistency(&root, &disabled, &options.services, &mut loaded.diagnostics);
        normalize::scales(&mut root);
    }
    if !options.no_env_resolution && !options.no_interpolate {
        environment::files(&mut root, &loaded.variables, &mut loaded.sources, &mut loaded.diagnostics);
    }
    if !options.no_interpolate {
        environment::label_files(&mut root, &mut loaded.sources, &mut loaded.diagnostics);
    }
    if options.only_selected && !options.services.is_empty() {
        profiles::select(&mut root, &options.services);
    }
    let unused = if options.all_resources { Node::map(Span::NONE) } else { profiles::drop_unused(&mut root) };
    let is_written = |name: &Node| name.scalar_text().is_some_and(|text| discover::normalized(&text) == loaded.name);
    let span = written.filter(is_written).map_or(Span::NONE, |name| name.span);
    root.set("name", Node::text(loaded.name.as_str(), span));
    surprises::warn(&root, &loaded.sources, &mut loaded.diagnostics);
    // With variables in it a value is of no type yet.
    let mut untyped = Vec::new();
    let faults = if options.no_interpolate { &mut untyped } else { &mut loaded.diagnostics };
    match options.only_check {
        true => typed::check_all(&root, faults),
        false => loaded.model = typed::model(&root, faults),
    }
    // What is not used is not shown, but a mistake in it is one.
    typed::check("services", &disabled, faults);
    unused.entries().for_each(|(kind, entry)| typed::check(kind, &entry.node, faults));
    loaded.label_files = take_label_files(&mut loaded.model);
    loaded.tree = Some(root);
    loaded.disabled = Some(disabled);
}

/// Compat: `label_file` is merged into `labels` and not printed, but the config hash covers it.
fn take_label_files(model: &mut Map<String, Json>) -> BTreeMap<String, (usize, Json)> {
    let services = model.get_mut("services").and_then(Json::as_object_mut).into_iter().flatten();
    let take = |(name, service): (&String, &mut Json)| {
        let service = service.as_object_mut()?;
        let index = service.keys().position(|key| key == "label_file")?;
        Some((name.clone(), (index, service.shift_remove("label_file")?)))
    };
    services.filter_map(take).collect()
}

/// Finds files, directory, variables and name.
fn prepare(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) -> Result<(), Box<Diagnostic>> {
    let absolute = |path: &Path| discover::clean(&environment.current_dir().join(path));
    let given_directory = options.project_directory.as_deref().map(absolute);
    let first_file = options.files.iter().find(|path| *path != Path::new("-")).map(|path| absolute(path));
    let start = given_directory
        .clone()
        .or_else(|| first_file.as_deref().and_then(Path::parent).map(Path::to_owned))
        .unwrap_or_else(|| environment.current_dir().to_owned());
    loaded.variables = environment.variables().clone();
    loaded.env_files = env_files(options, environment);
    let disables = environment::disables_default(environment);
    loaded.reads_default_env_file = disables.as_ref() != Ok(&true);
    // Where files are given nothing depends on it.
    loaded.diagnostics.extend(disables.err().filter(|_| loaded.env_files.is_empty()));
    read_env_files(&start, loaded);
    let variable = |loaded: &Loaded, name: &str| loaded.variables.get(name).cloned();
    let separator =
        variable(loaded, "COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or_else(|| ":".to_owned());
    let found =
        discover::files(&options.files, variable(loaded, "COMPOSE_FILE").as_deref(), &separator, &start, environment)
            .map_err(Box::new)?;
    loaded.diagnostics.extend(found.warnings);
    loaded.config_files = found.paths;
    let first = loaded.config_files.iter().find(|path| *path != Path::new("-"));
    loaded.working_dir =
        given_directory.or_else(|| first.and_then(|path| path.parent()).map(Path::to_owned)).unwrap_or(start.clone());
    if loaded.working_dir != start && loaded.env_files.is_empty() {
        read_env_files(&loaded.working_dir.clone(), loaded);
    }
    let profiles = variable(loaded, "COMPOSE_PROFILES").unwrap_or_default();
    loaded.profiles = match options.profiles.is_empty() {
        true => profiles.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        false => options.profiles.clone(),
    };
    Ok(())
}

/// Reads the files of variables; their faults do not hide those of the compose files.
fn read_env_files(directory: &Path, loaded: &mut Loaded) {
    let mut known = Known { variables: &mut loaded.variables, places: &mut loaded.variable_places };
    let default = loaded.reads_default_env_file.then_some(directory);
    let faults = environment::read_env_files(&loaded.env_files, default, &mut known, &mut loaded.sources);
    loaded.lacks_variables |= !faults.is_empty();
    loaded.diagnostics.extend(faults);
}

fn env_files(options: &LoadOptions, environment: &Environment) -> Vec<PathBuf> {
    let given: Vec<PathBuf> = match options.env_files.is_empty() {
        false => options.env_files.clone(),
        true => environment
            .get("COMPOSE_ENV_FILES")
            .unwrap_or_default()
            .split(',')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .collect(),
    };
    let base = paths::Base { directory: environment.current_dir(), home: environment.home() };
    given.iter().map(|path| PathBuf::from(base.absolute(&path.to_string_lossy()))).collect()
}

/// Reads, merges and checks all files; `None` where nothing is left to go on with.
fn read_files(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) -> Option<Node> {
    let files = loaded.config_files.clone();
    let working_dir = loaded.working_dir.clone();
    let mut loader = Loader::new(options, environment, loaded);
    let documents = loader.documents(&files);
    let name = loader.name(&documents, &working_dir);
    loader.variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let root = loader.merge(documents, &working_dir, &[]);
    loader.finish(loaded);
    loaded.name = name;
    let is_empty = root.as_map().is_none_or(|map| map.is_empty());
    if is_empty && !loaded.has_errors() {
        loaded
            .diagnostics
            .push(Diagnostic::error("empty-file", Span::NONE, "empty compose file").help("add `services:`"));
    }
    (!is_empty).then_some(root)
}

/// Returns a tree as it stands, without the types of its attributes.
pub fn plain(root: &Node) -> Json {
    typed::any(root)
}

/// Returns the `models` of a tree, which docker compose prints as YAML only.
pub fn models(root: &Node) -> Option<Json> {
    root.get("models").filter(|models| models.as_map().is_some_and(|map| !map.is_empty())).map(typed::models)
}

/// No more errors and warnings are told.
const MOST_TOLD: usize = 100;

/// Names already warned about.
type Warned = BTreeSet<String>;
