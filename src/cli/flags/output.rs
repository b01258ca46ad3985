//! How the output of containers is printed.

use clap::Args;

use super::TextOrJson;

/// How the output of containers is printed; `up` and `logs` take these flags.
#[derive(Args, Debug, Default)]
pub struct OutputFlags {
    /// Print output without colour
    #[arg(long)]
    pub no_color: bool,
    /// Print output without the container's name in front
    #[arg(long)]
    pub no_log_prefix: bool,
    /// Format of the output of containers: lines, or an object on each line
    #[arg(long, value_enum, default_value_t)]
    pub format: TextOrJson,
}

impl OutputFlags {
    /// Whether lines are printed as objects.
    pub fn is_json(&self) -> bool {
        self.format == TextOrJson::Json
    }
}
