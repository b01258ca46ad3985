//! The table of commands, in the order of `--help`. A new command is a file with its flags and a row here.

use clap::Subcommand;

use super::about::{explain::ExplainArgs, version::VersionArgs};
use super::change::{
    create::CreateArgs, down::DownArgs, kill::KillArgs, pause::PauseArgs, restart::RestartArgs, rm::RmArgs,
    start::StartArgs, stop::StopArgs, unpause::UnpauseArgs, up::UpArgs,
};
use super::command::CommandArgs;
use super::file::config::ConfigArgs;
use super::image::{build::BuildArgs, pull::PullArgs};
use super::look::{drift::DriftArgs, logs::LogsArgs, plan::PlanArgs, ps::PsArgs};

/// Makes the enum of all commands of the table below. Each command's help line is the doc comment of its struct of flags.
macro_rules! commands {
    ($($(#[$attribute:meta])* $name:ident($args:ty),)*) => {
        /// What was typed after the global options.
        #[derive(Subcommand, Debug)]
        pub enum Command {
            $($(#[$attribute])* $name($args),)*
        }

        impl Command {
            /// Returns what was typed after the command.
            pub fn args(&self) -> &dyn CommandArgs {
                match self {
                    $(Self::$name(args) => args,)*
                }
            }

            /// Returns the command's name, for logs.
            pub fn name(&self) -> String {
                match self {
                    $(Self::$name(_) => stringify!($name).to_lowercase(),)*
                }
            }
        }
    };
}

commands! {
    Up(UpArgs),
    Plan(PlanArgs),
    Drift(DriftArgs),
    Down(DownArgs),
    Ps(PsArgs),
    Logs(LogsArgs),
    #[command(alias = "convert")]
    Config(ConfigArgs),
    Explain(ExplainArgs),
    Build(BuildArgs),
    Pull(PullArgs),
    Create(CreateArgs),
    Start(StartArgs),
    Stop(StopArgs),
    Restart(RestartArgs),
    Kill(KillArgs),
    Pause(PauseArgs),
    Unpause(UnpauseArgs),
    Rm(RmArgs),
    Version(VersionArgs),
}
