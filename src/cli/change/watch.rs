//! `inception watch`.

use clap::{ArgAction, Args};

use crate::app::watch::{self, WatchRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, QuietFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Bring containers up to date whenever files change, as `develop.watch` says
#[derive(Args, Debug)]
pub struct WatchArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Do not build and start the services first
    #[arg(long)]
    no_up: bool,
    /// Remove the images that a rebuild has replaced
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    prune: bool,
    /// Hide the output of builds
    #[arg(long)]
    quiet: bool,
}

impl CommandArgs for WatchArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request =
            WatchRequest { services: self.services.names.clone(), no_up: self.no_up, keep_images: !self.prune };
        let builds = QuietFlags { quiet: self.quiet }.context(invocation.context);
        watch::watch(invocation.context, &builds, &request)
    }
}
