//! What must be known before a file is parsed: project directory, variables, compose files, profiles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::loaded::Loaded;
use super::options::LoadOptions;
use super::source::{Base, clean, discover, is_file};
use super::variables::{self, ProjectVariables};
use crate::diag::Diagnostic;
use crate::env::Environment;

/// Fills in directory, variables, compose files and profiles.
///
/// Compat: `.env` is read before the compose files are searched, because it may set `COMPOSE_FILE`. If the compose
/// files lead to another project directory, the `.env` of that directory is read, too.
pub fn prepare(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) -> Result<(), Box<Diagnostic>> {
    let absolute = |path: &Path| clean(&environment.current_dir().join(path));
    let given_directory = options.project_directory.as_deref().map(absolute);
    let first_file = options.files.iter().find(|path| *path != Path::new("-")).map(|path| absolute(path));
    let start = given_directory
        .clone()
        .or_else(|| first_file.as_deref().and_then(Path::parent).map(Path::to_owned))
        .unwrap_or_else(|| environment.current_dir().to_owned());
    loaded.variables = environment.variables().clone();
    // Compat: without `PWD` in the environment (systemd, cron), `${PWD}` is the current directory. An empty `PWD`
    // stays.
    let current = || environment.current_dir().to_string_lossy().into_owned();
    loaded.variables.entry("PWD".to_owned()).or_insert_with(current);
    loaded.env_files = env_files(options, environment);
    let disables = variables::disables_default(environment);
    loaded.reads_default_env_file = disables.as_ref() != Ok(&true);
    // If env files are given, `.env` is not read anyway, so a bad `COMPOSE_DISABLE_ENV_FILE` does not matter.
    loaded.diagnostics.extend(disables.err().filter(|_| loaded.env_files.is_empty()));
    read_env_files(&start, loaded);
    let variable = |loaded: &Loaded, name: &str| loaded.variables.get(name).cloned();
    let separator =
        variable(loaded, "COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty()).unwrap_or_else(|| ":".to_owned());
    let found = discover(&options.files, variable(loaded, "COMPOSE_FILE").as_deref(), &separator, &start, environment)
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

/// Returns the variables `COMPOSE_...` that only env files set. They are settings of the program, too, such as
/// `COMPOSE_ANSI`. Faults are reported by the load itself. A named pipe is not read, because it can be read only once.
pub fn settings(options: &LoadOptions, environment: &Environment) -> BTreeMap<String, String> {
    if env_files(options, environment).iter().any(|path| !is_file(path)) {
        return BTreeMap::new();
    }
    let mut loaded = Loaded::default();
    // Variables found before a fault count.
    let _ = prepare(options, environment, &mut loaded);
    let is_set = |name: &str| environment.variables().contains_key(name);
    loaded.variables.retain(|name, _| name.starts_with("COMPOSE_") && !is_set(name));
    loaded.variables
}

/// Reads the env files, or `.env` in `directory`. Faults of env files do not hide faults of the compose files.
fn read_env_files(directory: &Path, loaded: &mut Loaded) {
    let mut known = ProjectVariables { values: &mut loaded.variables, places: &mut loaded.variable_places };
    let default = loaded.reads_default_env_file.then_some(directory);
    let faults = variables::read_env_files(&loaded.env_files, default, &mut known, &mut loaded.sources);
    loaded.lacks_variables |= faults.iter().any(Diagnostic::is_error);
    loaded.diagnostics.extend(faults);
}

/// Returns the absolute paths of `--env-file`, or those of `COMPOSE_ENV_FILES` without the flag.
fn env_files(options: &LoadOptions, environment: &Environment) -> Vec<PathBuf> {
    let given: Vec<PathBuf> = match options.env_files.is_empty() {
        false => options.env_files.clone(),
        true => environment
            .variables()
            .get("COMPOSE_ENV_FILES")
            .map_or("", String::as_str)
            .split(',')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .collect(),
    };
    let base = Base { directory: environment.current_dir(), home: environment.home() };
    given.iter().map(|path| PathBuf::from(base.absolute(&path.to_string_lossy()))).collect()
}
