//! What was typed, turned into requests. One file per command; nothing here talks to an engine.
//!
//! Start at [`run`]. Flags, their names and their defaults are docker compose's (see `docs/compat.md`).

use std::ffi::OsString;
use std::path::Path;

use clap::{Parser, Subcommand};

use crate::app::run::saved::Saved;
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::model::Sources;
use crate::settings::{Context, Settings};
use crate::ui;

mod config;
mod down;
mod explain;
mod options;
mod ps;
mod up;
mod version;

use options::{FileOption, GlobalOptions};

/// Brings up, changes and shows what a compose file describes.
#[derive(Parser, Debug)]
#[command(name = "inception", disable_version_flag = true, max_term_width = 100, args_override_self = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Build, create and start what the file describes; change what differs
    Up(Box<up::UpArgs>),
    /// Show what `up` would do, and why; ends with 2 where there is something to do
    Plan(Box<up::PlanArgs>),
    /// Show what was changed on the engine by hand; ends with 2 where something was
    Drift(up::DriftArgs),
    /// Stop and remove containers and networks
    Down(down::DownArgs),
    /// List containers
    Ps(ps::PsArgs),
    /// Show output of containers
    Logs(ps::LogsArgs),
    /// Check the compose files and show what they come to
    #[command(alias = "convert")]
    Config(config::ConfigArgs),
    /// Show a page about a code of an error or warning
    Explain(explain::ExplainArgs),
    /// Build images
    Build(up::BuildArgs),
    /// Pull images
    Pull(up::PullArgs),
    /// Create containers without starting them
    Create(Box<up::CreateArgs>),
    /// Start containers that exist
    Start(down::ServicesArgs),
    /// Stop containers
    Stop(down::StopArgs),
    /// Restart containers
    Restart(down::RestartArgs),
    /// Send a signal to containers
    Kill(down::KillArgs),
    /// Freeze containers
    Pause(down::ServicesArgs),
    /// Let frozen containers go on
    Unpause(down::ServicesArgs),
    /// Remove stopped containers
    Rm(down::RmArgs),
    /// Show the version
    Version(version::VersionArgs),
}

impl Command {
    /// Returns the command's name, for logs.
    fn name(&self) -> &'static str {
        match self {
            Command::Up(_) => "up",
            Command::Plan(_) => "plan",
            Command::Drift(_) => "drift",
            Command::Down(_) => "down",
            Command::Ps(_) => "ps",
            Command::Logs(_) => "logs",
            Command::Config(_) => "config",
            Command::Build(_) => "build",
            Command::Pull(_) => "pull",
            Command::Create(_) => "create",
            Command::Start(_) => "start",
            Command::Stop(_) => "stop",
            Command::Restart(_) => "restart",
            Command::Kill(_) => "kill",
            Command::Pause(_) => "pause",
            Command::Unpause(_) => "unpause",
            Command::Rm(_) => "rm",
            Command::Explain(_) => "explain",
            Command::Version(_) => "version",
        }
    }

    /// Returns `-f` as given after the command, for commands that have it.
    fn file_option(&self) -> Option<&FileOption> {
        match self {
            Command::Up(args) => Some(&args.files),
            Command::Plan(args) => Some(&args.files),
            Command::Drift(args) => Some(&args.files),
            Command::Down(args) => Some(&args.files),
            Command::Ps(args) => Some(&args.files),
            Command::Config(args) => Some(&args.files),
            Command::Build(args) => Some(&args.files),
            Command::Pull(args) => Some(&args.files),
            Command::Create(args) => Some(&args.files),
            Command::Start(args) | Command::Pause(args) | Command::Unpause(args) => Some(&args.files),
            Command::Stop(args) => Some(&args.files),
            Command::Restart(args) => Some(&args.files),
            Command::Kill(args) => Some(&args.files),
            // Their own `-f` follows, forces or formats.
            Command::Logs(_) | Command::Rm(_) | Command::Explain(_) | Command::Version(_) => None,
        }
    }
}

/// Runs the program: parses `args` (the program's name first), calls the command, prints its failure once.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let arguments: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
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
    let mut settings = settings(cli.global, &command, &environment);
    settings.diagnostics_are_data = matches!(&command, Command::Config(args) if args.only_checks());
    let context = Context::new(environment, settings);
    crate::telemetry::start(context.settings.log_level);
    ui::diagnostics(&context, &options::unknown_words(&context.environment), &Sources::default());
    let _span = tracing::info_span!("command", name = command.name()).entered();
    let result = match command {
        Command::Up(args) => match args.plan.clone() {
            Some(file) => up_saved(&context, &args, &file),
            None => up::up(&context, *args),
        },
        Command::Plan(args) => up::plan(&context, *args, &arguments),
        Command::Drift(args) => up::drift(&context, &args),
        Command::Down(args) => down::down(&context, args),
        Command::Ps(args) => ps::ps(&context, args),
        Command::Logs(args) => ps::logs(&context, args),
        Command::Config(args) => config::run(&context, args),
        Command::Build(args) => up::build(&context, args),
        Command::Pull(args) => up::pull(&context, args),
        Command::Create(args) => up::create(&context, *args),
        Command::Start(args) => down::start(&context, &args),
        Command::Stop(args) => down::stop(&context, &args),
        Command::Restart(args) => down::restart(&context, &args),
        Command::Kill(args) => down::kill(&context, args),
        Command::Pause(args) => down::pause(&context, &args),
        Command::Unpause(args) => down::unpause(&context, &args),
        Command::Rm(args) => down::rm(&context, &args),
        Command::Explain(args) => explain::run(&args),
        Command::Version(args) => version::run(&args),
    };
    let exit = result.unwrap_or_else(|failure| {
        ui::failure(&context, &failure);
        failure.exit()
    });
    ui::finish(&context);
    exit
}

/// Returns the settings of a command line.
fn settings(mut global: GlobalOptions, command: &Command, environment: &Environment) -> Settings {
    if let Some(option) = command.file_option() {
        global.files.extend(option.files.iter().cloned());
    }
    global.settings(environment)
}

/// Runs `up --plan FILE`: the command line that made the plan, in its directory; only how things are shown is this one's.
fn up_saved(context: &Context, args: &up::UpArgs, file: &Path) -> Result<Exit, Failure> {
    let asked = &context.settings;
    if !asked.files.is_empty() || asked.project_name.is_some() || asked.project_directory.is_some() {
        return Err(up::wrong("--plan brings its own files and project", "leave out -f, -p and --project-directory"));
    }
    let saved = Saved::read(context, file)?;
    let is_plan = |cli: Cli| match cli.command {
        Some(Command::Plan(plan)) => Some((cli.global, plan)),
        _ => None,
    };
    let Some((global, plan)) = Cli::try_parse_from(&saved.arguments).ok().and_then(is_plan) else {
        return Err(up::wrong("the saved plan has a command line that is no `plan`", "make a new plan"));
    };
    let environment = Environment::new(context.environment.variables().clone(), &saved.directory);
    let command = Command::Plan(plan);
    let settings = Settings {
        progress: asked.progress,
        ansi: asked.ansi,
        is_dry_run: asked.is_dry_run,
        log_level: asked.log_level,
        diagnostics: asked.diagnostics,
        ..settings(global, &command, &environment)
    };
    let Command::Plan(plan) = command else { return Ok(Exit::FAILURE) };
    let context = Context { environment, settings, ..context.clone() };
    up::up_saved(&context, args, *plan, saved)
}

/// Returns a number of seconds as a duration; what no clock can count is cut.
fn seconds(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count.min(i32::MAX.unsigned_abs().into()))
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
