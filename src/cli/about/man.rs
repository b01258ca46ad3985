//! `inception man`: the manual, a page a command. For those who package the program.

use std::path::PathBuf;

use clap::Args;

use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};

/// Write the manual pages into a directory
#[derive(Args, Debug)]
#[command(hide = true)]
pub struct ManArgs {
    /// The directory, which must exist
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

impl CommandArgs for ManArgs {
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let shown = crate::text::escape_controls(&self.directory.to_string_lossy()).into_owned();
        let fault = |error| Failure::Other(anyhow::Error::new(error).context(format!("cannot write into `{shown}`")));
        clap_mangen::generate_to((invocation.program)(), &self.directory).map_err(fault)?;
        Ok(Exit::SUCCESS)
    }
}
