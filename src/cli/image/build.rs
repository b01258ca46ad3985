//! `inception build`.

use std::collections::BTreeMap;

use clap::Args;

use super::lacking::LackingFlags;
use super::obsolete::ObsoleteBuildFlags;
use crate::app::images;
use crate::app::up::UpRequest;
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::{FileFlags, QuietFlags};
use crate::cli::values;
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::failure::{Exit, Failure};
use crate::model::{Sources, Span};
use crate::plan::{ImageOptions, UpOptions};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Build images
#[derive(Args, Debug, Default)]
pub struct BuildArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services whose images to build; all if none is named
    services: Vec<String>,
    /// Set a build argument; NAME alone takes its value from the environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::build_arg)]
    build_arg: Vec<(String, Option<String>)>,
    /// Do not use the build cache
    #[arg(long)]
    no_cache: bool,
    /// Look for newer base images
    #[arg(long)]
    pull: bool,
    /// Push the images to their registries when all are built
    #[arg(long)]
    push: bool,
    /// Most memory that an instruction of a build may use, such as `512m`
    #[arg(short, long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Build also the images of services that the named services depend on
    #[arg(long)]
    with_dependencies: bool,
    /// Let steps use an agent of SSH: `default`, or ID=SOCKET
    #[arg(long, value_name = "ID[=SOCKET]")]
    ssh: Vec<String>,
    #[command(flatten)]
    quiet: QuietFlags,
    /// Accepted for compatibility with docker compose, with a warning: the engine builds all images
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    #[command(flatten)]
    lacking: LackingFlags,
    #[command(flatten)]
    obsolete: ObsoleteBuildFlags,
}

impl CommandArgs for BuildArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        self.lacking.refuse()?;
        let context = invocation.context;
        self.warn(context);
        let images = ImageOptions {
            build: true,
            no_cache: self.no_cache,
            pull_base: self.pull,
            build_args: self.build_args(&context.environment),
            ssh: self.ssh.iter().map(|agent| agent.split_once('=').unwrap_or((agent, ""))).map(owned).collect(),
            push: self.push,
            only_build: true,
            memory: self.memory.unwrap_or_default(),
            ..ImageOptions::default()
        };
        let options = UpOptions { no_dependencies: !self.with_dependencies, ..UpOptions::default() };
        let services = self.services.clone();
        let request = UpRequest { services, options, images, command: "build", ..UpRequest::default() };
        images::images(&self.quiet.context(context), &request)
    }
}

fn owned((id, socket): (&str, &str)) -> (String, String) {
    (id.to_owned(), socket.to_owned())
}

impl BuildArgs {
    /// Warns about a builder that was named and is not used.
    fn warn(&self, context: &Context) {
        let Some(builder) = &self.builder else { return };
        let message = format!("builder `{}` is not used", escape_controls(builder));
        let warning =
            Diagnostic::warning("usage", Span::NONE, message).help("images are built by the engine's own builder");
        ui::diagnostics(context, &[warning], &Sources::default());
    }

    /// Returns the build arguments. A name without a value has that of the environment variable; `None` where that is not
    /// set, too.
    fn build_args(&self, environment: &Environment) -> BTreeMap<String, Option<String>> {
        let value = |name: &str| environment.get(name).map(str::to_owned);
        self.build_arg.iter().map(|(name, given)| (name.clone(), given.clone().or_else(|| value(name)))).collect()
    }
}
