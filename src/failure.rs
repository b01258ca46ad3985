//! How a command ends: with an exit code, or with a failure, which `cli` prints once.

use crate::diag::Diagnostic;
use crate::engine::{EngineError, ErrorKind};
use crate::model::{Sources, Span};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// The command has done its work.
    pub const SUCCESS: Exit = Exit(0);
    /// A step of the command failed, or the command line was wrong.
    pub const FAILURE: Exit = Exit(1);
    /// `plan`: there are steps to run; `drift`: changes were found.
    pub const CHANGES: Exit = Exit(2);
    /// SIGINT.
    pub const INTERRUPTED: Exit = Exit(130);
    /// SIGTERM.
    pub const TERMINATED: Exit = Exit(143);
}

/// Why a command could not do its work. `cli` prints a failure once.
#[derive(Debug)]
pub enum Failure {
    /// Errors of the files, the command line or the machine, all reported at once.
    Diagnostics {
        /// The diagnostics.
        list: Vec<Diagnostic>,
        /// The texts that the places of the diagnostics are in.
        sources: Box<Sources>,
    },
    /// A request to the engine failed.
    Engine(EngineError),
    /// A signal ended the run. The progress has been printed.
    Interrupted(Exit),
    /// The failures have been printed as events; only the exit code is left.
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

    /// Returns the diagnostics that have not been printed yet, with the texts that their places are in.
    pub fn told(&self) -> (Vec<Diagnostic>, Sources) {
        let one = match self {
            Failure::Diagnostics { list, sources } => return (list.clone(), (**sources).clone()),
            Failure::Interrupted(_) | Failure::Told(_) => return Default::default(),
            Failure::Engine(error) => {
                let message = format!("cannot {}", error.request);
                let diagnostic = Diagnostic::error("engine", Span::NONE, message).cause(error.message.clone());
                match error.kind {
                    ErrorKind::Connection => diagnostic.help(
                        "start the engine (`service docker start`), or say where it is with `--host` or DOCKER_HOST",
                    ),
                    _ => diagnostic,
                }
            }
            Failure::Other(error) => Diagnostic::error("failed", Span::NONE, format!("{error:#}")),
        };
        (vec![one], Sources::default())
    }

    /// Makes a failure of one diagnostic that has no place in a file.
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
