//! `down`, `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rm`.

use clap::{Args, ValueEnum};

use super::FileOption;
use crate::app::{down, lifecycle};
use crate::failure::{Exit, Failure};
use crate::plan::{DownOptions, Lifecycle, RemoveImages};
use crate::settings::Context;

/// Flags of `down`.
#[derive(Args, Debug, Default)]
pub struct DownArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all, with the networks, where none is named
    services: Vec<String>,
    /// Remove named volumes of the file and anonymous volumes, with their data; asks on a terminal
    #[arg(short, long)]
    volumes: bool,
    /// Remove images: `all`, or `local` for those without a name of their own
    #[arg(long, value_enum, value_name = "KIND")]
    rmi: Option<Rmi>,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Seconds between stop signal and kill
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Remove volumes without a question
    #[arg(short, long = "yes", alias = "y")]
    yes: bool,
}

/// `--rmi`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rmi {
    Local,
    All,
}

/// Flags of commands about services.
#[derive(Args, Debug, Default)]
pub struct ServicesArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all where none is named
    services: Vec<String>,
}

/// Flags of `stop`.
#[derive(Args, Debug, Default)]
pub struct StopArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all where none is named
    services: Vec<String>,
    /// Seconds between stop signal and kill
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// Flags of `restart`.
#[derive(Args, Debug, Default)]
pub struct RestartArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all where none is named
    services: Vec<String>,
    /// Seconds between stop signal and kill
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Leave alone what depends on them
    #[arg(long)]
    no_deps: bool,
}

/// Flags of `kill`.
#[derive(Args, Debug, Default)]
pub struct KillArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services; all where none is named
    services: Vec<String>,
    /// Signal to send
    #[arg(short, long, default_value = "SIGKILL")]
    signal: String,
    /// Where no service is named, send it also to containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
}

/// Flags of `rm`; its `-f` does not ask.
#[derive(Args, Debug, Default)]
pub struct RmArgs {
    /// Services; all where none is named
    services: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Stop them first
    #[arg(short, long)]
    stop: bool,
    /// Remove anonymous volumes too
    #[arg(short, long)]
    volumes: bool,
}

pub(super) fn down(context: &Context, args: DownArgs) -> Result<Exit, Failure> {
    let options = DownOptions {
        volumes: args.volumes,
        images: match args.rmi {
            None => RemoveImages::None,
            Some(Rmi::Local) => RemoveImages::Local,
            Some(Rmi::All) => RemoveImages::All,
        },
        remove_orphans: args.remove_orphans
            || context.environment.get("COMPOSE_REMOVE_ORPHANS").is_some_and(|word| matches!(word, "1" | "true")),
        grace: args.timeout.map(super::seconds),
        ..DownOptions::default()
    };
    down::down(context, &args.services, &options, args.yes)
}

pub(super) fn start(context: &Context, args: &ServicesArgs) -> Result<Exit, Failure> {
    lifecycle::lifecycle(context, &args.services, "start", &Lifecycle::Start)
}

pub(super) fn stop(context: &Context, args: &StopArgs) -> Result<Exit, Failure> {
    lifecycle::lifecycle(context, &args.services, "stop", &Lifecycle::Stop { grace: args.timeout.map(super::seconds) })
}

pub(super) fn restart(context: &Context, args: &RestartArgs) -> Result<Exit, Failure> {
    let command = Lifecycle::Restart { grace: args.timeout.map(super::seconds), no_dependencies: args.no_deps };
    lifecycle::lifecycle(context, &args.services, "restart", &command)
}

pub(super) fn kill(context: &Context, args: KillArgs) -> Result<Exit, Failure> {
    let command = Lifecycle::Kill { signal: args.signal, orphans: args.remove_orphans };
    lifecycle::lifecycle(context, &args.services, "kill", &command)
}

pub(super) fn pause(context: &Context, args: &ServicesArgs) -> Result<Exit, Failure> {
    lifecycle::lifecycle(context, &args.services, "pause", &Lifecycle::Pause)
}

pub(super) fn unpause(context: &Context, args: &ServicesArgs) -> Result<Exit, Failure> {
    lifecycle::lifecycle(context, &args.services, "unpause", &Lifecycle::Unpause)
}

pub(super) fn rm(context: &Context, args: &RmArgs) -> Result<Exit, Failure> {
    lifecycle::remove(
        context,
        &args.services,
        args.force,
        &Lifecycle::Remove { stop: args.stop, volumes: args.volumes },
    )
}
