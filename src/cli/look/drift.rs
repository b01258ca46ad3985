//! `inception drift`.

use clap::Args;

use crate::app::drift;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, FormatFlags, TextOrJson};
use crate::failure::{Exit, Failure};

/// Show what was changed on the engine by hand; the exit code is 2 if anything was
#[derive(Args, Debug, Default)]
pub struct DriftArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services; all, and the networks and volumes, if none is named
    services: Vec<String>,
    #[command(flatten)]
    output: FormatFlags,
}

impl CommandArgs for DriftArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        drift::drift(invocation.context, &self.services, self.output.format == TextOrJson::Json)
    }
}
