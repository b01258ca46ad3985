//! `--format text|json`.

use clap::{Args, ValueEnum};

/// The format of what `plan` and `drift` print.
#[derive(Args, Debug, Default)]
pub struct FormatFlags {
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

/// For people, or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    #[default]
    Text,
    Json,
}
