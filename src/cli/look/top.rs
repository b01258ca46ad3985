//! `inception top`.

use clap::Args;

use crate::app::look::top;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::failure::{Exit, Failure};

/// Show the processes of running containers
#[derive(Args, Debug, Default)]
pub struct TopArgs {
    #[command(flatten)]
    services: ServiceFlags,
}

impl CommandArgs for TopArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        top::top(invocation.context, &self.services.names)
    }
}
