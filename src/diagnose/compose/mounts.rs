//! What of this machine is mounted into containers.

use std::path::Path;

use crate::diag::Severity;
use crate::diagnose::facts::services;
use crate::diagnose::rule::{Finding, Rule};
use crate::loader::Node;

static ENGINE_SOCKET: Rule = Rule::security(
    "engine-socket",
    Severity::Error,
    "CIS Docker 5.32, OWASP Docker 1",
    "who speaks to the engine can start a privileged container, and so controls this machine; `:ro` does not change that",
    "remove the mount, or put a proxy between them that lets only harmless requests pass",
);
static HOST_ROOT: Rule = Rule::security(
    "host-root",
    Severity::Error,
    "CIS Docker 5.6",
    "the container has all files of this machine, with every password and key",
    "mount the directory that is needed",
);
static HOST_DIRECTORY: Rule = Rule::security(
    "host-directory",
    Severity::Error,
    "CIS Docker 5.6",
    "the directory belongs to this machine's system: what is read there gives secrets away, what is written there takes effect as root",
    "mount the one file that is needed, read-only, or use a volume",
);
static HOST_CREDENTIALS: Rule = Rule::security(
    "host-credentials",
    Severity::Error,
    "OWASP Docker 12",
    "a fault in the service gives away the keys to other machines",
    "give the service a key of its own, as a secret",
);
static PARENT_MOUNTED: Rule = Rule::security(
    "parent-mounted",
    Severity::Warning,
    "CIS Docker 5.6",
    "the container has the compose file itself, its env files and everything that lies beside the project",
    "mount the directory that is needed",
);
static SHARED_PROPAGATION: Rule = Rule::security(
    "shared-propagation",
    Severity::Warning,
    "CIS Docker 5.20",
    "what the container mounts there appears on this machine",
    "write `propagation: rprivate` or `rslave`, or leave it out",
);
static HOST_PROGRAM: Rule = Rule::security(
    "host-program",
    Severity::Error,
    "OWASP Docker 13",
    "`up` and `down` run that program on this machine, as the user who calls them",
    "name an installed provider that you trust, and not a path",
);

/// Directories of the system: the directory itself, and writable ones below it.
const SYSTEM: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/proc",
    "/sys",
    "/usr",
    "/root",
    "/home",
    "/run",
    "/var",
    "/var/run",
    "/var/lib",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/spool/cron",
    "/var/log",
];
/// System directories below which ordinary things lie.
const WIDE: &[&str] = &["/home", "/var", "/var/lib", "/run", "/var/run", "/usr", "/root", "/dev", "/var/log"];
const SOCKETS: &[&str] = &["docker.sock", "containerd.sock", "podman.sock", "crio.sock"];
const CREDENTIALS: &[&str] = &["/.ssh", "/.aws", "/.kube", "/.docker", "/.gnupg", "/etc/shadow", "/etc/sudoers"];

/// Applies the rules. One mount breaks one rule at most.
pub fn findings(root: &Node, directory: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, _, service) in services(root) {
        let mounts = service.get("volumes").map(Node::items).unwrap_or_default();
        let mut own: Vec<Finding> = mounts.iter().filter_map(|mount| bind(mount, directory)).collect();
        own.extend(mounts.iter().filter_map(propagation));
        own.extend(program(service));
        found.extend(own.into_iter().map(|one| one.of(name)));
    }
    for (key, entry) in root.get("volumes").into_iter().flat_map(Node::entries) {
        let options = entry.node.get("driver_opts");
        let is_bind = options.and_then(|options| options.get_text("o")).is_some_and(|words| words.contains("bind"));
        let Some(device) = options.filter(|_| is_bind).and_then(|options| options.get("device")) else { continue };
        let source = device.scalar_text().unwrap_or_default();
        let Some((rule, what)) = judged(&source, false, directory) else { continue };
        let finding = || Finding::new(rule, device.span, format!("volume `{key}` is {what}"));
        let mut users = services(root).filter(|(_, _, service)| mounts_volume(service, key)).peekable();
        // The same place is told once; the services are for those who ask which of them get this machine.
        match users.peek() {
            None => found.push(finding()),
            Some(_) => found.extend(users.map(|(name, ..)| finding().of(name))),
        }
    }
    found
}

/// Returns whether a service mounts a volume of the file.
fn mounts_volume(service: &Node, key: &str) -> bool {
    let mounts = service.get("volumes").map(Node::items).unwrap_or_default();
    mounts.iter().any(|one| one.get_text("type") == Some("volume") && one.get_text("source") == Some(key))
}

/// Returns an absolute path without `.`, `..` and doubled slashes, as the engine reads it (links are not followed).
pub fn cleaned(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn bind(mount: &Node, directory: &Path) -> Option<Finding> {
    if mount.get_text("type") != Some("bind") {
        return None;
    }
    let source = mount.get_text("source")?;
    let is_read_only = mount.get("read_only").and_then(Node::as_bool) == Some(true);
    let (rule, what) = judged(source, is_read_only, directory)?;
    let span = mount.get("source").map_or(mount.span, |node| node.span);
    Some(Finding::new(rule, span, format!("the container gets {what}")))
}

/// Returns the rule that a path breaks, and what the path is.
fn judged(source: &str, is_read_only: bool, directory: &Path) -> Option<(&'static Rule, String)> {
    let path = &*cleaned(source);
    let file = path.rsplit('/').next().unwrap_or_default();
    if SOCKETS.contains(&file) {
        return Some((&ENGINE_SOCKET, format!("the engine's socket `{path}`")));
    }
    if path == "/" {
        return Some((&HOST_ROOT, "all files of this machine".to_owned()));
    }
    if CREDENTIALS.iter().any(|one| path.ends_with(one) || path.contains(&format!("{one}/"))) {
        return Some((&HOST_CREDENTIALS, format!("the credentials in `{path}`")));
    }
    let is_below = |one: &&&str| path.strip_prefix(**one).is_some_and(|rest| rest.starts_with('/'));
    let is_wide = SYSTEM.iter().filter(is_below).all(|one| WIDE.contains(one));
    if SYSTEM.contains(&path) || (!is_read_only && !is_wide) {
        return Some((&HOST_DIRECTORY, format!("`{path}` of this machine")));
    }
    let is_parent = directory != Path::new(path) && directory.starts_with(path);
    is_parent.then(|| (&PARENT_MOUNTED, format!("the directory above the project, `{path}`")))
}

fn propagation(mount: &Node) -> Option<Finding> {
    let node = mount.get("bind")?.get("propagation")?;
    let mode = node.as_text().filter(|mode| matches!(*mode, "shared" | "rshared"))?;
    Some(Finding::new(&SHARED_PROPAGATION, node.span, format!("mounts are shared with this machine: `{mode}`")))
}

fn program(service: &Node) -> Option<Finding> {
    let kind = service.get("provider")?.get("type")?;
    let program = kind.as_text().filter(|text| text.contains('/'))?;
    Some(Finding::new(&HOST_PROGRAM, kind.span, format!("the provider is the program `{program}`")))
}
