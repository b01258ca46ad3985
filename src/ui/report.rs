//! What a command prints besides its data: diagnostics, in the format of `--diagnostics`.

#![expect(clippy::disallowed_methods, reason = "asks whether the standard streams are terminals")]

use std::io::IsTerminal;
use std::sync::PoisonError;

use super::diagnostics::{self, Style};
use super::{output, terminal};
use crate::diag::Diagnostic;
use crate::failure::{Exit, Failure};
use crate::model::Sources;
use crate::settings::{AnsiWhen, Context, DiagnosticsFormat};

/// Returns how to render on standard error.
pub fn style(context: &Context) -> Style {
    style_for(context, std::io::stderr().is_terminal())
}

/// Returns how to render on standard output, for commands whose data are diagnostics.
pub fn data_style(context: &Context) -> Style {
    style_for(context, std::io::stdout().is_terminal())
}

fn style_for(context: &Context, is_terminal: bool) -> Style {
    let is_coloured = match context.settings.ansi {
        AnsiWhen::Always => true,
        AnsiWhen::Never => false,
        AnsiWhen::Auto => {
            is_terminal
                && context.environment.get_non_empty("NO_COLOR").is_none()
                && context.environment.get("TERM") != Some("dumb")
        }
    };
    let width = if is_terminal { terminal::size().map(|size| size.columns) } else { None };
    Style { is_coloured, width }
}

/// Shows diagnostics in the format of `--diagnostics`, on standard error; on standard output if they are the data
/// (`config -q`). SARIF results are kept until [`finish`].
pub fn diagnostics(context: &Context, list: &[Diagnostic], sources: &Sources) {
    match context.settings.diagnostics {
        _ if list.is_empty() => {}
        DiagnosticsFormat::Text => output::tell_surely(diagnostics::render(list, sources, style(context))),
        DiagnosticsFormat::Json => report(context, diagnostics::json_lines(list, sources)),
        DiagnosticsFormat::Sarif => {
            // A panic in another holder of the lock leaves the list valid.
            let mut results = context.results.lock().unwrap_or_else(PoisonError::into_inner);
            results.extend(diagnostics::sarif_results(list, sources));
        }
    }
}

/// Prints why a command could not do its work. After a signal, [`output::close()`] waits for readers only briefly.
pub fn failure(context: &Context, failure: &Failure) {
    if matches!(failure, Failure::Interrupted(_)) {
        output::hurry();
    }
    let (list, sources) = failure.told();
    diagnostics(context, &list, &sources);
}

/// Writes the SARIF document, once, when a command has ended.
pub fn finish(context: &Context) {
    if context.settings.diagnostics == DiagnosticsFormat::Sarif {
        let results = std::mem::take(&mut *context.results.lock().unwrap_or_else(PoisonError::into_inner));
        report(context, diagnostics::sarif(results));
    }
}

/// Ends the program's output: the terminal is restored, and the queues are written. Returns the exit code, which is the
/// command's unless standard output could not be written ([`output::close()`]).
pub fn close(exit: Exit) -> Exit {
    terminal::restore();
    output::close(exit)
}

fn report(context: &Context, text: String) {
    match context.settings.diagnostics_are_data {
        true => output::print_owned(text),
        false => output::tell_surely(text),
    }
}
