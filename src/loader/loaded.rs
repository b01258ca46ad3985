//! The result of loading, which the stages fill in one after the other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use super::tree::Node;
use crate::diag::Diagnostic;
use crate::model::{FileId, Sources, Span};

/// A loaded project. If there is an error among the diagnostics, the model must not be used.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: Sources,
    /// Errors and warnings, in the order of their places in the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The project's name.
    pub name: String,
    /// The project directory.
    pub working_dir: PathBuf,
    /// The compose files.
    pub config_files: Vec<PathBuf>,
    /// Files given by `--env-file` or `COMPOSE_ENV_FILES`.
    pub env_files: Vec<PathBuf>,
    /// Whether `.env` is read if `env_files` is empty.
    pub(super) reads_default_env_file: bool,
    /// Variables for interpolation: the process environment and the env files.
    pub variables: BTreeMap<String, String>,
    /// The places of the variables that come from env files.
    pub variable_places: BTreeMap<String, Span>,
    /// Whether an env file could not be read. Missing variables are then not reported, because that file may set them.
    pub(super) lacks_variables: bool,
    /// Active profiles.
    pub profiles: Vec<String>,
    /// The resolved tree, with places.
    pub tree: Option<Node>,
    /// Services that no active profile enables, with places.
    pub disabled: Option<Node>,
    /// For each included or extended file: the place of its `include` or `extends`, and the words for messages
    /// (`included from here`).
    pub(super) reached: BTreeMap<FileId, (Span, &'static str)>,
    /// The `label_file` of services, and its index among the attributes of the service.
    pub(super) label_files: BTreeMap<String, (usize, Json)>,
    /// The canonical model. `config --format json` prints this model with `$` doubled.
    pub model: Map<String, Json>,
}

impl Loaded {
    /// Returns whether an error forbids the use of the model.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
