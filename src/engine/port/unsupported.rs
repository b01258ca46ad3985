//! The answer of an engine that lacks a call.

use crate::engine::{EngineError, EngineResult, ErrorKind};

/// Returns the error of a call that this engine does not have.
pub(super) fn unsupported<T>(call: &'static str) -> EngineResult<T> {
    Err(EngineError::new(ErrorKind::Unsupported, call, "this engine does not have the call"))
}
