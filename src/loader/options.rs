//! The options of a load: the project, and the stages to leave out.

use std::path::PathBuf;

/// The project to load, and the stages to leave out.
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
    /// Services that the user named. Their profiles become active. Other services are left out only with
    /// `only_selected`.
    pub services: Vec<String>,
    /// Keep the named services and their dependencies, and leave out all other services.
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
    /// The command creates no container, so it does not need the contents of `env_file` and `label_file`: faults of
    /// these files are only warnings, and files outside the project directory are not mentioned.
    pub needs_no_contents: bool,
}
