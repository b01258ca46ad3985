//! `inception down`.

use clap::{Args, ValueEnum};

use crate::app::down;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, GraceFlags};
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::plan::{DownOptions, RemoveImages};
use crate::settings::is_on;

/// Stop and remove containers and networks
#[derive(Args, Debug, Default)]
pub struct DownArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services; all, and the networks, if none is named
    services: Vec<String>,
    /// Remove the named volumes of the file and anonymous volumes, WITH THEIR DATA; asks on a terminal
    #[arg(short, long, alias = "volume")]
    volumes: bool,
    /// Remove images: `all`, or `local` for those of services without `image` in the file
    #[arg(long, value_enum, value_name = "KIND")]
    rmi: Option<Rmi>,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    #[command(flatten)]
    grace: GraceFlags,
    /// Remove volumes without asking
    #[arg(short, long = "yes", alias = "y")]
    yes: bool,
}

/// The value of `--rmi`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rmi {
    Local,
    All,
}

impl CommandArgs for DownArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let context = invocation.context;
        down::down(context, &self.services, &self.options(&context.environment), self.yes)
    }
}

impl DownArgs {
    fn options(&self, environment: &Environment) -> DownOptions {
        DownOptions {
            volumes: self.volumes,
            images: match self.rmi {
                None => RemoveImages::None,
                Some(Rmi::Local) => RemoveImages::Local,
                Some(Rmi::All) => RemoveImages::All,
            },
            remove_orphans: self.remove_orphans || is_on(environment, "COMPOSE_REMOVE_ORPHANS"),
            grace: self.grace.timeout,
            ..DownOptions::default()
        }
    }
}
