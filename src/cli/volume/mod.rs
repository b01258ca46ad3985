//! `inception volume`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::app::volume::backup::{self, BackupRequest};
use crate::app::volume::{list, verify};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, FormatFlags, TextOrJson};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::{Format, KeptRow};

/// Show the volumes of the project with size and users, and write their contents into a file
#[derive(Args, Debug)]
pub struct VolumeArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(subcommand)]
    action: VolumeAction,
}

/// What is done with volumes.
#[derive(Subcommand, Debug)]
enum VolumeAction {
    /// List the volumes with size, users, and how full the disk beneath is
    Ls {
        /// Format of the output: `table`, `json`, or a template such as `{{.Key}} {{.SizeBytes}}`
        #[arg(long, default_value = "table", value_parser = values::format::<KeptRow>)]
        format: Format,
    },
    /// Show everything about a volume: options, labels, size, users
    Inspect {
        /// The volume, by its key in the file
        key: String,
        #[command(flatten)]
        output: FormatFlags,
    },
    /// Write the contents of volumes into a file; running containers that may write into them are paused meanwhile
    Backup {
        /// Volumes by their keys in the file, or services whose volumes are meant; all volumes if none is named
        #[arg(value_name = "KEY|SERVICE")]
        names: Vec<String>,
        /// The file to write, a tar archive compressed by zstd
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Read a backup to its end and compare it with its checksums
    Verify {
        /// The file
        file: PathBuf,
    },
}

impl CommandArgs for VolumeArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let context = invocation.context;
        match &self.action {
            VolumeAction::Ls { format } => list::list(context, format),
            VolumeAction::Inspect { key, output } => list::inspect(context, key, output.format == TextOrJson::Json),
            VolumeAction::Backup { names, output } => {
                backup::backup(context, &BackupRequest { names: names.clone(), output: output.clone() })
            }
            VolumeAction::Verify { file } => verify::verify(file),
        }
    }
}
