//! `inception explain`.

use clap::Args;

use crate::diag::Diagnostic;
use crate::explain;
use crate::failure::{Exit, Failure};
use crate::model::Span;
use crate::ui;

/// Flags of `explain`.
#[derive(Args, Debug, Default)]
pub struct ExplainArgs {
    /// The code, as shown in brackets after `error` or `warning`; all are listed where none is given
    code: Option<String>,
}

/// Prints the page about a code, or the list of codes.
pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(code) = &args.code else {
        let rows = explain::pages().map(|page| vec![page.code.to_owned(), page.summary()]);
        ui::print(&ui::table(&["CODE", "MEANING"], rows.collect()));
        return Ok(Exit::SUCCESS);
    };
    // People paste what they see.
    let code = code.trim_start_matches("error").trim_start_matches("warning").trim_matches(['[', ']', ':', ' ']);
    match explain::page(code) {
        Some(page) => {
            ui::print(&format!("{}\n\n{}\n", page.code, page.body));
            Ok(Exit::SUCCESS)
        }
        None => {
            let shown = crate::text::escape_controls(code).into_owned();
            Err(Failure::one(
                Diagnostic::error("usage", Span::NONE, format!("there is no code `{shown}`"))
                    .help("`inception explain` lists all codes"),
            ))
        }
    }
}
