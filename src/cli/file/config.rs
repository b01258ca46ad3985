//! `inception config`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::app::config::{self, ConfigRequest, Digests, Show};
use crate::cli::command::{CommandArgs, Invocation};
use crate::cli::flags::FileFlags;
use crate::failure::{Exit, Failure};

/// Check the compose files and show the project that they make
#[derive(Args, Debug, Default)]
#[command(alias = "convert")]
pub struct ConfigArgs {
    #[command(flatten)]
    files: FileFlags,
    /// Services to show, with the services that they depend on; all if none is named
    services: Vec<String>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Check only, print nothing
    #[arg(short, long)]
    quiet: bool,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the service names, one a line
    #[arg(long = "services")]
    only_services: bool,
    /// Print the volume names, one a line
    #[arg(long)]
    volumes: bool,
    /// Print the network names, one a line
    #[arg(long)]
    networks: bool,
    /// Print the model names, one a line
    #[arg(long)]
    models: bool,
    /// Print the image names, one a line
    #[arg(long)]
    images: bool,
    /// Print the profile names, one a line
    #[arg(long)]
    profiles: bool,
    /// Print the config hash of services, one a line; `*` for all
    #[arg(long, value_name = "SERVICE")]
    hash: Option<String>,
    /// Print the variables that the files refer to, with their defaults
    #[arg(long)]
    variables: bool,
    /// Print the variables used for interpolation
    #[arg(long)]
    environment: bool,
    /// Print each value with the file and line it comes from
    #[arg(long)]
    origin: bool,
    /// Show values that look secret on a terminal, too
    #[arg(long)]
    show_secrets: bool,
    /// Name images with the digests that their registries give
    #[arg(long)]
    resolve_image_digests: bool,
    /// Print an override file that holds only the digests of the images
    #[arg(long, conflicts_with = "resolve_image_digests")]
    lock_image_digests: bool,
    /// Do not replace variables by their values
    #[arg(long)]
    no_interpolate: bool,
    /// Do not add what is implied, such as the network `default`
    #[arg(long)]
    no_normalize: bool,
    /// Do not make relative paths absolute
    #[arg(long)]
    no_path_resolution: bool,
    /// Do not read the env files of services
    #[arg(long)]
    no_env_resolution: bool,
    /// Do not check that the networks, volumes and services that are referred to exist
    #[arg(long)]
    no_consistency: bool,
}

impl CommandArgs for ConfigArgs {
    fn files(&self) -> Option<&FileFlags> {
        Some(&self.files)
    }

    fn run(&self, invocation: &Invocation) -> Result<Exit, Failure> {
        let request = ConfigRequest {
            services: self.services.clone(),
            show: self.show(),
            output: self.output.clone(),
            shows_secrets: self.show_secrets,
            is_variables_json: matches!(self.format, Format::Json),
            digests: match (self.lock_image_digests, self.resolve_image_digests) {
                (true, _) => Digests::Lock,
                (_, true) => Digests::Resolve,
                _ => Digests::None,
            },
            no_interpolate: self.no_interpolate,
            no_normalize: self.no_normalize,
            no_path_resolution: self.no_path_resolution,
            no_env_resolution: self.no_env_resolution,
            no_consistency: self.no_consistency,
        };
        config::run(invocation.context, &request)
    }

    fn prints_only_diagnostics(&self) -> bool {
        self.quiet && matches!(self.show(), Show::Nothing)
    }
}

impl ConfigArgs {
    /// Returns what to print. Of several lists that are asked for, the first one here counts.
    ///
    /// Compat: `--quiet` does not keep lists (`--services`, `--images` ...) from being printed.
    fn show(&self) -> Show {
        if self.only_services {
            return Show::Services;
        }
        let sections = [(self.volumes, "volumes"), (self.networks, "networks"), (self.models, "models")];
        if let Some((_, section)) = sections.into_iter().find(|(is_asked, _)| *is_asked) {
            return Show::Section(section);
        }
        if self.images {
            return Show::Images;
        }
        if self.profiles {
            return Show::Profiles;
        }
        if let Some(name) = &self.hash {
            return Show::Hash(name.clone());
        }
        match (self.variables, self.quiet, self.environment, self.origin) {
            (true, ..) => Show::Variables,
            (_, true, ..) => Show::Nothing,
            (_, _, true, _) => Show::Environment,
            (_, _, _, true) => Show::Origin,
            _ => match self.format {
                Format::Yaml => Show::Yaml,
                Format::Json => Show::Json,
            },
        }
    }
}

/// The value of `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}
