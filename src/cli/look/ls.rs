//! `inception ls`.

use clap::Args;

use crate::app::look::projects::{self, ProjectsRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::{Format, ProjectRow};

/// List the projects of the engine
#[derive(Args, Debug)]
pub struct LsArgs {
    /// Show also projects of which no container runs
    #[arg(short, long)]
    all: bool,
    /// Show only projects whose name contains a text: name=TEXT
    #[arg(long, value_name = "FILTER", value_parser = values::name_filter)]
    filter: Vec<String>,
    /// Format of the output: `table`, `json`, or a template such as `{{.Name}}: {{.Status}}`
    #[arg(long, default_value = "table", value_parser = values::format::<ProjectRow>)]
    format: Format,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

impl CommandArgs for LsArgs {
    /// No project is looked at, so there are no files.
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = ProjectsRequest {
            all: self.all,
            names: self.filter.clone(),
            quiet: self.quiet,
            format: self.format.clone(),
        };
        projects::projects(invocation.context, &request)
    }
}
