//! `inception volumes`.

use clap::Args;

use crate::app::look::volumes::{self, VolumesRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::{Format, VolumeRow};

/// List the volumes of the project
#[derive(Args, Debug)]
pub struct VolumesArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Format of the output: `table`, `json`, or a template such as `{{.Name}} {{.Mountpoint}}`
    #[arg(long, default_value = "table", value_parser = values::format::<VolumeRow>)]
    format: Format,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

impl CommandArgs for VolumesArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request =
            VolumesRequest { services: self.services.names.clone(), quiet: self.quiet, format: self.format.clone() };
        volumes::volumes(invocation.context, &request)
    }
}
