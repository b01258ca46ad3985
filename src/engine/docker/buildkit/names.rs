//! Names: of the call in messages, and of sessions and builds in the engine.

use crate::engine::{EngineError, EngineResult, ErrorKind};

/// What a message calls the work.
pub(super) const WHAT: &str = "build image";

/// Returns a name that nobody else has: 25 letters and digits.
pub(super) fn random_id() -> EngineResult<String> {
    let mut bytes = [0; 25];
    match rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty()) {
        Ok(25) => Ok(bytes
            .iter()
            .map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuv"[usize::from(byte % 32)]))
            .collect()),
        _ => Err(EngineError::new(ErrorKind::Unsupported, WHAT, "the kernel gives no random numbers")),
    }
}
