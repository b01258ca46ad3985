//! Binds whose source does not exist on this machine, where the engine is, too.
//!
//! The engine creates such a source as a directory owned by root. If the image has a file at the bind's target, the
//! container then cannot start: a directory cannot be mounted over a file.

#![expect(clippy::disallowed_methods, reason = "looks at the sources of binds")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::image_files::{self, Kind};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::model::{Mount, MountSource, Project, Service};

/// The longest time that the engine may take to export images.
const PATIENCE: Duration = Duration::from_secs(8);

/// A bind whose source the engine would create.
pub struct MissingSource<'a> {
    service: &'a Service,
    mount: &'a Mount,
    path: &'a str,
}

/// Returns the binds of some services whose sources do not exist and would be created by the engine.
pub fn missing<'a>(project: &'a Project, names: &BTreeSet<&str>) -> Vec<MissingSource<'a>> {
    let services = project.services.values().filter(|service| names.contains(service.name.as_str()));
    let mounts = services.flat_map(|service| service.volumes.iter().map(move |mount| (service, mount)));
    let missing = mounts.filter_map(|(service, mount)| match &mount.source {
        // An error means that this user may not look there: nothing is known.
        MountSource::Bind { path, create_host_path: true, .. } if matches!(Path::new(path).try_exists(), Ok(false)) => {
            Some(MissingSource { service, mount, path })
        }
        _ => None,
    });
    missing.collect()
}

/// Warns of each missing source. It is an error if the image has a file at the target. `image` returns the image of a
/// service, or `None` if the engine does not have it yet.
pub async fn check(
    engine: &dyn ReadEngine,
    missing: &[MissingSource<'_>],
    image: &dyn Fn(&Service) -> Option<String>,
) -> Vec<Diagnostic> {
    let mut targets: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for one in missing {
        if let Some(image) = image(one.service) {
            targets.entry(image).or_default().insert(&one.mount.target);
        }
    }
    let mut kinds = BTreeMap::new();
    let deadline = Instant::now() + PATIENCE;
    for (image, targets) in targets {
        let found = tokio::time::timeout_at(deadline, image_files::kinds(engine, &image, &targets)).await;
        let found = found.unwrap_or_default();
        kinds.insert(image, found);
    }
    let is_file = |one: &MissingSource<'_>| {
        let kinds = image(one.service).and_then(|image| kinds.get(&image));
        kinds.and_then(|kinds| kinds.get(one.mount.target.as_str())) == Some(&Kind::File)
    };
    missing.iter().map(|one| told(one, is_file(one))).collect()
}

fn told(one: &MissingSource<'_>, is_file: bool) -> Diagnostic {
    let (name, span) = (&one.service.name, one.mount.span);
    let (path, target) = (crate::text::escape_controls(one.path), crate::text::escape_controls(&one.mount.target));
    let diagnostic = match is_file {
        true => Diagnostic::error(
            "bind-over-file",
            span,
            format!("service `{name}` mounts `{path}`, which does not exist, over `{target}`, a file of the image"),
        ),
        false => Diagnostic::warning(
            "bind-source-missing",
            span,
            format!(
                "service `{name}` mounts `{path}`, which does not exist: the engine makes a directory of it, owned by root"
            ),
        ),
    };
    diagnostic.at(format!("services.{name}.volumes")).help("make it first, or change the path")
}
