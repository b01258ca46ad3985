//! Mounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FileReference, MountSource, ObservedMount, Service};

pub(crate) fn tmpfs(service: &Service) -> BTreeMap<String, String> {
    let split = |entry: &String| match entry.split_once(':') {
        Some((path, options)) => (path.to_owned(), options.to_owned()),
        None => (entry.clone(), String::new()),
    };
    service.tmpfs.iter().map(split).collect()
}

/// Returns the paths at which configs and secrets are.
fn file_targets(service: &Service) -> impl Iterator<Item = String> {
    let secrets = service.secrets.iter().map(|reference| file_target(reference, "/run/secrets/"));
    secrets.chain(service.configs.iter().map(|reference| file_target(reference, "/")))
}

pub(crate) fn file_target(reference: &FileReference, base: &str) -> String {
    match &reference.target {
        Some(target) if target.starts_with('/') => target.clone(),
        Some(target) => format!("{base}{target}"),
        None => format!("{base}{}", reference.source),
    }
}

/// Whether a mount has a name that the engine gave.
pub(crate) fn is_anonymous(mount: &ObservedMount) -> bool {
    mount.kind == "volume" && mount.name.len() == 64 && mount.name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the paths at which the file asks for a volume without a name.
pub(crate) fn anonymous_targets(service: &Service) -> impl Iterator<Item = &str> {
    let anonymous = service.volumes.iter().filter(|mount| matches!(mount.source, MountSource::Anonymous { .. }));
    anonymous.map(|mount| plain(&mount.target))
}

/// Returns the paths at which the file wants something else.
pub(crate) fn covered(service: &Service) -> BTreeSet<String> {
    let named = service.volumes.iter().filter(|mount| !matches!(mount.source, MountSource::Anonymous { .. }));
    let tmpfs = service.tmpfs.iter().map(|entry| entry.split_once(':').map_or(entry.as_str(), |(path, _)| path));
    let paths = named.map(|mount| mount.target.as_str()).chain(tmpfs).map(|path| plain(path).to_owned());
    paths.chain(file_targets(service).map(|path| plain(&path).to_owned())).collect()
}

/// A path as the engine keeps it.
pub(crate) fn plain(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        plain => plain,
    }
}
