//! `inception pull`.

use clap::Args;

use super::obsolete::ObsoletePullFlags;
use crate::app::images;
use crate::app::up::UpRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, PullWhen, QuietFlags};
use crate::failure::{Exit, Failure};
use crate::plan::{ImageOptions, UpOptions};

/// Pull images
#[derive(Args, Debug, Default)]
pub struct PullArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services whose images to pull; all if none is named
    services: Vec<String>,
    /// Do not pull images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Go on when an image cannot be pulled
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Pull also the images of services that the named services depend on
    #[arg(long)]
    include_deps: bool,
    /// When to pull
    #[arg(long, value_enum, value_name = "POLICY")]
    policy: Option<PullWhen>,
    #[command(flatten)]
    quiet: QuietFlags,
    #[command(flatten)]
    obsolete: ObsoletePullFlags,
}

impl CommandArgs for PullArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let images = ImageOptions {
            only_pull: true,
            pull: self.policy.map(PullWhen::policy),
            ignore_buildable: self.ignore_buildable,
            ignore_pull_failures: self.ignore_pull_failures,
            ..ImageOptions::default()
        };
        let options = UpOptions { no_dependencies: !self.include_deps, ..UpOptions::default() };
        let services = self.services.clone();
        let request = UpRequest { services, options, images, command: "pull", ..UpRequest::default() };
        images::images(&self.quiet.context(invocation.context), &request)
    }
}
