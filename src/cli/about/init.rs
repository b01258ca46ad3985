//! `inception init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::app::init;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};

/// Write a stack that runs into a folder; nothing is overwritten
#[derive(Args, Debug, Default)]
pub struct InitArgs {
    /// The folder, made where it is missing; without it, this one
    #[arg(value_name = "DIRECTORY")]
    folder: Option<PathBuf>,
    /// Which stack
    #[arg(long, value_enum, default_value_t)]
    template: Template,
}

/// The value of `--template`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Template {
    /// One service, built from Debian
    #[default]
    Minimal,
    /// WordPress behind nginx with TLS, and MariaDB; with secrets, certificates and settings
    Inception,
}

impl CommandArgs for InitArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let template = match self.template {
            Template::Minimal => init::Template::Minimal,
            Template::Inception => init::Template::Inception,
        };
        init::init(invocation.context, self.folder.as_deref(), template)
    }
}
