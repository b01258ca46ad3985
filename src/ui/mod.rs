//! Turns events, plans and diagnostics into text: the only place that prints.
//!
//! Data goes to standard output, everything else to standard error.

use std::io::Write;

use crate::app::Failure;

/// Writes data to standard output. A closed pipe ends the program quietly, as it does for every filter.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // There is nobody left to tell when the reader has gone.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Tells why a command could not do its work.
pub fn failure(failure: &Failure) {
    let text = match failure {
        Failure::Diagnostics { list, .. } => list.iter().map(|one| format!("error: {}\n", one.message)).collect(),
        Failure::Engine(error) => format!("error: cannot {}\n  cause: {}\n", error.request, error.message),
        Failure::Interrupted(_) | Failure::Told(_) => return,
        Failure::Other(error) => format!("error: {error:#}\n"),
    };
    // There is nobody left to tell when the terminal has gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
