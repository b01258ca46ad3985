//! `inception scale`.

use clap::Args;

use crate::app::up::{self, UpRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::model::ServiceName;
use crate::plan::UpOptions;

/// Give services so many containers
#[derive(Args, Debug, Default)]
pub struct ScaleArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Leave the services alone that the named ones depend on
    #[arg(long)]
    no_deps: bool,
    /// Services with their numbers of containers
    #[arg(required = true, value_name = "SERVICE=N", value_parser = values::scale)]
    scale: Vec<(ServiceName, u32)>,
}

impl CommandArgs for ScaleArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    /// `scale web=3` is `up -d --scale web=3 web`.
    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let options = UpOptions {
            scale: self.scale.iter().cloned().collect(),
            no_dependencies: self.no_deps,
            ..UpOptions::default()
        };
        let services = self.scale.iter().map(|(service, _)| service.to_string()).collect();
        let request = UpRequest { services, options, detach: true, command: "scale", ..UpRequest::default() };
        up::up(invocation.context, &request)
    }
}
