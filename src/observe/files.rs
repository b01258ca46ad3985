//! Files of this machine that a plan needs to know before anything is changed: configs, secrets, seccomp profiles,
//! build contexts, sources of binds, devices.
//!
//! All missing files are reported at once, each with its place in the compose file.

#![expect(
    clippy::disallowed_methods,
    reason = "reads the files of configs and secrets, and looks at the paths of binds"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diag::Diagnostic;
use crate::model::{Config, Content, Contents, FileSource, HostFile, MountSource, Project, Service, Span};

/// The largest file of a config or secret whose content is read, in bytes. For a larger file, its size and the time of
/// its last change stand for the content.
const LARGEST: u64 = 64 << 20;
/// The largest seccomp profile, in bytes.
const LARGEST_PROFILE: u64 = 8 << 20;

/// Returns the files behind the configs and secrets that the selected services use.
pub fn sources<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> BTreeSet<&'a Path> {
    let path = |used: Used<'a>| match &used.object.source {
        FileSource::File(path) => Some(path.as_path()),
        _ => None,
    };
    used(project, selected).into_iter().filter_map(path).collect()
}

/// Reads the content of the configs and secrets that the selected services use. `elsewhere` are the files that the
/// engine may not have at the same path.
pub fn read(
    project: &Project,
    selected: &BTreeSet<&str>,
    elsewhere: &BTreeSet<PathBuf>,
) -> (Contents, Vec<Diagnostic>) {
    let mut contents = Contents::default();
    let mut faults = Vec::new();
    for used in used(project, selected) {
        match content(&used, elsewhere, &mut contents.files) {
            Ok(Some(content)) => {
                let known = if used.kind == "secret" { &mut contents.secrets } else { &mut contents.configs };
                known.insert(used.key.to_owned(), content);
            }
            Ok(None) => faults.push(unreadable(&used)),
            Err(fault) => faults.push(*fault),
        }
    }
    (contents, faults)
}

/// A config or secret that selected services use.
struct Used<'a> {
    kind: &'static str,
    key: &'a str,
    object: &'a Config,
    /// Whether a service sets the owner or mode of the file.
    is_owned: bool,
}

/// Returns the secrets, then the configs, that the selected services use, each once.
fn used<'a>(project: &'a Project, selected: &BTreeSet<&str>) -> Vec<Used<'a>> {
    let services = || project.services.values().filter(|service| selected.contains(service.name.as_str()));
    let mut found = Vec::new();
    for (kind, all) in [("secret", &project.secrets), ("config", &project.configs)] {
        let list = |service: &'a Service| if kind == "secret" { &service.secrets } else { &service.configs };
        let mut keys: BTreeMap<&str, bool> = BTreeMap::new();
        for reference in services().flat_map(list) {
            *keys.entry(&reference.source).or_default() |= reference.sets_owner_or_mode();
        }
        found.extend(
            keys.into_iter().filter_map(|(key, is_owned)| Some(Used { kind, key, object: all.get(key)?, is_owned })),
        );
    }
    found
}

/// Returns the warning about a file that this user may not read. It is no error: the engine mounts the file, and the
/// engine runs as another user.
fn unreadable(used: &Used<'_>) -> Diagnostic {
    let Used { kind, key, object, .. } = used;
    let message = format!("the file of {kind} `{key}` cannot be read: a change of its content will not be noticed");
    Diagnostic::warning("content-unreadable", object.source_span, message)
        .at(format!("{kind}s.{key}"))
        .help("let this user read the file, or ask for `--force-recreate` when it has changed")
}

/// Returns the warning about a file that is not on this machine, but may be on the engine's machine.
fn not_here(used: &Used<'_>, shown: &str, reason: &str) -> Diagnostic {
    let Used { kind, key, object, .. } = used;
    let message = format!(
        "the file of {kind} `{key}`, `{shown}`, {reason} here; the engine is not known to see the files of this machine, \
         and will look for it"
    );
    Diagnostic::warning("content-elsewhere", object.source_span, message)
        .at(format!("{kind}s.{key}"))
        .help("where the engine has no such file either, make it here: then it is copied into the container")
}

/// Returns the content of a config or secret; `None` if its file exists and may not be read.
fn content(
    used: &Used<'_>,
    elsewhere: &BTreeSet<PathBuf>,
    files: &mut BTreeMap<PathBuf, HostFile>,
) -> Result<Option<Content>, Box<Diagnostic>> {
    let Used { kind, key, object, .. } = used;
    let fault = |message: String| {
        Diagnostic::error("content-missing", object.source_span, message).at(format!("{kind}s.{key}"))
    };
    match &object.source {
        FileSource::File(path) => {
            let is_elsewhere = elsewhere.contains(path);
            let (file, content) = file_content(path, is_elsewhere, used.is_owned).map_err(|reason| {
                let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
                Box::new(match is_elsewhere {
                    true => not_here(used, &shown, &reason),
                    false => fault(format!("the file of {kind} `{key}` cannot be used: `{shown}` {reason}"))
                        .help("make the file, or change the path; it is relative to the file it stands in"),
                })
            })?;
            files.insert(path.clone(), file);
            Ok(content)
        }
        FileSource::Environment { variable, value: Some(value) } => {
            let _ = variable;
            Ok(Some(content_of(value)))
        }
        FileSource::Environment { variable, value: None } => Err(Box::new(
            fault(format!("variable `{variable}`, the source of {kind} `{key}`, is not set"))
                .help(format!("set `{variable}` in the environment or an env file")),
        )),
        FileSource::Content(text) => Ok(Some(content_of(text))),
        FileSource::External => Err(Box::new(
            fault(format!("unsupported external {kind} `{key}`"))
                .help("external ones live in a cluster; give a `file` or `environment`"),
        )),
    }
}

/// Returns the content that a text gives. Bytes that are not UTF-8 reach the container as they are.
fn content_of(text: &str) -> Content {
    let bytes = crate::text::to_bytes(text);
    Content { digest: digest(&bytes), bytes: Some(bytes.as_ref().into()) }
}

fn digest(bytes: &[u8]) -> String {
    short(Sha256::digest(bytes).as_slice())
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns facts about a file, and its content; no content if the file exists and may not be read. The bytes are kept
/// if they may have to be copied into a container: if the engine may not have the file, if a service sets the owner or
/// mode, and if not everybody may read the file.
///
/// Compat: a directory may be mounted as a config; its content is not read.
fn file_content(path: &Path, is_elsewhere: bool, is_owned: bool) -> Result<(HostFile, Option<Content>), String> {
    let metadata = metadata(path)?;
    let file = HostFile { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777, is_elsewhere };
    let is_kept = is_elsewhere || is_owned || file.mode & 0o444 != 0o444;
    let known = |digest: String| Some(Content { digest, bytes: None });
    if metadata.is_dir() {
        return Ok((file, known(digest(&[]))));
    }
    if metadata.len() > LARGEST {
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let words = format!("{} {}", metadata.len(), changed.unwrap_or_default().as_nanos());
        return Ok((file, known(digest(words.as_bytes()))));
    }
    let mut hash = HashWriter(Sha256::new(), is_kept.then(Vec::new));
    let copied = std::fs::File::open(path).and_then(|file| std::io::copy(&mut file.take(LARGEST), &mut hash));
    match copied {
        Ok(_) => {
            let HashWriter(hash, bytes) = hash;
            let digest = short(hash.finalize().as_slice());
            Ok((file, Some(Content { digest, bytes: bytes.map(Into::into) })))
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok((file, None)),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// Computes the digest of what is written, and keeps the bytes if there is a buffer for them.
struct HashWriter(Sha256, Option<Vec<u8>>);

impl std::io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        if let Some(kept) = &mut self.1 {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns the metadata of a file or directory. The error says, for people, why `path` is neither.
fn metadata(path: &Path) -> Result<std::fs::Metadata, String> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    match metadata.is_dir() || metadata.is_file() {
        true => Ok(metadata),
        false => Err("is no regular file".to_owned()),
    }
}

fn profile(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = metadata(path)?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    if metadata.len() > LARGEST_PROFILE {
        return Err("is larger than 8 MiB".to_owned());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_PROFILE).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(bytes)
}

/// Checks that paths of this machine exist: devices, the sources of binds with `create_host_path: false`, and kernel
/// parameters. Returns the missing paths, each with its error. The caller reports those that are the same path for the
/// engine.
pub fn check_host_paths(project: &Project, selected: &BTreeSet<&str>) -> Vec<(PathBuf, Diagnostic)> {
    let mut faults = Vec::new();
    let mut check = |service: &Service, key: &str, span: Span, path: &str| {
        // An error means that this user may not look there: the engine will report a missing path.
        if !matches!(Path::new(path).try_exists(), Ok(false)) {
            return;
        }
        let shown = crate::text::escape_controls(path);
        let message = format!("service `{}` needs `{shown}` of this machine, which does not exist", service.name);
        let fault = Diagnostic::error("host-path-missing", span, message)
            .at(format!("services.{}.{key}", service.name))
            .help("make it, or change the path");
        faults.push((path.into(), fault));
    };
    for service in project.services.values().filter(|service| selected.contains(service.name.as_str())) {
        for mount in &service.volumes {
            if let MountSource::Bind { path, create_host_path: false, .. } = &mount.source {
                check(service, "volumes", mount.span, path);
            }
        }
        for device in service.devices.iter().filter(|device| !device.is_cdi()) {
            check(service, "devices", service.span, &device.source);
        }
        // Another runtime may run a kernel for the container.
        if matches!(service.runtime.as_deref(), None | Some("" | "runc")) {
            for name in service.sysctls.keys() {
                check(service, &format!("sysctls.{name}"), service.span, &parameter(name));
            }
        }
    }
    faults
}

/// Returns the path of a kernel parameter, such as `/proc/sys/net/ipv4/ip_forward`. The first separator of the name
/// decides whether dots or slashes part its words. An interface of the container's own has the parameters of the
/// interface `default`.
fn parameter(name: &str) -> String {
    let has_slashes = name.find(['.', '/']).is_some_and(|at| name[at..].starts_with('/'));
    let mut words: Vec<String> = match has_slashes {
        true => name.split('/').map(str::to_owned).collect(),
        false => name.split('.').map(|word| word.replace('/', ".")).collect(),
    };
    if let [net, _, conf, interface, _, ..] = words.as_mut_slice()
        && net == "net"
        && matches!(conf.as_str(), "conf" | "neigh")
        && interface != "all"
    {
        *interface = "default".to_owned();
    }
    format!("/proc/sys/{}", words.join("/"))
}

/// Replaces the names of seccomp profiles (`security_opt: seccomp:FILE`) by their content, which the engine expects.
pub fn inline_profiles(project: &mut Project) -> Vec<Diagnostic> {
    let directory = project.working_dir.clone();
    let mut faults = Vec::new();
    for service in project.services.values_mut() {
        for option in &mut service.security_opt {
            let Some(name) = option.strip_prefix("seccomp:").or_else(|| option.strip_prefix("seccomp=")) else {
                continue;
            };
            if name == "unconfined" || name == "builtin" || name.starts_with('{') {
                continue;
            }
            match profile(&directory.join(name)).map(String::from_utf8) {
                Ok(Ok(text)) => *option = format!("seccomp={text}"),
                Ok(Err(_)) => faults.push(Diagnostic::error(
                    "not-text",
                    service.span,
                    format!("service `{}`: the seccomp profile `{name}` is not UTF-8", service.name),
                )),
                Err(reason) => faults.push(Diagnostic::error(
                    "file-not-found",
                    service.span,
                    format!("service `{}`: the seccomp profile `{name}` {reason}", service.name),
                )),
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn a_kernel_parameter_is_a_path_whatever_parts_its_words() {
        assert_eq!(parameter("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(parameter("net/ipv4/ip_forward"), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(parameter("net.ipv4.conf.eth0/5.rp_filter"), "/proc/sys/net/ipv4/conf/default/rp_filter");
        assert_eq!(parameter("net/ipv6/neigh/eth0.5/mcast_solicit"), "/proc/sys/net/ipv6/neigh/default/mcast_solicit");
        assert_eq!(parameter("net.ipv4.conf.all.rp_filter"), "/proc/sys/net/ipv4/conf/all/rp_filter");
        assert_eq!(parameter("net.ipv4.conf"), "/proc/sys/net/ipv4/conf");
    }
}
