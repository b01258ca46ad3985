//! How the output of containers is printed.

use clap::Args;

/// How the output of containers is printed; `up` and `logs` take these flags.
#[derive(Args, Debug, Default)]
pub struct OutputFlags {
    /// Print output without colour
    #[arg(long)]
    pub no_color: bool,
    /// Print output without the container's name in front
    #[arg(long)]
    pub no_log_prefix: bool,
}
