//! `inception rm`.

use clap::Args;

use crate::app::lifecycle;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};
use crate::plan::Lifecycle;

/// Remove stopped containers
#[derive(Args, Debug, Default)]
pub struct RmArgs {
    /// Services; all if none is named
    services: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Stop running containers first
    #[arg(short, long)]
    stop: bool,
    /// Remove anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
    /// Without effect, as with docker compose: one-off containers are never removed
    #[arg(short, long, hide = true)]
    all: bool,
}

impl CommandArgs for RmArgs {
    /// The `-f` of `rm` is `--force`.
    fn files(&self) -> Option<&FileFlags> {
        None
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let command = Lifecycle::Remove { stop: self.stop, volumes: self.volumes };
        lifecycle::remove(invocation.context, &self.services, self.force, &command)
    }
}
