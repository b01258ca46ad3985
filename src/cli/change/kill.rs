//! `inception kill`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Send a signal to containers
#[derive(Args, Debug)]
pub struct KillArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Signal to send: a name or a number
    #[arg(short, long, default_value = "SIGKILL", value_parser = values::signal)]
    signal: String,
    /// If no service is named: send the signal also to containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
}

impl CommandArgs for KillArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let command = Lifecycle::Kill { signal: self.signal.clone(), orphans: self.remove_orphans };
        lifecycle::lifecycle(invocation.context, &self.services.names, "kill", &command)
    }
}
