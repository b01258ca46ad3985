//! `inception unpause`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Resume paused containers
#[derive(Args, Debug, Default)]
pub struct UnpauseArgs {
    #[command(flatten)]
    services: ServiceFlags,
}

impl CommandArgs for UnpauseArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        lifecycle::lifecycle(invocation.context, &self.services.names, "unpause", &Lifecycle::Unpause)
    }
}
