//! Command lines that are wrong in a way that clap cannot see.

use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::Span;

/// Makes the failure of a wrong command line, with exit code 1. `message` says what is wrong, `help` what to type instead.
pub fn wrong(message: &str, help: &str) -> Failure {
    Failure::one(Diagnostic::error("usage", Span::NONE, message).help(help))
}
