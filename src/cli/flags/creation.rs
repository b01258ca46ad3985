//! Which containers are created, from which images, and when an existing container is recreated.

use clap::Args;

use super::grace::GraceFlags;
use super::pull::PullWhen;
use crate::cli::values;
use crate::model::ServiceName;
use crate::plan::{ImageOptions, Recreate, UpOptions};

/// Flags that `up`, `create` and `plan` share. A saved plan has decided all of them.
#[derive(Args, Debug, Default)]
pub struct CreationFlags {
    /// Build images before starting containers
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Never build images
    #[arg(long)]
    no_build: bool,
    /// When to pull images
    #[arg(long, value_enum, value_name = "POLICY")]
    pull: Option<PullWhen>,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// How many containers a service has, whatever the file says
    #[arg(long, value_name = "SERVICE=N", value_parser = values::scale)]
    scale: Vec<(ServiceName, u32)>,
    /// Recreate containers even if nothing has changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Never recreate containers
    #[arg(long)]
    no_recreate: bool,
    /// Recreate also the containers of services that the named services depend on
    #[arg(long, conflicts_with = "no_recreate")]
    always_recreate_deps: bool,
    /// Leave out the services that the named services depend on
    #[arg(long)]
    no_deps: bool,
    /// Recreate containers that have anonymous volumes, with new ones; a service that is only a dependency keeps its own
    #[arg(short = 'V', long, conflicts_with = "no_recreate")]
    renew_anon_volumes: bool,
    /// Remove a volume whose definition has changed, WITH ITS DATA, and create it again
    #[arg(long, value_name = "VOLUME")]
    recreate_volume: Vec<String>,
    #[command(flatten)]
    grace: GraceFlags,
}

impl CreationFlags {
    /// Returns what the flags ask of the planner of containers.
    pub fn options(&self) -> UpOptions {
        let recreate = match (self.force_recreate, self.no_recreate) {
            (true, _) => Recreate::Force,
            (_, true) => Recreate::Never,
            _ => Recreate::Diverged,
        };
        UpOptions {
            no_dependencies: self.no_deps,
            recreate,
            recreate_dependencies: if self.always_recreate_deps { Recreate::Force } else { Recreate::Diverged },
            renew_anonymous_volumes: self.renew_anon_volumes,
            recreate_volumes: self.recreate_volume.iter().cloned().collect(),
            remove_orphans: self.remove_orphans,
            scale: self.scale.iter().cloned().collect(),
            grace: self.grace.timeout,
            ..UpOptions::default()
        }
    }

    /// Returns what the flags ask of the planner of images.
    pub fn images(&self) -> ImageOptions {
        ImageOptions {
            build: self.build || self.pull == Some(PullWhen::Build),
            no_build: self.no_build,
            pull: self.pull.map(PullWhen::policy),
            ..ImageOptions::default()
        }
    }
}
