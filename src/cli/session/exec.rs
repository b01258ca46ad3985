//! `inception exec`.

use clap::Args;

use super::Words;
use crate::app::look::replica::ReplicaRequest;
use crate::app::sessions::exec::{self, ExecRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::cli::usage::wrong;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Run a command in a running container
///
/// The command gets a terminal where standard input and standard output are terminals. In a script that is itself read
/// from standard input, use --no-stdin: without it the command reads the rest of the script.
#[derive(Args, Debug, Default)]
#[command(
    override_usage = "inception exec [OPTIONS] SERVICE COMMAND [ARGS]...",
    after_help = "Example: inception exec db psql -U postgres"
)]
pub struct ExecArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    words: Words,
    /// Leave the command to itself
    #[arg(short, long)]
    detach: bool,
    /// Set a variable; a NAME alone takes the value that it has here
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Number of the replica
    #[arg(long, value_name = "N", value_parser = values::replica)]
    index: Option<values::Replica>,
    /// Give the command all privileges
    #[arg(long)]
    privileged: bool,
    /// Give the command no terminal
    #[arg(short = 'T', long = "no-tty", aliases = ["no-TTY"])]
    no_tty: bool,
    /// Leave standard input alone: the command reads nothing
    #[arg(long)]
    no_stdin: bool,
    /// User, or user:group
    #[arg(short, long)]
    user: Option<String>,
    /// Directory in the container
    #[arg(short, long, value_name = "DIRECTORY")]
    workdir: Option<String>,
    /// Keys that leave the command running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Accepted for compatibility with docker compose; `--interactive=false` is `--no-stdin`
    #[arg(short, long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    interactive: Option<bool>,
    /// Accepted for compatibility with docker compose: a terminal is given wherever there is one
    #[arg(short, long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    tty: Option<bool>,
}

impl CommandArgs for ExecArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let (service, command) = self.words.split();
        if command.is_empty() {
            return Err(wrong("`exec` needs a command", &format!("such as `inception exec {service} sh`")));
        }
        let index = self.index.and_then(|replica| replica.0);
        let request = ExecRequest {
            replica: ReplicaRequest { service: service.to_owned(), index },
            command: command.to_vec(),
            environment: self.env.clone(),
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
            privileged: self.privileged,
            detach: self.detach,
            no_terminal: self.no_tty || self.tty == Some(false),
            no_stdin: self.no_stdin || self.interactive == Some(false),
            detach_keys: self.detach_keys.clone(),
        };
        exec::exec(invocation.context, &request)
    }
}
