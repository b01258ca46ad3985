//! `inception start`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags, WaitFlags};
use crate::failure::{Exit, Failure};
use crate::plan::{Lifecycle, UntilReady};

/// Start containers that exist
#[derive(Args, Debug, Default)]
pub struct StartArgs {
    #[command(flatten)]
    services: ServiceFlags,
    #[command(flatten)]
    wait: WaitFlags,
}

impl CommandArgs for StartArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        // Compat: without `--wait`, `--wait-timeout` has no effect.
        let wait = self.wait.wait.then_some(UntilReady { limit: self.wait.wait_timeout });
        lifecycle::lifecycle(invocation.context, &self.services.names, "start", &Lifecycle::Start { wait })
    }
}
