//! `inception inside`.

use clap::Args;

use crate::app::diagnosis::inside::{self, InsideRequest};
use crate::app::look::replica::ReplicaRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, FormatFlags, TextOrJson};
use crate::failure::{Exit, Failure};

/// Show what engine and kernel made of a service: namespaces, control group, capabilities, mounts, network
#[derive(Args, Debug, Default)]
pub struct InsideArgs {
    #[command(flatten)]
    files: FileFlags,
    /// The service, which must run
    service: String,
    /// Number of the replica; the one of the lowest number if it is left out
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    #[command(flatten)]
    output: FormatFlags,
}

impl CommandArgs for InsideArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let replica = ReplicaRequest { service: self.service.clone(), index: self.index };
        let request = InsideRequest { replica, is_json: self.output.format == TextOrJson::Json };
        inside::inside(invocation.context, &request)
    }
}
