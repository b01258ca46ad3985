//! The table of commands, in the order of `--help`. A new command is a file with its flags and a row here.

use clap::Subcommand;

use super::command::CommandArgs;
use super::{about, change, copy, diagnosis, file, image, look, session, volume};

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
    Up(change::up::UpArgs),
    Plan(look::plan::PlanArgs),
    Drift(look::drift::DriftArgs),
    Down(change::down::DownArgs),
    Ps(look::ps::PsArgs),
    Logs(look::logs::LogsArgs),
    Ls(look::ls::LsArgs),
    Stats(look::stats::StatsArgs),
    Top(look::top::TopArgs),
    Port(look::port::PortArgs),
    Images(look::images::ImagesArgs),
    Volumes(look::volumes::VolumesArgs),
    Volume(volume::VolumeArgs),
    Events(look::events::EventsArgs),
    Wait(look::wait::WaitArgs),
    Exec(session::exec::ExecArgs),
    Run(session::run::RunArgs),
    Attach(session::attach::AttachArgs),
    Cp(copy::cp::CpArgs),
    Export(copy::export::ExportArgs),
    Commit(copy::commit::CommitArgs),
    #[command(alias = "convert")]
    Config(file::config::ConfigArgs),
    Check(diagnosis::check::CheckArgs),
    Inside(diagnosis::inside::InsideArgs),
    Smoke(diagnosis::smoke::SmokeArgs),
    Explain(about::explain::ExplainArgs),
    Build(image::build::BuildArgs),
    Pull(image::pull::PullArgs),
    Push(image::push::PushArgs),
    Create(change::create::CreateArgs),
    Scale(change::scale::ScaleArgs),
    Start(change::start::StartArgs),
    Stop(change::stop::StopArgs),
    Watch(change::watch::WatchArgs),
    Restart(change::restart::RestartArgs),
    Kill(change::kill::KillArgs),
    Pause(change::pause::PauseArgs),
    Unpause(change::unpause::UnpauseArgs),
    Rm(change::rm::RmArgs),
    Init(about::init::InitArgs),
    Completion(about::completion::CompletionArgs),
    Version(about::version::VersionArgs),
    #[command(name = "__complete", hide = true)]
    Complete(about::complete::CompleteArgs),
    #[command(hide = true)]
    Man(about::man::ManArgs),
    #[command(name = "docker-cli-plugin-metadata", hide = true)]
    Plugin(about::plugin::PluginArgs),
    #[command(hide = true)]
    Bridge(about::elsewhere::BridgeArgs),
    #[command(hide = true)]
    Publish(about::elsewhere::PublishArgs),
    #[command(hide = true)]
    Alpha(about::elsewhere::AlphaArgs),
}
