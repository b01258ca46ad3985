//! Paths inside a container: where the file mounts something, and which of the mounts are anonymous volumes.
//!
//! `spec` puts mounts into a specification; `up::inherit` asks here which anonymous volumes a replacement takes over.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FileReference, MountSource, ObservedMount, Service};

/// Returns the entries of `tmpfs` as the engine wants them: path to options (`/run:size=64m` becomes `/run` to
/// `size=64m`).
pub(crate) fn tmpfs(service: &Service) -> BTreeMap<String, String> {
    let split = |entry: &String| match entry.split_once(':') {
        Some((path, options)) => (path.to_owned(), options.to_owned()),
        None => (entry.clone(), String::new()),
    };
    service.tmpfs.iter().map(split).collect()
}

/// Returns the paths of the service's configs and secrets inside its containers.
fn file_targets(service: &Service) -> impl Iterator<Item = String> {
    let secrets = service.secrets.iter().map(|reference| file_target(reference, "/run/secrets/"));
    secrets.chain(service.configs.iter().map(|reference| file_target(reference, "/")))
}

/// Returns the path of a config or secret inside a container. A relative `target` lies below `base`; without a `target`
/// the file has the key as its name.
pub(crate) fn file_target(reference: &FileReference, base: &str) -> String {
    match &reference.target {
        Some(target) if target.starts_with('/') => target.clone(),
        Some(target) => format!("{base}{target}"),
        None => format!("{base}{}", reference.source),
    }
}

/// Returns whether a path is at or below a mount of the file. A file that is copied there before the start would be
/// hidden by the mount, or written into the mounted volume or directory.
pub(crate) fn is_below_mount(service: &Service, path: &str) -> bool {
    let mounts = service.volumes.iter().map(|mount| mount.target.as_str());
    let tmpfs = service.tmpfs.iter().map(|entry| entry.split_once(':').map_or(entry.as_str(), |(path, _)| path));
    mounts.chain(tmpfs).any(|mount| std::path::Path::new(path).starts_with(plain(mount)))
}

/// Returns whether a mount is an anonymous volume. The engine names an anonymous volume with 64 hexadecimal digits.
pub(crate) fn is_anonymous(mount: &ObservedMount) -> bool {
    mount.kind == "volume" && mount.name.len() == 64 && mount.name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the paths at which the file declares an anonymous volume.
pub(crate) fn anonymous_targets(service: &Service) -> impl Iterator<Item = &str> {
    let anonymous = service.volumes.iter().filter(|mount| matches!(mount.source, MountSource::Anonymous { .. }));
    anonymous.map(|mount| plain(&mount.target))
}

/// Returns the paths at which the file mounts anything but an anonymous volume: named volumes, bind mounts, `tmpfs`,
/// configs and secrets. An anonymous volume of the old container must not hide these.
pub(crate) fn covered(service: &Service) -> BTreeSet<String> {
    let named = service.volumes.iter().filter(|mount| !matches!(mount.source, MountSource::Anonymous { .. }));
    let tmpfs = service.tmpfs.iter().map(|entry| entry.split_once(':').map_or(entry.as_str(), |(path, _)| path));
    let paths = named.map(|mount| mount.target.as_str()).chain(tmpfs).map(|path| plain(path).to_owned());
    paths.chain(file_targets(service).map(|path| plain(&path).to_owned())).collect()
}

/// Returns a path as the engine keeps it: without slashes at the end.
pub(crate) fn plain(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        plain => plain,
    }
}
