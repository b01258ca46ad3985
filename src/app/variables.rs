//! Settings in the env files of the project: variables such as `COMPOSE_ANSI` and `COMPOSE_PARALLEL_LIMIT`.

use std::path::{Path, PathBuf};

use crate::env::Environment;
use crate::loader::{self, LoadOptions};

/// Returns the environment, extended by the variables `COMPOSE_...` that only the env files of the project set.
///
/// Compat: docker compose adds them to its own environment before it reads its settings.
pub fn with_env_files(
    environment: Environment,
    files: Vec<PathBuf>,
    project_directory: Option<&Path>,
    env_files: &[PathBuf],
) -> Environment {
    let options = LoadOptions {
        files,
        project_directory: project_directory.map(Path::to_owned),
        env_files: env_files.to_vec(),
        ..LoadOptions::default()
    };
    let defaults = loader::settings(&options, &environment);
    environment.with_defaults(defaults)
}
