//! The settings of this run (global options and their variables), and the context that every command gets.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::ValueEnum;

use crate::env::Environment;

/// Settings that hold for every command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Compose files as given. Empty: the loader looks for the default names.
    pub files: Vec<PathBuf>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<PathBuf>,
    /// `--project-directory`.
    pub project_directory: Option<PathBuf>,
    /// `--progress`.
    pub progress: ProgressKind,
    /// `--quiet-pull`: pulls tell only their start and their end.
    pub quiet_pull: bool,
    /// `--quiet-build`: builds tell only their start and their end.
    pub quiet_build: bool,
    /// `--ansi`.
    pub ansi: AnsiWhen,
    /// `--dry-run`.
    pub is_dry_run: bool,
    /// `--parallel`: the most engine requests at the same time. -1 is without limit. With `None`,
    /// COMPOSE_PARALLEL_LIMIT or the program's default counts.
    pub parallel: Option<i64>,
    /// `--compatibility`.
    pub compatibility: bool,
    /// `--all-resources`.
    pub all_resources: bool,
    /// `--host`.
    pub host: Option<String>,
    /// `--context`.
    pub docker_context: Option<String>,
    /// Whether progress goes to standard output (COMPOSE_STATUS_STDOUT).
    pub status_to_stdout: bool,
    /// `--log-level`.
    pub log_level: LogLevel,
    /// `--diagnostics`.
    pub diagnostics: DiagnosticsFormat,
    /// Whether diagnostics are the output of the command (`config -q`): JSON and SARIF then go to standard output.
    pub diagnostics_are_data: bool,
}

impl Settings {
    /// Returns the separator between project, service and number in names on the engine: `-`, or `_` with
    /// `--compatibility`.
    pub fn separator(&self) -> char {
        if self.compatibility { '_' } else { '-' }
    }
}

/// Returns what a value of a variable such as `COMPOSE_COMPATIBILITY` means; `None` for an unknown word.
///
/// Compat: docker compose accepts these words in any case; every other word counts as false.
pub fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "y" => Some(true),
        "" | "0" | "f" | "false" | "n" => Some(false),
        _ => None,
    }
}

/// Returns whether a variable is set to a word for true.
pub fn is_on(environment: &Environment, name: &str) -> bool {
    environment.get(name).and_then(truth) == Some(true)
}

/// `--diagnostics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticsFormat {
    /// For people: the line, carets, cause and help.
    #[default]
    Text,
    /// A JSON object per line.
    Json,
    /// One SARIF 2.1.0 document at the end.
    Sarif,
}

/// `--progress`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// A live view on a terminal, plain lines elsewhere.
    #[default]
    Auto,
    /// A live view.
    Tty,
    /// A line per event.
    Plain,
    /// A JSON object per event.
    Json,
    /// Nothing.
    #[value(alias = "none")]
    Quiet,
}

/// `--ansi`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnsiWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `--log-level`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Engine calls with their duration and much more.
    Trace,
    /// Engine calls with their duration.
    Debug,
    /// Commands and steps.
    Info,
    /// Warnings: oddities that were worked around.
    Warn,
    /// Failures.
    Error,
    /// Nothing.
    #[default]
    Off,
}

/// What every command gets besides its own request.
#[derive(Clone, Debug)]
pub struct Context {
    /// The process environment.
    pub environment: Environment,
    /// The settings.
    pub settings: Settings,
    /// The SARIF results so far; the document is written when the command ends.
    pub results: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Context {
    /// Puts the parts together.
    pub fn new(environment: Environment, settings: Settings) -> Self {
        Self { environment, settings, results: Arc::default() }
    }
}
