//! `inception plan`.

use std::path::PathBuf;

use clap::Args;

use crate::app::plan::{self, PlanRequest};
use crate::app::up::UpRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{ConsentFlags, CreationFlags, FileFlags, FormatFlags, TextOrJson, WaitFlags};
use crate::cli::usage::wrong;
use crate::failure::{Exit, Failure};

/// Show what `up` would do, and why; the exit code is 2 if there is anything to do
#[derive(Args, Debug, Default)]
pub struct PlanArgs {
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    creation: CreationFlags,
    /// Accepted because `up` has it: nothing is pulled here
    #[arg(long, hide = true)]
    quiet_pull: bool,
    /// Accepted because `up` has it: nothing is built here
    #[arg(long, hide = true)]
    quiet_build: bool,
    #[command(flatten)]
    consent: ConsentFlags,
    /// Services, as for `up`
    services: Vec<String>,
    #[command(flatten)]
    wait: WaitFlags,
    #[command(flatten)]
    output: FormatFlags,
    /// Save the plan in a file, for `up --plan FILE`
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl CommandArgs for PlanArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let texts: Option<Vec<String>> =
            invocation.arguments.iter().map(|text| text.to_str().map(str::to_owned)).collect();
        if self.file.is_some() && texts.is_none() {
            return Err(wrong("a plan can be kept only where the whole command line is UTF-8", "name files in UTF-8"));
        }
        let show = PlanRequest {
            is_json: self.output.format == TextOrJson::Json,
            output: self.file.clone(),
            arguments: texts.unwrap_or_default(),
        };
        plan::plan(invocation.context, &self.request(), &show)
    }
}

impl PlanArgs {
    /// Returns what the flags ask of `up`. `up --plan FILE` runs this request again.
    pub fn request(&self) -> UpRequest {
        let mut options = self.creation.options();
        options.wait = self.wait.wait;
        options.wait_limit = self.wait.wait_timeout;
        UpRequest {
            services: self.services.clone(),
            options,
            images: self.creation.images(),
            detach: true,
            command: "plan",
            ..UpRequest::default()
        }
    }
}
