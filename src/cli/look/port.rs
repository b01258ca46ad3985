//! `inception port`.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::app::look::port::{self, PortRequest};
use crate::app::look::replica::ReplicaRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Print the address on the host behind a port of a container
#[derive(Args, Debug)]
pub struct PortArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Service
    service: String,
    /// Port in the container
    #[arg(value_name = "PRIVATE_PORT")]
    port: u16,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Protocol of the port
    #[arg(long, default_value = "tcp", value_parser = PossibleValuesParser::new(["tcp", "udp", "sctp"]))]
    protocol: String,
}

impl CommandArgs for PortArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let index = self.index.and_then(|replica| replica.0);
        let replica = ReplicaRequest { service: self.service.clone(), index };
        let request = PortRequest { replica, target: self.port, protocol: self.protocol.clone() };
        port::port(invocation.context, &request)
    }
}
