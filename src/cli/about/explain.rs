//! `inception explain`.

use clap::Args;

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::usage::wrong;
use crate::explain;
use crate::failure::{Exit, Failure};
use crate::text::escape_controls;
use crate::ui;

/// Explain the code of an error or a warning
#[derive(Args, Debug, Default)]
pub struct ExplainArgs {
    /// The code that stands in brackets after `error` or `warning`; all codes are listed if none is given
    code: Option<String>,
}

impl CommandArgs for ExplainArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, _: &Invocation) -> Result<Exit, Failure> {
        ui::print(&match &self.code {
            Some(code) => page(code)?,
            None => list(),
        });
        Ok(Exit::SUCCESS)
    }
}

/// Returns the table of all codes.
fn list() -> String {
    let rows = explain::pages().map(|page| vec![page.code.to_owned(), page.summary()]);
    ui::table(&["CODE", "MEANING"], rows.collect())
}

/// Returns the page about a code. People paste what they see, so `error[bad-value]:` is read, too.
fn page(text: &str) -> Result<String, Failure> {
    let code = text.trim_start_matches("error").trim_start_matches("warning").trim_matches(['[', ']', ':', ' ']);
    let page = explain::page(code).ok_or_else(|| {
        wrong(&format!("there is no code `{}`", escape_controls(code)), "`inception explain` lists all codes")
    })?;
    Ok(format!("{}\n\n{}\n", page.code, page.body))
}
