//! `inception pause`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Pause containers: freeze their processes
#[derive(Args, Debug, Default)]
pub struct PauseArgs {
    #[command(flatten)]
    services: ServiceFlags,
}

impl CommandArgs for PauseArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        lifecycle::lifecycle(invocation.context, &self.services.names, "pause", &Lifecycle::Pause)
    }
}
