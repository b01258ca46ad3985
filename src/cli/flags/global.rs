//! The options before the command. Together with their environment variables they make the [`Settings`].

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::files::FileFlags;
use crate::app::variables;
use crate::cli::values;
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::Span;
use crate::settings::{AnsiWhen, DiagnosticsFormat, LogLevel, ProgressKind, Settings, is_on, truth};

/// Options before the command. Those with `global = true` may also stand after the command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalFlags {
    /// Compose files; later ones are merged over earlier ones, `-` is standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Project name
    #[arg(short = 'p', long, value_name = "NAME")]
    pub project_name: Option<String>,

    /// Enable a profile; `*` enables all
    #[arg(long = "profile", value_name = "PROFILE")]
    pub profiles: Vec<String>,

    /// Env files to use instead of `.env`
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_files: Vec<PathBuf>,

    /// Directory that relative paths start from; by default the directory of the first compose file
    #[arg(long, value_name = "DIRECTORY", alias = "workdir")]
    pub project_directory: Option<PathBuf>,

    /// How to show progress
    #[arg(long, value_name = "KIND", global = true)]
    pub progress: Option<ProgressKind>,

    /// When to use colour and cursor control
    #[arg(long, value_name = "WHEN", global = true)]
    pub ansi: Option<AnsiWhen>,

    /// Show what would be done and change nothing
    #[arg(long, global = true)]
    pub dry_run: bool,

    /// How many engine calls may run at the same time; -1 means no limit
    #[arg(long, value_name = "N", global = true, allow_hyphen_values = true, value_parser = values::parallel)]
    pub parallel: Option<i64>,

    /// Separate the parts of container names by `_`, as docker-compose 1 did
    #[arg(long)]
    pub compatibility: bool,

    /// Include networks, volumes, configs and secrets that no service uses
    #[arg(long)]
    pub all_resources: bool,

    /// Address of the engine, such as `unix:///var/run/docker.sock`
    #[arg(short = 'H', long, value_name = "URL")]
    pub host: Option<String>,

    /// Docker context that names the engine
    #[arg(short = 'c', long, value_name = "NAME")]
    pub context: Option<String>,

    /// How much to log to standard error
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log_level: Option<LogLevel>,

    /// How to show errors and warnings
    #[arg(long, value_name = "FORMAT", global = true)]
    pub diagnostics: Option<DiagnosticsFormat>,

    /// Same as `--log-level debug`; plain progress then also shows what the steps of an image build print
    #[arg(short = 'D', long, alias = "verbose")]
    pub debug: bool,

    /// Never use colour
    #[arg(long = "no-ansi", hide = true)]
    pub no_ansi: bool,

    /// Show the version, as the command `version` does
    #[arg(short = 'v', long = "version", action = ArgAction::SetTrue)]
    pub version: bool,
}

impl GlobalFlags {
    /// Returns the environment with the settings of the project's env files. `after` are the compose files after the
    /// command.
    pub fn complete(&self, after: Option<&FileFlags>, environment: Environment) -> Environment {
        let files = self.files.iter().chain(after.into_iter().flat_map(|after| &after.files)).cloned().collect();
        variables::with_env_files(environment, files, self.project_directory.as_deref(), &self.env_files)
    }

    /// Turns the options into settings. `after` are the compose files after the command; they follow those before it. An
    /// option wins over its variable (`COMPOSE_PROGRESS`, `COMPOSE_ANSI`, `COMPOSE_COMPATIBILITY`, `INCEPTION_LOG`,
    /// `INCEPTION_DIAGNOSTICS`).
    pub fn settings(mut self, after: Option<&FileFlags>, environment: &Environment) -> Settings {
        self.files.extend(after.into_iter().flat_map(|after| after.files.iter().cloned()));
        let variable = |name| environment.get_non_empty(name);
        let ansi = if self.no_ansi { Some(AnsiWhen::Never) } else { self.ansi };
        let level = if self.debug { Some(LogLevel::Debug) } else { self.log_level };
        Settings {
            files: self.files,
            project_name: self.project_name,
            profiles: self.profiles,
            env_files: self.env_files,
            project_directory: self.project_directory,
            progress: self.progress.or_else(|| word(variable("COMPOSE_PROGRESS"))).unwrap_or_default(),
            ansi: ansi.or_else(|| word(variable("COMPOSE_ANSI"))).unwrap_or_default(),
            quiet_pull: false,
            quiet_build: false,
            is_dry_run: self.dry_run,
            parallel: self.parallel,
            compatibility: self.compatibility || is_on(environment, "COMPOSE_COMPATIBILITY"),
            all_resources: self.all_resources,
            host: self.host,
            docker_context: self.context,
            diagnostics: self.diagnostics.or_else(|| word(variable("INCEPTION_DIAGNOSTICS"))).unwrap_or_default(),
            diagnostics_are_data: false,
            status_to_stdout: is_on(environment, "COMPOSE_STATUS_STDOUT"),
            log_level: level.or_else(|| word(variable("INCEPTION_LOG"))).unwrap_or_default(),
        }
    }
}

/// Returns a warning for each variable whose value is none of its words. The variable then counts as not set.
pub fn unknown_words(environment: &Environment) -> Vec<Diagnostic> {
    let switches = SWITCHES.iter().map(|name| unknown_switch(environment, name));
    let found = [
        unknown_word::<ProgressKind>(environment, "COMPOSE_PROGRESS"),
        unknown_word::<AnsiWhen>(environment, "COMPOSE_ANSI"),
        unknown_word::<DiagnosticsFormat>(environment, "INCEPTION_DIAGNOSTICS"),
        unknown_word::<LogLevel>(environment, "INCEPTION_LOG"),
    ];
    found.into_iter().chain(switches).flatten().collect()
}

/// Variables that switch something on.
const SWITCHES: [&str; 4] =
    ["COMPOSE_COMPATIBILITY", "COMPOSE_REMOVE_ORPHANS", "COMPOSE_IGNORE_ORPHANS", "COMPOSE_STATUS_STDOUT"];

/// Returns the warning for a switch whose word is neither true nor false.
fn unknown_switch(environment: &Environment, name: &str) -> Option<Diagnostic> {
    let text = environment.get(name).filter(|text| truth(text).is_none())?;
    Some(means_nothing(name, text).help("write `true` or `false`"))
}

/// Returns the warning for a variable whose word means nothing.
fn means_nothing(name: &str, text: &str) -> Diagnostic {
    let shown = crate::text::escape_controls(text);
    let message = format!("the variable `{name}` is `{shown}`, which means nothing");
    Diagnostic::warning("bad-value", Span::NONE, message)
}

/// Returns the warning for one variable; `T` knows its words.
fn unknown_word<T: clap::ValueEnum>(environment: &Environment, name: &str) -> Option<Diagnostic> {
    let text = environment.get_non_empty(name).filter(|text| T::from_str(text, true).is_err())?;
    let known = T::value_variants().iter().filter_map(T::to_possible_value);
    let known: Vec<String> = known.map(|value| format!("`{}`", value.get_name())).collect();
    Some(means_nothing(name, text).help(format!("one of: {}", known.join(", "))))
}

/// Returns the meaning of a variable's word; `None` if the variable is not set or the word is not known.
fn word<T: clap::ValueEnum>(text: Option<&str>) -> Option<T> {
    T::from_str(text?, true).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_variable_does_not_know_are_warned_about() {
        let told = |name: &str, value: &str| {
            let environment = Environment::new([(name.to_owned(), value.to_owned())], "/");
            unknown_words(&environment).into_iter().map(|one| one.message).collect::<Vec<_>>()
        };
        assert_eq!(told("INCEPTION_LOG", "noise"), ["the variable `INCEPTION_LOG` is `noise`, which means nothing"]);
        assert_eq!(told("COMPOSE_PROGRESS", "fast").len(), 1);
        assert_eq!(told("COMPOSE_ANSI", "Never"), [""; 0]);
        assert_eq!(told("INCEPTION_DIAGNOSTICS", ""), [""; 0]);
        assert_eq!(
            told("COMPOSE_COMPATIBILITY", "yes"),
            ["the variable `COMPOSE_COMPATIBILITY` is `yes`, which means nothing"]
        );
        for word in ["1", "T", "true", " Y ", "0", "False", "n", ""] {
            assert_eq!(told("COMPOSE_REMOVE_ORPHANS", word), [""; 0], "{word}");
        }
    }
}
