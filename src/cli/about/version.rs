//! `inception version`.

use clap::{Args, ValueEnum};

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::ui;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Show the version
#[derive(Args, Debug, Default)]
pub struct VersionArgs {
    /// Format of the output
    #[arg(short = 'f', long, value_enum, default_value_t)]
    format: Format,
    /// Print the number only
    #[arg(long)]
    short: bool,
}

/// The value of `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Json,
}

impl CommandArgs for VersionArgs {
    /// The `-f` of `version` is `--format`.
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, _: &Invocation) -> Result<Exit, Failure> {
        self.print();
        Ok(Exit::SUCCESS)
    }
}

impl VersionArgs {
    fn print(&self) {
        ui::print(&match (self.short, self.format) {
            (true, _) => format!("{VERSION}\n"),
            (false, Format::Json) => format!("{}\n", serde_json::json!({ "version": format!("v{VERSION}") })),
            (false, Format::Pretty) => format!("Inception version v{VERSION}\n"),
        });
    }
}

/// Prints the version as `inception version` does; for `inception --version`, which has no command.
pub fn print() -> Exit {
    VersionArgs::default().print();
    Exit::SUCCESS
}
