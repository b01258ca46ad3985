//! `inception wait`.

use clap::Args;

use crate::app::look::wait::{self, WaitRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};

/// Wait until the containers of services end; the exit code is that of the last
#[derive(Args, Debug)]
pub struct WaitArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services to wait for
    #[arg(required = true)]
    services: Vec<String>,
    /// Take the project down once the first container has ended
    #[arg(long)]
    down_project: bool,
}

impl CommandArgs for WaitArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = WaitRequest { services: self.services.clone(), takes_down: self.down_project };
        wait::wait(invocation.context, &request)
    }
}
