//! What `cp` is asked, and how it fails.

use std::ffi::OsString;
use std::io;

use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::Span;
use crate::text::escape_controls;

/// The request of `cp`.
#[derive(Clone, Debug, Default)]
pub struct CopyRequest {
    /// What is copied: `PATH`, `SERVICE:PATH` or `-`.
    pub from: OsString,
    /// Where it goes, in the same forms.
    pub to: OsString,
    /// `--index`; `None` is every replica of a target, and the first of a source.
    pub index: Option<u32>,
    /// `--all`: also containers that `run` made.
    pub with_oneoffs: bool,
    /// `--archive`.
    pub keeps_owners: bool,
    /// `--follow-link`.
    pub follows: bool,
}

/// Makes the failure of a copy of `what`.
pub(super) fn cannot_copy(what: &str, cause: impl std::fmt::Display) -> Failure {
    let message = format!("cannot copy `{}`", escape_controls(what));
    let cause = escape_controls(&cause.to_string()).into_owned();
    Failure::one(Diagnostic::error("cannot-copy", Span::NONE, message).cause(cause))
}

/// Runs work that blocks, on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
