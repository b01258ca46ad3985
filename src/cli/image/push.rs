//! `inception push`.

use clap::Args;

use crate::app::images::{self, PushRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, QuietFlags};
use crate::failure::{Exit, Failure};

/// Push the images that are built here
#[derive(Args, Debug, Default)]
pub struct PushArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services whose images to push; all if none is named
    services: Vec<String>,
    /// Go on when an image cannot be pushed
    #[arg(long)]
    ignore_push_failures: bool,
    /// Push also the images of services that the named services depend on
    #[arg(long)]
    include_deps: bool,
    #[command(flatten)]
    quiet: QuietFlags,
}

impl CommandArgs for PushArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = PushRequest {
            services: self.services.clone(),
            ignores_failures: self.ignore_push_failures,
            with_dependencies: self.include_deps,
        };
        images::push(&self.quiet.context(invocation.context), &request)
    }
}
