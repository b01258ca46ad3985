//! `inception start`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Start containers that exist
#[derive(Args, Debug, Default)]
pub struct StartArgs {
    #[command(flatten)]
    services: ServiceFlags,
}

impl CommandArgs for StartArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        lifecycle::lifecycle(invocation.context, &self.services.names, "start", &Lifecycle::Start)
    }
}
