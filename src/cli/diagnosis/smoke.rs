//! `inception smoke`.

use clap::{Args, ValueEnum};

use crate::app::diagnosis::smoke::{self, SmokeRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::ui;

/// Carry out the checks of the file (`x-smoke`) on the running stack; the exit code is 2 if one fails
#[derive(Args, Debug, Default)]
pub struct SmokeArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Names of checks; all if none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Also carry out checks that disturb the stack: killed processes, restarts
    #[arg(long)]
    disturb: bool,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl CommandArgs for SmokeArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let format = match self.format {
            Format::Text => ui::smoke::Format::Text,
            Format::Json => ui::smoke::Format::Json,
            Format::Junit => ui::smoke::Format::Junit,
        };
        let request = SmokeRequest { names: self.names.clone(), disturb: self.disturb, format };
        smoke::smoke(invocation.context, &request)
    }
}

/// The value of `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Junit,
}
