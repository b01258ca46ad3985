//! Compose files and names of services: all that many commands take.

use clap::Args;

use super::files::FileFlags;

/// Compose files and services.
#[derive(Args, Debug, Default)]
pub struct ServiceFlags {
    #[command(flatten)]
    pub files: FileFlags,
    /// Services; all if none is named
    #[arg(value_name = "SERVICES")]
    pub names: Vec<String>,
}
