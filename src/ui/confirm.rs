//! Questions on a terminal.

#![expect(clippy::disallowed_methods, reason = "asks whether somebody can answer")]

use std::io::IsTerminal;

use super::output;

/// Returns whether the user can be asked: standard input and standard error are terminals.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question on a terminal and returns whether the answer is yes. Without a terminal the answer is no.
///
/// Blocks until the question has been written and answered, so it is called on its own thread. Input that was typed
/// before the question appeared is discarded: it cannot be an answer.
pub fn confirm(question: &str) -> bool {
    if !is_interactive() {
        return false;
    }
    output::tell(question);
    output::wait_told();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
