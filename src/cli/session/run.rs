//! `inception run`.

use std::path::PathBuf;

use clap::Args;

use super::Words;
use crate::app::sessions::run::{self, RunRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, ImageProgressFlags, PullWhen, QuietFlags};
use crate::cli::values;
use crate::failure::{Exit, Failure};
use crate::plan::ImageOptions;

/// Run a one-off command in a new container of a service
///
/// What the service depends on is started and waited for, but not recreated. The container publishes no ports unless -P or
/// -p says so. It gets a terminal where standard input and standard output are terminals. In a script that is itself read
/// from standard input, use --no-stdin: without it the command reads the rest of the script.
#[derive(Args, Debug, Default)]
#[command(
    override_usage = "inception run [OPTIONS] SERVICE [COMMAND] [ARGS]...",
    after_help = "Example: inception run --rm web sh"
)]
pub struct RunArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    words: Words,
    /// Build the image first
    #[arg(long)]
    build: bool,
    /// Add a capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Drop a capability
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Recreate dependencies that are not as the file says
    #[arg(long, conflicts_with = "no_deps")]
    converge: bool,
    /// Leave the container to itself, and print its id
    #[arg(short, long)]
    detach: bool,
    /// Keys that leave the container running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Entrypoint instead of the image's or the service's, as a shell would write it
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// Set a variable; a NAME alone takes the value that it has here
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Set the variables of a file
    #[arg(long, value_name = "FILE")]
    env_from_file: Vec<PathBuf>,
    /// Add or replace a label
    #[arg(short, long, value_name = "NAME[=VALUE]", alias = "labels")]
    label: Vec<String>,
    /// Name of the container
    #[arg(long)]
    name: Option<String>,
    /// Start nothing that the service depends on
    #[arg(long)]
    no_deps: bool,
    /// Publish no ports of what the service depends on, so that several runs beside each other do not collide
    #[arg(long)]
    no_deps_ports: bool,
    /// Leave standard input alone: the command reads nothing
    #[arg(long)]
    no_stdin: bool,
    /// Give the command no terminal
    #[arg(short = 'T', long = "no-tty", aliases = ["no-TTY"])]
    no_tty: bool,
    /// Publish a port
    #[arg(short, long, value_name = "[[IP:]HOST:]PORT")]
    publish: Vec<String>,
    /// When to pull the image
    #[arg(long, value_enum, value_name = "POLICY")]
    pull: Option<PullWhen>,
    #[command(flatten)]
    quiet: QuietFlags,
    #[command(flatten)]
    image_progress: ImageProgressFlags,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// Remove the container when it has ended
    #[arg(long)]
    rm: bool,
    /// Publish the ports of the service
    #[arg(short = 'P', long)]
    service_ports: bool,
    /// Give the container the names of its service on its networks
    #[arg(long)]
    use_aliases: bool,
    /// User, or user:group
    #[arg(short, long)]
    user: Option<String>,
    /// Mount a volume or a path
    #[arg(short, long, value_name = "SOURCE:TARGET", alias = "volumes")]
    volume: Vec<String>,
    /// Directory in the container
    #[arg(short, long, value_name = "DIRECTORY")]
    workdir: Option<String>,
    /// Accepted for compatibility with docker compose; `--interactive=false` is `--no-stdin`
    #[arg(short, long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    interactive: Option<bool>,
    /// Accepted for compatibility with docker compose: a terminal is given wherever there is one
    #[arg(short, long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    tty: Option<bool>,
}

impl CommandArgs for RunArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let context = self.quiet.context(invocation.context);
        run::run(&self.image_progress.context(&context), &self.request())
    }
}

impl RunArgs {
    fn request(&self) -> RunRequest {
        let (service, command) = self.words.split();
        let build = self.build || self.pull == Some(PullWhen::Build);
        RunRequest {
            service: service.to_owned(),
            command: command.to_vec(),
            entrypoint: self.entrypoint.clone(),
            environment: self.env.clone(),
            env_files: self.env_from_file.clone(),
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
            labels: self.label.clone(),
            volumes: self.volume.clone(),
            publish: self.publish.clone(),
            service_ports: self.service_ports,
            use_aliases: self.use_aliases,
            cap_add: self.cap_add.clone(),
            cap_drop: self.cap_drop.clone(),
            name: self.name.clone(),
            remove: self.rm,
            detach: self.detach,
            no_terminal: self.no_tty || self.tty == Some(false),
            no_stdin: self.no_stdin || self.interactive == Some(false),
            no_dependencies: self.no_deps,
            no_dependency_ports: self.no_deps_ports,
            converge: self.converge,
            remove_orphans: self.remove_orphans,
            images: ImageOptions { build, pull: self.pull.map(PullWhen::policy), ..ImageOptions::default() },
            detach_keys: self.detach_keys.clone(),
        }
    }
}
