//! `-f FILE` after the command.

use std::path::PathBuf;

use clap::Args;

/// `-f FILE` after the command, as in `up -f FILE`.
#[derive(Args, Clone, Debug, Default)]
pub struct FileFlags {
    /// Compose files, like `-f` before the command
    #[arg(short = 'f', long = "file", value_name = "FILE", id = "command_files")]
    pub files: Vec<PathBuf>,
}
