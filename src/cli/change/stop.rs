//! `inception stop`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, GraceFlags, ServiceFlags};
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Stop containers
#[derive(Args, Debug, Default)]
pub struct StopArgs {
    #[command(flatten)]
    services: ServiceFlags,
    #[command(flatten)]
    grace: GraceFlags,
}

impl CommandArgs for StopArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let command = Lifecycle::Stop { grace: self.grace.timeout };
        lifecycle::lifecycle(invocation.context, &self.services.names, "stop", &command)
    }
}
