//! `inception check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::app::diagnosis::check::{self, CheckRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::{diagnose, ui};

/// Judge stacks by rules: risky settings, and those of the subject; the exit code is 2 if a rule is broken
#[derive(Args, Debug, Default)]
pub struct CheckArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Compose files, or folders with a compose file in them or in their `srcs`; the project of here if none is named
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Which rules count
    #[arg(long, value_enum, default_value_t)]
    rules: Rules,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// A base image that counts as the right one, such as `debian:trixie`
    #[arg(long, value_name = "IMAGE")]
    base: Vec<String>,
}

impl CommandArgs for CheckArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = CheckRequest {
            paths: self.paths.clone(),
            set: match self.rules {
                Rules::Subject => diagnose::Set::Subject,
                Rules::Security => diagnose::Set::Security,
                Rules::All => diagnose::Set::All,
            },
            format: match self.format {
                Format::Text => ui::findings::Format::Text,
                Format::Json => ui::findings::Format::Json,
                Format::Sarif => ui::findings::Format::Sarif,
            },
            bases: self.base.clone(),
        };
        check::check(invocation.context, &request)
    }
}

/// The value of `--rules`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Rules {
    /// Those of the school project Inception
    Subject,
    /// Those about security
    Security,
    /// All; those of the subject for a stack that builds nginx, WordPress or MariaDB
    #[default]
    All,
}

/// The value of `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Sarif,
}
