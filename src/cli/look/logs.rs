//! `inception logs`.

use clap::Args;

use crate::app::logs::{self, FollowRequest, LogsRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, OutputFlags};
use crate::cli::usage::wrong;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Show the output of containers
#[derive(Args, Debug, Default)]
pub struct LogsArgs {
    /// Services; all if none is named
    services: Vec<String>,
    /// Follow the output of the services, also across restarts and recreations, until all containers have ended
    #[arg(short, long)]
    follow: bool,
    /// One container after the other instead of in the order of time
    #[arg(long, conflicts_with = "follow")]
    group: bool,
    /// Only the replica with this number
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    #[command(flatten)]
    output: OutputFlags,
    /// Only output since this moment (`2026-01-02T03:04:05Z`), or since so long ago (`42m`)
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    since: Option<String>,
    /// Only output before this moment (`2026-01-02T03:04:05Z`), or before so long ago (`42m`)
    #[arg(long, value_name = "WHEN", value_parser = values::moment)]
    until: Option<String>,
    /// Only the last N lines of each container, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "all", value_parser = values::lines, allow_hyphen_values = true)]
    tail: values::Lines,
    /// Print time stamps
    #[arg(short, long)]
    timestamps: bool,
}

impl CommandArgs for LogsArgs {
    /// The `-f` of `logs` is `--follow`.
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let index = self.index.and_then(|replica| replica.0);
        if index.is_some() && self.services.len() != 1 {
            return Err(wrong("--index needs the name of one service", "name the service whose replica is meant"));
        }
        let request = LogsRequest {
            services: self.services.clone(),
            index,
            follow: FollowRequest {
                no_color: self.output.no_color,
                no_prefix: self.output.no_log_prefix,
                timestamps: self.timestamps,
                is_json: self.output.is_json(),
                ..FollowRequest::default()
            },
            is_following: self.follow,
            is_grouped: self.group,
            since: self.since.clone(),
            until: self.until.clone(),
            tail: self.tail.0,
        };
        logs::logs(invocation.context, &request)
    }
}
