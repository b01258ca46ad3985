//! Drivers and runtimes that not every engine has: what is missing is refused before anything is made.

use std::collections::BTreeSet;
use std::path::Path;

use crate::diag::Diagnostic;
use crate::model::{
    Network, NetworkKey, Observed, ObservedNetwork, ObservedVolume, Plugins, Project, Service, Span, Volume, VolumeKey,
};
use crate::plan::builder::Builder;

/// Something a file asks the engine for by name.
struct Wish<'a> {
    kind: &'static str,
    name: &'a str,
    path: String,
    span: Span,
}

/// Returns whether a project names anything that the engine must be asked for: one call more, made only then.
pub fn needs_plugins(project: &Project) -> bool {
    let services = project.services.values().any(|service| !of_service(service).is_empty());
    services || !of_volumes(project, &|_| true).is_empty() || !of_networks(project, &|_| true).is_empty()
}

/// Refuses drivers and runtimes that the engine has not.
pub(crate) fn check(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    selected: &BTreeSet<&str>,
    used: (&BTreeSet<&VolumeKey>, &BTreeSet<&NetworkKey>),
) {
    let Some(plugins) = &observed.plugins else { return };
    let services = project.services.values().filter(|service| selected.contains(service.name.as_str()));
    // What is there already has its driver.
    let volumes = of_volumes(project, &|volume| {
        let is_there = |one: &&ObservedVolume| one.name == volume.name && Some(&one.driver) == volume.driver.as_ref();
        used.0.contains(&volume.key) && !observed.volumes.iter().any(|one| is_there(&one))
    });
    let networks = of_networks(project, &|network| {
        let is_there =
            |one: &&ObservedNetwork| one.name == network.name && Some(&one.driver) == network.driver.as_ref();
        used.1.contains(&network.key) && !observed.networks.iter().any(|one| is_there(&one))
    });
    for wish in services.flat_map(of_service).chain(volumes).chain(networks) {
        let known = known(plugins, wish.kind);
        let is_there = has(known, wish.name) || (observed.engine.is_local && is_installed(wish.name));
        if !is_there {
            builder.tell(missing(&wish, known));
        }
    }
}

fn missing(wish: &Wish<'_>, known: &BTreeSet<String>) -> Diagnostic {
    let name = crate::text::escape_controls(wish.name);
    let message = format!("`{}`: the engine has no {} `{name}`", wish.path, wish.kind);
    let offered: Vec<String> = known.iter().map(|name| format!("`{}`", crate::text::escape_controls(name))).collect();
    Diagnostic::error("no-such-driver", wish.span, message)
        .at(wish.path.clone())
        .help(format!("install it, or take one that is there: {}", offered.join(", ")))
}

fn known<'a>(plugins: &'a Plugins, kind: &str) -> &'a BTreeSet<String> {
    match kind {
        LOG => &plugins.log,
        RUNTIME => &plugins.runtimes,
        NETWORK => &plugins.network,
        _ => &plugins.volume,
    }
}

const LOG: &str = "logging driver";
const RUNTIME: &str = "runtime";
const NETWORK: &str = "network driver";
const VOLUME: &str = "volume driver";

/// Compat: managed plugins are listed with their tag, and may be named without.
fn has(known: &BTreeSet<String>, name: &str) -> bool {
    known.iter().any(|one| one == name || one.strip_suffix(":latest") == Some(name))
}

/// Compat: plugins of the older kind are found when they are first used; until then the engine does not list them.
fn is_installed(name: &str) -> bool {
    let folders = ["/run/docker/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"];
    let ends = ["", ".sock", ".spec", ".json"];
    let is_plain = !name.contains(['/', '\0']);
    is_plain
        && folders.iter().any(|folder| ends.iter().any(|end| Path::new(folder).join(format!("{name}{end}")).exists()))
}

/// What every engine has is not asked for.
fn of_service(service: &Service) -> Vec<Wish<'_>> {
    let mut found = Vec::new();
    let mut wish = |kind, name, attribute: &str| {
        found.push(Wish { kind, name, path: format!("services.{}.{attribute}", service.name), span: service.span });
    };
    let driver = service.logging.as_ref().and_then(|logging| logging.driver.as_deref());
    if let Some(name) = driver.filter(|name| !matches!(*name, "" | "none" | "json-file" | "local")) {
        wish(LOG, name, "logging.driver");
    }
    // `io.containerd.…` and paths name shims that need no entry in the engine's configuration.
    let runtime = service.runtime.as_deref().filter(|name| !name.is_empty() && *name != "runc");
    if let Some(name) = runtime.filter(|name| !name.contains(['.', '/'])) {
        wish(RUNTIME, name, "runtime");
    }
    found
}

fn of_volumes<'a>(project: &'a Project, is_wanted: &dyn Fn(&Volume) -> bool) -> Vec<Wish<'a>> {
    let own = project.volumes.values().filter(|one| !one.is_external && is_wanted(one));
    let wish = |volume: &'a Volume| {
        let name = volume.driver.as_deref().filter(|name| !matches!(*name, "" | "local"))?;
        Some(Wish { kind: VOLUME, name, path: format!("volumes.{}.driver", volume.key), span: volume.span })
    };
    own.filter_map(wish).collect()
}

fn of_networks<'a>(project: &'a Project, is_wanted: &dyn Fn(&Network) -> bool) -> Vec<Wish<'a>> {
    let own = project.networks.values().filter(|one| !one.is_external && is_wanted(one));
    let wish = |network: &'a Network| {
        let is_usual = |name: &&str| matches!(*name, "" | "default" | "bridge" | "host" | "none" | "null" | "overlay");
        let name = network.driver.as_deref().filter(|name| !is_usual(name))?;
        Some(Wish { kind: NETWORK, name, path: format!("networks.{}.driver", network.key), span: network.span })
    };
    own.filter_map(wish).collect()
}
