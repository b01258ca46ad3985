//! Turns the command line into a request for [`crate::app`]. Nothing here talks to an engine or reads a compose file.
//!
//! Start at [`run`]. The table of commands is in `commands.rs`; each command has one file:
//!
//! | folder | commands |
//! |---|---|
//! | `change/` | change containers, networks and volumes: `up`, `down`, `stop`, `rm` ... |
//! | `look/` | only read the engine: `ps`, `logs`, `plan`, `drift` |
//! | `session/` | connect this terminal to a container: `exec`, `run`, `attach` |
//! | `copy/` | files of containers: `cp`, `export`, `commit` |
//! | `image/` | images: `build`, `pull`, `push` |
//! | `file/` | compose files: `config` |
//! | `volume/` | volumes of the project by their keys: `volume ls` |
//! | `diagnosis/` | answer questions about a stack: `check` |
//! | `about/` | the program: `version`, `explain`, completion, manual, docker's plugin |
//! | `flags/` | flags that several commands share, as structs that they flatten |
//! | `values/` | checks of the values of flags: numbers, times, signals ... |
//!
//! `examples.rs` has an example of each command. `booleans.rs` reads flags with a value (`--detach=false`) before clap does.
//!
//! Flags, their names and their defaults are those of docker compose (see `docs/compat.md`).

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser};

use crate::env::Environment;
use crate::failure::Exit;
use crate::model::Sources;
use crate::settings::Context;
use crate::ui;

mod about;
mod booleans;
mod change;
mod command;
mod commands;
mod copy;
mod diagnosis;
mod examples;
mod file;
mod flags;
mod image;
mod look;
mod session;
#[cfg(test)]
mod tests;
mod usage;
mod values;
mod volume;

use command::Invocation;
use commands::Command;
use flags::{GlobalFlags, unknown_words};

/// Brings up, changes and shows what a compose file describes
#[derive(Parser, Debug)]
#[command(name = "inception", disable_version_flag = true, max_term_width = 100, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Runs the program: parses `args` (the program's name first), runs the command, prints its failure once.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    ui::close(run_command(args, environment))
}

fn run_command(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let (arguments, environment) = about::plugin::arguments(args.into_iter().collect(), environment);
    let Cli { global, command } = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let Some(command) = command else {
        return if global.version { about::version::print() } else { help() };
    };
    let args = command.args();
    let environment = global.complete(args.files(), environment);
    let mut settings = global.settings(args.files(), &environment);
    settings.diagnostics_are_data = args.prints_only_diagnostics();
    let context = Context::new(environment, settings);
    if context.settings.status_to_stdout {
        ui::status_to_stdout();
    }
    ui::telemetry::start(context.settings.log_level);
    ui::diagnostics(&context, &unknown_words(&context.environment), &Sources::default());
    let _span = tracing::info_span!("command", name = command.name()).entered();
    let exit = args.run(&Invocation { context: &context, arguments: &arguments, program }).unwrap_or_else(|failure| {
        ui::failure(&context, &failure);
        failure.exit()
    });
    ui::finish(&context);
    exit
}

/// Reads a command line (the program's name first).
fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let words = booleans::without_values(Cli::command, arguments)?;
    let quick =
        named(&words).try_get_matches_from(&words).and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches));
    // Help, suggestions and rare commands need all commands with their flags.
    quick.or_else(|_| {
        let mut matches = program().try_get_matches_from(&words)?;
        Cli::from_arg_matches_mut(&mut matches)
    })
}

/// Returns the program's options, and the commands that a command line may mean.
fn named(words: &[OsString]) -> clap::Command {
    // The settings are those of `Cli`.
    let program = clap::Command::new("inception").disable_version_flag(true).args_override_self(true);
    Command::add_named(GlobalFlags::augment_args(program), words)
}

/// Returns the program's options and commands, with an example each.
fn program() -> clap::Command {
    examples::add(Cli::command())
}

/// Prints what is wrong with a command line, or the help that it asks for.
///
/// Compat: docker compose ends a wrong command line with exit code 1; clap alone would end it with 2.
fn usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    if error.use_stderr() {
        // A closed terminal can be told nothing.
        return Exit::FAILURE;
    }
    match printed {
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            ui::tell(&format!("error: cannot write to standard output: {cause}\n"));
            Exit::FAILURE
        }
        _ => Exit::SUCCESS,
    }
}

/// Prints the help of the whole program: what a command line without a command gets.
fn help() -> Exit {
    ui::print(&program().render_long_help().to_string());
    Exit::SUCCESS
}
