//! `inception stats`.

use clap::Args;

use crate::app::look::stats::{self, StatsRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::{Format, StatsRow};

/// Show what containers use, once a second
#[derive(Args, Debug)]
pub struct StatsArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Show containers that do not run, too
    #[arg(short, long)]
    all: bool,
    /// Format of the output: `table`, `json`, or a template such as `{{.Name}} {{.MemUsage}}`
    #[arg(long, default_value = "table", value_parser = values::format::<StatsRow>)]
    format: Format,
    /// Show one table and end
    #[arg(long)]
    no_stream: bool,
    /// Show ids whole
    #[arg(long)]
    no_trunc: bool,
}

impl CommandArgs for StatsArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = StatsRequest {
            services: self.services.names.clone(),
            all: self.all,
            format: self.format.clone(),
            is_once: self.no_stream,
            is_whole: self.no_trunc,
        };
        stats::stats(invocation.context, &request)
    }
}
