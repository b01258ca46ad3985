//! Legacy plugins that are installed on the engine's machine.

#![expect(clippy::disallowed_methods, reason = "looks for plugins of the older kind, which the engine does not list")]

use std::collections::BTreeSet;
use std::path::Path;

/// The folders in which an engine looks for legacy plugins (Docker Engine documentation, "Plugin discovery").
const FOLDERS: [&str; 3] = ["/run/docker/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"];
const ENDS: [&str; 4] = ["", ".sock", ".spec", ".json"];

/// Returns which of these plugins are installed on this machine. An engine loads a legacy plugin when a container first
/// uses it, and does not list it before.
pub fn installed(names: &BTreeSet<&str>) -> BTreeSet<String> {
    names.iter().filter(|name| is_installed(name)).map(|name| (*name).to_owned()).collect()
}

fn is_installed(name: &str) -> bool {
    let is_plain = !name.contains(['/', '\0']);
    let is_there = |folder: &&str| ENDS.iter().any(|end| Path::new(folder).join(format!("{name}{end}")).exists());
    is_plain && FOLDERS.iter().any(is_there)
}
