//! Turns events, plans and diagnostics into text: the only place that prints.
//!
//! Data goes to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

use crate::failure::Failure;

use crate::diag::Diagnostic;
use crate::model::Sources;
use crate::settings::{AnsiWhen, Context};

pub mod diagnostics;
pub mod logs;
pub mod plan;
pub mod progress;
mod table;

pub use diagnostics::Style;
pub use table::table;

/// Writes data to standard output. A closed pipe ends the program quietly, as it does for every filter.
pub fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// As [`print`], for bytes that need not be text.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush())
        && error.kind() == std::io::ErrorKind::BrokenPipe
    {
        // Nobody reads any more: going on would only follow logs for nobody.
        std::process::exit(0);
    }
}

/// Writes words for people to standard error.
pub fn tell(text: &str) {
    let mut out = std::io::stderr().lock();
    // There is nobody left to tell when the terminal has gone.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Asks a question on a terminal; no terminal means no.
pub fn confirm(question: &str) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    tell(question);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Returns how to draw on standard error.
pub fn style(context: &Context) -> Style {
    let is_terminal = std::io::stderr().is_terminal();
    let is_coloured = match context.settings.ansi {
        AnsiWhen::Always => true,
        AnsiWhen::Never => false,
        AnsiWhen::Auto => {
            is_terminal
                && context.environment.get_non_empty("NO_COLOR").is_none()
                && context.environment.get("TERM") != Some("dumb")
        }
    };
    let width =
        if is_terminal { crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)) } else { None };
    Style { is_coloured, width }
}

/// Shows diagnostics on standard error.
pub fn diagnostics(context: &Context, list: &[Diagnostic], sources: &Sources) {
    if !list.is_empty() {
        tell(&diagnostics::render(list, sources, style(context)));
    }
}

/// Tells why a command could not do its work.
pub fn failure(failure: &Failure, style: Style) {
    let (list, sources) = failure.told();
    tell(&diagnostics::render(&list, &sources, style));
}
