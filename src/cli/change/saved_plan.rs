//! `up --plan FILE`: the command line of the `plan -o FILE` that saved the plan, read again.

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::run::saved::Saved;
use crate::app::up::UpRequest;
use crate::cli::booleans;
use crate::cli::command::CommandArgs;
use crate::cli::flags::GlobalFlags;
use crate::cli::look::plan::PlanArgs;
use crate::cli::usage::wrong;
use crate::env::Environment;
use crate::failure::Failure;
use crate::settings::{Context, Settings};

/// A command line whose command is `plan`.
#[derive(Parser, Debug)]
#[command(disable_version_flag = true, args_override_self = true)]
struct PlanLine {
    #[command(flatten)]
    global: GlobalFlags,
    #[command(subcommand)]
    command: PlanCommand,
}

#[derive(Subcommand, Debug)]
enum PlanCommand {
    Plan(PlanArgs),
}

/// Reads a saved plan. Returns the request of its command line, and the context to run in: files, project, engine and
/// directory are those of the saved command line; how progress and messages are shown, and `--dry-run`, are this one's.
pub fn read(context: &Context, file: &Path) -> Result<(Context, UpRequest), Failure> {
    let own = &context.settings;
    if !own.files.is_empty() || own.project_name.is_some() || own.project_directory.is_some() {
        return Err(wrong("--plan brings its own files and project", "leave out -f, -p and --project-directory"));
    }
    let saved = Saved::read(context, file)?;
    let arguments: Vec<OsString> = saved.arguments.iter().map(OsString::from).collect();
    let line = booleans::without_values(PlanLine::command, &arguments).and_then(PlanLine::try_parse_from);
    let Ok(PlanLine { global, command: PlanCommand::Plan(plan) }) = line else {
        return Err(wrong("the saved plan has a command line that is no `plan`", "make a new plan"));
    };
    let environment = Environment::new(context.environment.variables().clone(), &saved.directory);
    let environment = global.complete(plan.files(), environment);
    let settings = Settings {
        progress: own.progress,
        ansi: own.ansi,
        is_dry_run: own.is_dry_run,
        log_level: own.log_level,
        diagnostics: own.diagnostics,
        ..global.settings(plan.files(), &environment)
    };
    let context = Context { environment, settings, ..context.clone() };
    Ok((context, UpRequest { saved: Some(saved), ..plan.request() }))
}
