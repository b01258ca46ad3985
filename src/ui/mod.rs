//! Turns events, plans and diagnostics into text: the only place that prints.
//!
//! Data goes to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

use crate::failure::Failure;

use crate::diag::Diagnostic;
use crate::model::Sources;
use crate::settings::{AnsiWhen, Context, DiagnosticsFormat};

pub mod diagnostics;
pub mod logs;
pub mod plan;
pub mod progress;
mod table;
pub mod template;

pub use diagnostics::Style;
pub use table::{table, wide_table};

/// Writes data to standard output. A closed pipe ends the program quietly, as it does for every filter; any other fault, such
/// as a full disk, ends it with 1.
pub fn print(text: &str) {
    print_bytes(text.as_bytes());
}

/// As [`print()`], for lines that hold names from files: on a terminal nothing in them acts on it.
pub fn print_lines(text: &str) {
    if !std::io::stdout().is_terminal() {
        return print(text);
    }
    let lines = text.lines().map(|line| crate::text::escape_controls(line).into_owned() + "\n");
    print(&lines.collect::<String>());
}

/// As [`print()`], for bytes that need not be text.
pub(crate) fn print_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) else { return };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        // Nobody reads any more: going on would only follow logs for nobody.
        std::process::exit(0);
    }
    // Half a document must not be taken for a whole one.
    tell(&format!("error: cannot write to standard output: {error}\n"));
    std::process::exit(1);
}

/// Writes words for people to standard error.
pub fn tell(text: &str) {
    let mut out = std::io::stderr().lock();
    // There is nobody left to tell when the terminal has gone.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Returns whether somebody can be asked.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question on a terminal; no terminal means no.
pub fn confirm(question: &str) -> bool {
    if !is_interactive() {
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

/// Shows diagnostics in the format asked for: on standard error, or on standard output where they are the data.
pub fn diagnostics(context: &Context, list: &[Diagnostic], sources: &Sources) {
    match context.settings.diagnostics {
        _ if list.is_empty() => {}
        DiagnosticsFormat::Text => tell(&diagnostics::render(list, sources, style(context))),
        DiagnosticsFormat::Json => report(context, &diagnostics::json_lines(list, sources)),
        DiagnosticsFormat::Sarif => {
            // A poisoned lock holds results all the same.
            let mut results = context.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            results.extend(diagnostics::sarif_results(list, sources));
        }
    }
}

/// Tells why a command could not do its work.
pub fn failure(context: &Context, failure: &Failure) {
    let (list, sources) = failure.told();
    diagnostics(context, &list, &sources);
}

/// Writes what is written once, when a command has ended: the SARIF document.
pub fn finish(context: &Context) {
    if context.settings.diagnostics == DiagnosticsFormat::Sarif {
        let results = std::mem::take(&mut *context.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        report(context, &diagnostics::sarif(results));
    }
}

fn report(context: &Context, text: &str) {
    if context.settings.diagnostics_are_data { print(text) } else { tell(text) }
}
