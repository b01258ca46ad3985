//! `inception export`.

use std::path::PathBuf;

use clap::Args;

use crate::app::copy::export::{self, ExportRequest};
use crate::app::look::replica::ReplicaRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Export the files of a container as a tar archive
#[derive(Args, Debug)]
pub struct ExportArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Service
    service: String,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl CommandArgs for ExportArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let index = self.index.and_then(|replica| replica.0);
        let replica = ReplicaRequest { service: self.service.clone(), index };
        export::export(invocation.context, &ExportRequest { replica, output: self.output.clone() })
    }
}
