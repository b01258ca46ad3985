//! `inception config`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FileOption;
use crate::app::{self, config::Show};
use crate::failure::{Exit, Failure};
use crate::settings::Context;

/// Flags of `config`.
#[derive(Args, Debug, Default)]
pub struct ConfigArgs {
    #[command(flatten)]
    pub(super) files: FileOption,
    /// Services to show, with what they depend on
    services: Vec<String>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only check, print nothing
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
    /// Name images with the digests that their registries give
    #[arg(long)]
    resolve_image_digests: bool,
    /// Print an override file with nothing but the digests of the images
    #[arg(long, conflicts_with = "resolve_image_digests")]
    lock_image_digests: bool,
    /// Leave variables as they are
    #[arg(long)]
    no_interpolate: bool,
    /// Leave implicit things out
    #[arg(long)]
    no_normalize: bool,
    /// Leave paths relative
    #[arg(long)]
    no_path_resolution: bool,
    /// Leave env files unread
    #[arg(long)]
    no_env_resolution: bool,
    /// Do not check that services refer to things that exist
    #[arg(long)]
    no_consistency: bool,
}

impl ConfigArgs {
    /// Returns whether nothing but diagnostics is printed.
    pub(super) fn only_checks(&self) -> bool {
        self.quiet && matches!(self.show(), Show::Nothing)
    }

    /// Compat: lists are printed all the same with `--quiet`.
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

/// `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

pub(super) fn run(context: &Context, args: ConfigArgs) -> Result<Exit, Failure> {
    let show = args.show();
    let request = app::config::ConfigRequest {
        services: args.services,
        show,
        output: args.output,
        is_variables_json: matches!(args.format, Format::Json),
        digests: match (args.lock_image_digests, args.resolve_image_digests) {
            (true, _) => app::config::Digests::Lock,
            (_, true) => app::config::Digests::Resolve,
            _ => app::config::Digests::None,
        },
        no_interpolate: args.no_interpolate,
        no_normalize: args.no_normalize,
        no_path_resolution: args.no_path_resolution,
        no_env_resolution: args.no_env_resolution,
        no_consistency: args.no_consistency,
    };
    app::config::run(context, &request)
}
