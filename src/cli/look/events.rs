//! `inception events`.

use clap::Args;

use crate::app::look::events::{self, EventsRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ServiceFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Show what happens to containers, as it happens
#[derive(Args, Debug, Default)]
pub struct EventsArgs {
    #[command(flatten)]
    services: ServiceFlags,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
    /// Also events since this moment (`2026-01-02T03:04:05Z`), or since so long ago (`42m`)
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    since: Option<String>,
    /// End at this moment, or so long ago
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    until: Option<String>,
}

impl CommandArgs for EventsArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.services.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = EventsRequest {
            services: self.services.names.clone(),
            is_json: self.json,
            since: self.since.clone(),
            until: self.until.clone(),
        };
        events::events(invocation.context, &request)
    }
}
