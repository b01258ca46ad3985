//! `inception restart`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, GraceFlags, ServiceFlags};
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Restart containers
#[derive(Args, Debug, Default)]
pub struct RestartArgs {
    #[command(flatten)]
    services: ServiceFlags,
    #[command(flatten)]
    grace: GraceFlags,
    /// Leave alone the services that depend on the named services, and wait for none
    #[arg(long)]
    no_deps: bool,
}

impl CommandArgs for RestartArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let command = Lifecycle::Restart { grace: self.grace.timeout, no_dependencies: self.no_deps };
        lifecycle::lifecycle(invocation.context, &self.services.names, "restart", &command)
    }
}
