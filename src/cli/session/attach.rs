//! `inception attach`.

use clap::Args;

use crate::app::look::replica::ReplicaRequest;
use crate::app::sessions::attach::{self, AttachRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Connect standard input, output and error to a running container
#[derive(Args, Debug, Default)]
#[command(after_help = "Example: inception attach --no-stdin web")]
pub struct AttachArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Service
    service: String,
    /// Keys that leave the container running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Leave standard input alone
    #[arg(long)]
    no_stdin: bool,
    /// Hand signals on to the container; --sig-proxy=false does not
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    sig_proxy: Option<bool>,
}

impl CommandArgs for AttachArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let index = self.index.and_then(|replica| replica.0);
        let request = AttachRequest {
            replica: ReplicaRequest { service: self.service.clone(), index },
            no_stdin: self.no_stdin,
            hands_signals_on: self.sig_proxy != Some(false),
            detach_keys: self.detach_keys.clone(),
        };
        attach::attach(invocation.context, &request)
    }
}
