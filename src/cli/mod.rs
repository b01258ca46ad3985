//! What was typed, turned into requests. One file per command; nothing here talks to an engine.
//!
//! Start at [`run`]. Flags, their names and their defaults are docker compose's (see `docs/compat.md`).

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::app::{Context, Exit, Failure};
use crate::env::Environment;
use crate::ui;

mod options;
mod version;

use options::{FileOption, GlobalOptions};

/// Brings up, changes and shows what a compose file describes.
#[derive(Parser, Debug)]
#[command(name = "inception", disable_version_flag = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Show the version
    Version(version::VersionArgs),
}

impl Command {
    /// Returns `-f` as given after the command, for commands that have it.
    fn file_option(&self) -> Option<&FileOption> {
        match self {
            Command::Version(_) => None,
        }
    }
}

/// Runs the program: parses `args` (the program's name first), calls the command, prints its failure once.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let Some(command) = cli.command else {
        return if cli.global.version { finish(version::run(&version::VersionArgs::default())) } else { help() };
    };
    let mut global = cli.global;
    if let Some(option) = command.file_option() {
        global.files.extend(option.files.iter().cloned());
    }
    let settings = global.settings(&environment);
    let _context = Context::new(environment, settings);
    finish(match command {
        Command::Version(args) => version::run(&args),
    })
}

/// Prints a command line's fault. docker compose ends with 1 here, clap alone would end with 2.
fn usage(error: &clap::Error) -> Exit {
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    if error.use_stderr() { Exit::FAILURE } else { Exit::SUCCESS }
}

fn help() -> Exit {
    let mut command = <Cli as clap::CommandFactory>::command();
    ui::print(&command.render_long_help().to_string());
    Exit::SUCCESS
}

fn finish(result: Result<Exit, Failure>) -> Exit {
    result.unwrap_or_else(|failure| {
        ui::failure(&failure);
        failure.exit()
    })
}
