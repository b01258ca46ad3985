//! `inception cp`.

use std::ffi::OsString;

use clap::Args;

use crate::app::copy::cp;
use crate::app::copy::request::CopyRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Copy files between this machine and the containers of a service
///
/// One side is `SERVICE:PATH`, the other a path of this machine or `-` for a tar archive on standard input or output. Into a
/// service, every replica gets the files; out of it, the first replica gives them.
#[derive(Args, Debug)]
pub struct CpArgs {
    #[command(flatten)]
    files: FileFlags,
    /// What to copy: PATH, SERVICE:PATH or `-`; `DIR/.` is what is in DIR
    #[arg(value_name = "SOURCE")]
    from: OsString,
    /// Where to: PATH, SERVICE:PATH or `-`
    #[arg(value_name = "TARGET")]
    to: OsString,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Copy into containers that `run` made, too
    #[arg(long)]
    all: bool,
    /// Keep owners out of a container; into it, files belong to the container's user
    #[arg(short, long)]
    archive: bool,
    /// Where SOURCE is a link, copy what it leads to
    #[arg(short = 'L', long)]
    follow_link: bool,
}

impl CommandArgs for CpArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = CopyRequest {
            from: self.from.clone(),
            to: self.to.clone(),
            index: self.index.and_then(|replica| replica.0),
            with_oneoffs: self.all,
            keeps_owners: self.archive,
            follows: self.follow_link,
        };
        cp::copy(invocation.context, &request)
    }
}
