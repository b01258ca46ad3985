//! The table of commands, in the order of `--help`. A new command is a file with its flags and a row here.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches, Subcommand};

use super::command::CommandArgs;
use super::{about, change, copy, diagnosis, file, image, look, session, volume};

/// Makes the enum of all commands of the table below. Each command's help line is the doc comment of its struct of flags, and
/// what else holds for it stands there, too (`#[command(hide = true)]`).
///
/// This stands for `#[derive(Subcommand)]`, so that [`Command::add_named`] and the whole program share the code that makes the
/// flags of a command.
macro_rules! commands {
    ($($name:ident($word:literal, $args:ty),)*) => {
        /// What was typed after the global options.
        #[derive(Debug)]
        pub enum Command {
            $($name($args),)*
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
                    $(Self::$name(_) => $word.to_owned(),)*
                }
            }

            /// Adds the commands whose names are among the words of a command line. The flags of all commands would take
            /// longer than most command lines need for everything else.
            pub fn add_named(mut program: clap::Command, words: &[OsString]) -> clap::Command {
                $(if words.iter().any(|word| word == $word) {
                    program = program.subcommand(command::<$args>($word));
                })*
                program
            }
        }

        impl Subcommand for Command {
            fn augment_subcommands(program: clap::Command) -> clap::Command {
                program$(.subcommand(command::<$args>($word)))*
            }

            fn augment_subcommands_for_update(program: clap::Command) -> clap::Command {
                Self::augment_subcommands(program)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($word),*].contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Self::from_arg_matches_mut(&mut matches.clone())
            }

            fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
                let named = matches.remove_subcommand();
                let (name, mut inner) =
                    named.ok_or_else(|| clap::Error::raw(ErrorKind::MissingSubcommand, "a command is missing\n"))?;
                match name.as_str() {
                    $($word => Ok(Self::$name(FromArgMatches::from_arg_matches_mut(&mut inner)?)),)*
                    _ => Err(clap::Error::raw(ErrorKind::InvalidSubcommand, "no such command\n")),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

/// Makes a command with its flags.
#[inline(never)]
fn command<A: Args>(word: &'static str) -> clap::Command {
    A::augment_args(clap::Command::new(word))
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
    Complete("__complete", about::complete::CompleteArgs),
    Man("man", about::man::ManArgs),
    Plugin("docker-cli-plugin-metadata", about::plugin::PluginArgs),
    Bridge("bridge", about::elsewhere::BridgeArgs),
    Publish("publish", about::elsewhere::PublishArgs),
    Alpha("alpha", about::elsewhere::AlphaArgs),
}
