//! `inception ps`.

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args};

use crate::app::ps::{self, PsRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::ui::listing::Format;

/// List containers
#[derive(Args, Debug)]
pub struct PsArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Show also containers that do not run
    #[arg(short, long)]
    all: bool,
    /// Show only containers in this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(values::STATES))]
    status: Vec<String>,
    /// Show only containers that match: status=STATE
    #[arg(long, value_name = "FILTER", value_parser = values::status_filter)]
    filter: Option<String>,
    /// Format of the output: `table`, `json`, or a template of Go, such as `{{.Name}}: {{upper .State}}`; a template with
    /// `table ` in front and `\t` between its fields is printed in columns; without it `psFormat` of docker's configuration,
    /// else `table`
    #[arg(long, value_parser = values::ps_format)]
    format: Option<Format>,
    /// Print ids only
    #[arg(short, long)]
    quiet: bool,
    /// Print names of services only
    #[arg(long = "services")]
    only_services: bool,
    /// Print ids and commands in full length
    #[arg(long)]
    no_trunc: bool,
    /// Show containers of services that are not in the file
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    orphans: bool,
}

impl CommandArgs for PsArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = PsRequest {
            services: self.services.names.clone(),
            all: self.all,
            statuses: self.status.iter().chain(&self.filter).cloned().collect(),
            quiet: self.quiet,
            only_services: self.only_services,
            format: self.format.clone(),
            no_truncation: self.no_trunc,
            orphans: self.orphans,
        };
        ps::ps(invocation.context, &request)
    }
}
