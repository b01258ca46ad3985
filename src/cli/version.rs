//! `inception version`.

use clap::{Args, ValueEnum};

use crate::failure::{Exit, Failure};
use crate::ui;

/// Flags of `version`.
#[derive(Args, Debug, Default)]
pub struct VersionArgs {
    /// `pretty` or `json`
    #[arg(short = 'f', long, value_enum, default_value_t)]
    format: Format,
    /// Only the number
    #[arg(long)]
    short: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Pretty,
    Json,
}

/// Prints the version.
pub(super) fn run(args: &VersionArgs) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    ui::print(&match (args.short, args.format) {
        (true, _) => format!("{version}\n"),
        (false, Format::Json) => format!("{}\n", serde_json::json!({ "version": format!("v{version}") })),
        (false, Format::Pretty) => format!("Inception version v{version}\n"),
    });
    Ok(Exit::SUCCESS)
}
