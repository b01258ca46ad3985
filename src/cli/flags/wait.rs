//! `--wait`: until all containers are running or healthy.

use std::time::Duration;

use clap::Args;

use crate::cli::values;

/// Whether a run waits until its containers work, and for how long. `up`, `plan` and `start` take these flags.
#[derive(Args, Debug, Default)]
pub struct WaitFlags {
    /// Wait until all containers are running or healthy; `up` then ends, as with `--detach`
    #[arg(long)]
    pub wait: bool,
    /// Seconds after which a wait for a container fails
    #[arg(long, value_name = "SECONDS", value_parser = values::seconds)]
    pub wait_timeout: Option<Duration>,
}
