//! One file per command: the order of the calls and nothing else.
//!
//! A command takes a [`Context`] and a request and gives an [`Exit`] or a [`Failure`]; `cli` prints the failure.

use crate::diag::Diagnostic;
use crate::engine::EngineError;
use crate::env::Environment;
use crate::model::Sources;

pub mod config;
mod contents;
pub mod down;
mod lock;
pub mod logs;
pub mod ps;
mod session;
mod settings;
pub mod up;

pub use settings::{AnsiWhen, LogLevel, ProgressKind, Settings};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// Everything is as asked.
    pub const SUCCESS: Exit = Exit(0);
    /// Something failed, or the command line was wrong.
    pub const FAILURE: Exit = Exit(1);
    /// `plan`: there is something to do.
    pub const CHANGES: Exit = Exit(2);
    /// SIGINT.
    pub const INTERRUPTED: Exit = Exit(130);
    /// SIGTERM.
    pub const TERMINATED: Exit = Exit(143);
}

/// Why a command could not do its work; printed once, at the top.
#[derive(Debug)]
pub enum Failure {
    /// The user must mend something: all of it at once.
    Diagnostics {
        /// What to tell.
        list: Vec<Diagnostic>,
        /// The texts the places are in.
        sources: Box<Sources>,
    },
    /// The engine failed.
    Engine(EngineError),
    /// A signal ended the run; what was done has been told.
    Interrupted(Exit),
    /// Already told, event by event; only the exit code is left.
    Told(Exit),
    /// Anything else, with its chain of causes.
    Other(anyhow::Error),
}

impl Failure {
    /// Returns the exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Interrupted(exit) | Failure::Told(exit) => *exit,
            Failure::Diagnostics { .. } | Failure::Engine(_) | Failure::Other(_) => Exit::FAILURE,
        }
    }

    /// Makes a failure of one diagnostic that stands in no file.
    pub fn one(diagnostic: Diagnostic) -> Self {
        Failure::Diagnostics { list: vec![diagnostic], sources: Box::default() }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Failure::Engine(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Other(error)
    }
}

/// What every command has at hand.
#[derive(Clone, Debug)]
pub struct Context {
    /// The process environment.
    pub environment: Environment,
    /// What the options every command has say.
    pub settings: Settings,
}

impl Context {
    /// Puts the parts together.
    pub fn new(environment: Environment, settings: Settings) -> Self {
        Self { environment, settings }
    }

    /// Returns how to load the project, by the global options.
    pub fn load_options(&self) -> crate::loader::LoadOptions {
        crate::loader::LoadOptions {
            files: self.settings.files.clone(),
            project_name: self.settings.project_name.clone(),
            project_directory: self.settings.project_directory.clone(),
            profiles: self.settings.profiles.clone(),
            env_files: self.settings.env_files.clone(),
            all_resources: self.settings.all_resources,
            ..crate::loader::LoadOptions::default()
        }
    }
}

/// A signal ended the run: 130 for SIGINT, 143 for SIGTERM.
fn interrupted(signal: crate::exec::Signal) -> Failure {
    Failure::Interrupted(match signal {
        crate::exec::Signal::Interrupt => Exit::INTERRUPTED,
        crate::exec::Signal::Terminate => Exit::TERMINATED,
    })
}
