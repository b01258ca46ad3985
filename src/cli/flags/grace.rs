//! `--timeout`: how long a container may take to stop.

use std::time::Duration;

use clap::Args;

use crate::cli::values;

/// The grace period of containers that are stopped.
#[derive(Args, Debug, Default)]
pub struct GraceFlags {
    /// Seconds between a container's stop signal and its kill
    #[arg(short, long, value_name = "SECONDS", value_parser = values::seconds)]
    pub timeout: Option<Duration>,
}
