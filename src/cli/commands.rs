//! The table of commands, in the order of `--help`. A new command is a file with its flags and a row here.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::command::CommandArgs;
use super::{about, change, copy, diagnosis, file, image, look, session, volume};

/// Makes the enum of all commands of the table below. Each command's help line is the doc comment of its struct of flags. Commands
/// with attributes, such as another name, come after the semicolon.
macro_rules! commands {
    ($($name:ident($word:literal, $args:ty),)*; $($(#[$attribute:meta])* $special:ident($special_args:ty),)*) => {
        /// What was typed after the global options.
        #[derive(Subcommand, Debug)]
        pub enum Command {
            $(#[command(name = $word)] $name($args),)*
            $($(#[$attribute])* $special($special_args),)*
        }

        impl Command {
            /// Returns what was typed after the command.
            pub fn args(&self) -> &dyn CommandArgs {
                match self {
                    $(Self::$name(args) => args,)*
                    $(Self::$special(args) => args,)*
                }
            }

            /// Returns the command's name, for logs.
            pub fn name(&self) -> String {
                match self {
                    $(Self::$name(_) => $word.to_owned(),)*
                    $(Self::$special(_) => stringify!($special).to_lowercase(),)*
                }
            }

            /// Adds the commands whose names are among the words of a command line. The flags of all commands would take
            /// longer than most command lines need for everything else.
            pub fn add_named(mut program: clap::Command, words: &[OsString]) -> clap::Command {
                $(if words.iter().any(|word| word == $word) {
                    program = program.subcommand(<$args as Args>::augment_args(clap::Command::new($word)));
                })*
                program
            }
        }
    };
}

commands! {
    Up("up", change::up::UpArgs),
    Plan("plan", look::plan::PlanArgs),
    Drift("drift", look::drift::DriftArgs),
    Graph("graph", look::graph::GraphArgs),
    Down("down", change::down::DownArgs),
    Ps("ps", look::ps::PsArgs),
    Logs("logs", look::logs::LogsArgs),
    Ls("ls", look::ls::LsArgs),
    Stats("stats", look::stats::StatsArgs),
    Top("top", look::top::TopArgs),
    Port("port", look::port::PortArgs),
    Images("images", look::images::ImagesArgs),
    Volumes("volumes", look::volumes::VolumesArgs),
    Volume("volume", volume::VolumeArgs),
    Events("events", look::events::EventsArgs),
    Wait("wait", look::wait::WaitArgs),
    Exec("exec", session::exec::ExecArgs),
    Run("run", session::run::RunArgs),
    Attach("attach", session::attach::AttachArgs),
    Cp("cp", copy::cp::CpArgs),
    Export("export", copy::export::ExportArgs),
    Commit("commit", copy::commit::CommitArgs),
    Config("config", file::config::ConfigArgs),
    Check("check", diagnosis::check::CheckArgs),
    Inside("inside", diagnosis::inside::InsideArgs),
    Smoke("smoke", diagnosis::smoke::SmokeArgs),
    Explain("explain", about::explain::ExplainArgs),
    Build("build", image::build::BuildArgs),
    Pull("pull", image::pull::PullArgs),
    Push("push", image::push::PushArgs),
    Create("create", change::create::CreateArgs),
    Scale("scale", change::scale::ScaleArgs),
    Start("start", change::start::StartArgs),
    Stop("stop", change::stop::StopArgs),
    Watch("watch", change::watch::WatchArgs),
    Restart("restart", change::restart::RestartArgs),
    Kill("kill", change::kill::KillArgs),
    Pause("pause", change::pause::PauseArgs),
    Unpause("unpause", change::unpause::UnpauseArgs),
    Rm("rm", change::rm::RmArgs),
    Init("init", about::init::InitArgs),
    Completion("completion", about::completion::CompletionArgs),
    Version("version", about::version::VersionArgs),
;
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
