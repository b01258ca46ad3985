//! What was typed, turned into requests. One file per command; nothing here talks to an engine.
//!
//! Start at [`run`]. Flags, their names and their defaults are docker compose's (see `docs/compat.md`).

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::app::{Context, Exit};
use crate::env::Environment;
use crate::ui;

mod config;
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
    /// Check the compose files and show what they come to
    #[command(alias = "convert")]
    Config(config::ConfigArgs),
    /// Show the version
    Version(version::VersionArgs),
}

impl Command {
    /// Returns `-f` as given after the command, for commands that have it.
    fn file_option(&self) -> Option<&FileOption> {
        match self {
            Command::Config(args) => Some(&args.files),
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
        return if cli.global.version {
            version::run(&version::VersionArgs::default()).unwrap_or(Exit::FAILURE)
        } else {
            help()
        };
    };
    let mut global = cli.global;
    if let Some(option) = command.file_option() {
        global.files.extend(option.files.iter().cloned());
    }
    let settings = global.settings(&environment);
    let context = Context::new(environment, settings);
    let result = match command {
        Command::Config(args) => config::run(&context, args),
        Command::Version(args) => version::run(&args),
    };
    result.unwrap_or_else(|failure| {
        ui::failure(&failure, ui::style(&context));
        failure.exit()
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
