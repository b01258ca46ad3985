//! Flags of docker compose that have no effect here.

use clap::Args;

/// Hidden flags that are accepted, so that command lines written for docker compose work.
#[derive(Args, Debug, Default)]
pub struct UnusedFlags {
    /// Pull images without showing progress
    #[arg(long, hide = true)]
    quiet_pull: bool,
    /// Build images without showing progress
    #[arg(long, hide = true)]
    quiet_build: bool,
}
