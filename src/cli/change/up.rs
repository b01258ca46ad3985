//! `inception up`.

use std::path::PathBuf;

use clap::Args;

use super::saved_plan;
use crate::app::logs::FollowRequest;
use crate::app::up::{self, UpRequest};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{ConsentFlags, CreationFlags, FileFlags, ImageProgressFlags, OutputFlags, WaitFlags, ids};
use crate::cli::usage::wrong;
use crate::cli::values;
use crate::failure::{Exit, Failure};

/// Build, create and start the services of the compose file; recreate what differs from it
#[derive(Args, Debug, Default)]
pub struct UpArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    wanted: WantedFlags,
    #[command(flatten)]
    image_progress: ImageProgressFlags,
    #[command(flatten)]
    consent: ConsentFlags,
    /// Return to the shell once all containers are up
    #[arg(short, long)]
    detach: bool,
    #[command(flatten)]
    extent: ExtentFlags,
    #[command(flatten)]
    output: OutputFlags,
    /// Print output with time stamps
    #[arg(long)]
    timestamps: bool,
    /// Stop all containers when one ends
    #[arg(long)]
    abort_on_container_exit: bool,
    /// Stop all containers when one fails
    #[arg(long, conflicts_with = "abort_on_container_exit")]
    abort_on_container_failure: bool,
    /// End with the exit code of this service's container; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE")]
    exit_code_from: Option<String>,
    /// Stop all containers when this service's container ends, and end with its exit code; no other end stops anything
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["exit_code_from", "abort_on_container_exit", "abort_on_container_failure"])]
    until: Option<String>,
    /// Follow the output of these services only
    #[arg(long, value_name = "SERVICE")]
    attach: Vec<String>,
    /// Do not follow the output of these services
    #[arg(long, value_name = "SERVICE")]
    no_attach: Vec<String>,
    /// Follow also the output of the services that the named services depend on
    #[arg(long)]
    attach_dependencies: bool,
    /// Accepted for compatibility with docker compose; there is no menu
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = values::boolean())]
    menu: Option<bool>,
    /// Refuse files that hand over this machine: privileged containers, the engine's socket and the like (`check`)
    #[arg(long)]
    strict: bool,
    /// Bring containers up to date whenever files change, as `develop.watch` says
    #[arg(short, long)]
    watch: bool,
    /// Run the plan that `plan -o FILE` has saved, and nothing else; refused if files or engine have changed since
    #[arg(long, value_name = "FILE", conflicts_with_all = ids::<WantedFlags>(), conflicts_with_all = ids::<ExtentFlags>())]
    plan: Option<PathBuf>,
}

/// What is to be there after the run. A saved plan has decided it, so `--plan` forbids each of these flags.
#[derive(Args, Debug, Default)]
struct WantedFlags {
    /// Services to start, with the services that they depend on; all if none is named
    services: Vec<String>,
    #[command(flatten)]
    creation: CreationFlags,
}

/// How far the run goes. A saved plan has decided it, so `--plan` forbids each of these flags.
#[derive(Args, Debug, Default)]
struct ExtentFlags {
    #[command(flatten)]
    wait: WaitFlags,
    /// Create containers without starting them
    #[arg(long)]
    no_start: bool,
}

impl CommandArgs for UpArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        self.check()?;
        let (context, request) = match &self.plan {
            Some(file) => saved_plan::read(invocation.context, file)?,
            None => (invocation.context.clone(), self.wanted()),
        };
        up::up(&self.image_progress.context(&context), &self.request(request))
    }
}

impl UpArgs {
    /// Refuses what cannot be honoured.
    fn check(&self) -> Result<(), Failure> {
        let given = [
            (self.abort_on_container_exit, "--abort-on-container-exit"),
            (self.abort_on_container_failure, "--abort-on-container-failure"),
            (self.exit_code_from.is_some(), "--exit-code-from"),
            (self.until.is_some(), "--until"),
            (!self.attach.is_empty(), "--attach"),
            (self.attach_dependencies, "--attach-dependencies"),
            (self.watch, "--watch"),
        ];
        let returns = if self.extent.wait.wait { "--wait" } else { "--detach" };
        // Compat: docker compose refuses the same flags together, also where `--wait` implies `--detach`.
        match given.iter().find(|(is_given, _)| *is_given && (self.detach || self.extent.wait.wait)) {
            Some((_, flag)) => {
                Err(wrong(&format!("{returns} cannot be combined with {flag}"), "leave out one of them"))
            }
            None => Ok(()),
        }
    }

    /// Returns what a saved plan has decided, as the flags say it.
    fn wanted(&self) -> UpRequest {
        let mut options = self.wanted.creation.options();
        options.wait = self.extent.wait.wait;
        options.wait_limit = self.extent.wait.wait_timeout;
        options.start = !self.extent.no_start;
        let images = self.wanted.creation.images();
        UpRequest { services: self.wanted.services.clone(), options, images, ..UpRequest::default() }
    }

    /// Adds what this command line decides, with or without a saved plan.
    fn request(&self, wanted: UpRequest) -> UpRequest {
        UpRequest {
            is_agreed: self.consent.yes,
            strict: self.strict,
            detach: self.detach || wanted.options.wait,
            watch: self.watch,
            follow: self.follow(),
            command: "up",
            ..wanted
        }
    }

    fn follow(&self) -> FollowRequest {
        FollowRequest {
            no_color: self.output.no_color,
            no_prefix: self.output.no_log_prefix,
            timestamps: self.timestamps,
            is_json: self.output.is_json(),
            abort_on_exit: self.abort_on_container_exit,
            abort_on_failure: self.abort_on_container_failure,
            exit_code_from: self.exit_code_from.clone().or_else(|| self.until.clone()),
            only_until: self.until.is_some(),
            attach: self.attach.clone(),
            no_attach: self.no_attach.clone(),
            with_dependencies: self.attach_dependencies,
        }
    }
}
