//! `volumes`: the volumes of a project that exist.

use std::collections::BTreeSet;

use super::replica;
use crate::app::project::{self, Found};
use crate::app::run::session;
use crate::failure::{Exit, Failure};
use crate::model::{MountSource, ObservedContainer, ObservedVolume, labels};
use crate::settings::Context;
use crate::ui;
use crate::ui::listing::{self, Format, VolumeRow};

/// The request of `volumes`.
#[derive(Clone, Debug, Default)]
pub struct VolumesRequest {
    /// Services whose volumes are shown; empty means all volumes of the project.
    pub services: Vec<String>,
    /// `--quiet`: names only.
    pub quiet: bool,
    /// `--format`.
    pub format: Format,
}

/// Runs `volumes`.
pub fn volumes(context: &Context, request: &VolumesRequest) -> Result<Exit, Failure> {
    let found = project::find(context, &[])?;
    session::block_on(async {
        let interrupt = session::interrupt()?;
        let engine = session::answer(&interrupt, session::connect(context)).await?;
        let look = async {
            let volumes = engine.list_volumes().await?;
            let containers = match request.services.is_empty() {
                true => Vec::new(),
                false => {
                    let list = replica::containers(&*engine, found.name()).await?;
                    replica::of_services(list, &found, &request.services)?
                }
            };
            Ok((volumes, containers))
        };
        let (mut volumes, containers) = session::answer(&interrupt, look).await?;
        volumes.retain(|one| is_shown(request, &found, &containers, one));
        volumes.sort_by(|a, b| a.name.cmp(&b.name));
        ui::print_owned(match request.quiet {
            true => listing::shown_names(volumes.iter().map(|one| one.name.as_str())),
            false => listing::render(&request.format, &volumes.iter().map(VolumeRow).collect::<Vec<_>>())?,
        });
        Ok(Exit::SUCCESS)
    })
}

/// Returns whether a volume is the project's, and where services are named, one that the file or a container gives them.
fn is_shown(
    request: &VolumesRequest,
    found: &Found,
    containers: &[ObservedContainer],
    volume: &ObservedVolume,
) -> bool {
    let is_ours = volume.labels.get(labels::PROJECT).is_some_and(|name| name == found.name());
    let is_mounted = || {
        let mounts = containers.iter().flat_map(|one| &one.mounts);
        mounts.into_iter().any(|mount| mount.name == volume.name.as_str())
    };
    is_ours && (request.services.is_empty() || is_mounted() || named(request, found).contains(volume.name.as_str()))
}

/// Returns the names of the volumes that the file gives the named services.
fn named<'f>(request: &VolumesRequest, found: &'f Found) -> BTreeSet<&'f str> {
    let Found::File(loading) = found else { return BTreeSet::new() };
    let project = &loading.project;
    let services = request.services.iter().filter_map(|name| project.service(name));
    let volume = |source: &'f MountSource| match source {
        MountSource::Volume { key, .. } => project.volumes.get(key).map(|volume| volume.name.as_str()),
        _ => None,
    };
    services.flat_map(|service| &service.volumes).filter_map(|mount| volume(&mount.source)).collect()
}
