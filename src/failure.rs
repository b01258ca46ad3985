//! How a command ends: an exit code, or why it could not do its work. Printed once, at the top.

use crate::diag::Diagnostic;
use crate::engine::{EngineError, ErrorKind};
use crate::model::{Sources, Span};

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

    /// Returns what there is to tell, with the texts the places are in; nothing where it has been told.
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
