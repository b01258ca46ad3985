//! `inception images`.

use clap::Args;

use crate::app::look::images::{self, ImagesRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::{Format, ImageRow};

/// List the images behind containers
#[derive(Args, Debug)]
pub struct ImagesArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Format of the output: `table`, `json`, or a template such as `{{.Repository}}:{{.Tag}}`
    #[arg(long, default_value = "table", value_parser = values::format::<ImageRow>)]
    format: Format,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
}

impl CommandArgs for ImagesArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request =
            ImagesRequest { services: self.services.names.clone(), quiet: self.quiet, format: self.format.clone() };
        images::images(invocation.context, &request)
    }
}
