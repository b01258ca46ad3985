//! Volume drivers, network drivers, logging drivers and runtimes that not every engine has. A missing driver or runtime
//! is refused before anything is created.
//!
//! Planning does not ask the engine: the application looks up the names of [`plugins_named`] before.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::model::{
    Network, NetworkKey, ObservedNetwork, ObservedVolume, Plugins, Project, Service, Span, Volume, VolumeKey,
};
use crate::plan::builder::Builder;
use crate::plan::scope::Scope;

/// A driver or runtime that the file names.
struct Wish<'a> {
    kind: &'static str,
    name: &'a str,
    path: String,
    span: Span,
}

/// Returns the names of the drivers and runtimes in a file that not every engine has. Most projects name none, and then
/// the engine need not be asked which drivers and runtimes it has.
pub fn plugins_named(project: &Project) -> BTreeSet<&str> {
    let services = project.services.values().flat_map(of_service);
    let others = of_volumes(project, &|_| true).into_iter().chain(of_networks(project, &|_| true));
    services.chain(others).map(|wish| wish.name).collect()
}

/// Refuses drivers and runtimes that the engine does not have. `used`: the volumes and networks of the run.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>, used: (&BTreeSet<&VolumeKey>, &BTreeSet<&NetworkKey>)) {
    let (project, observed) = (scope.project, scope.world.observed);
    let Some(plugins) = &observed.plugins else { return };
    // A volume or network that exists with this driver needs no check: the engine creates nothing with the driver.
    let volumes = of_volumes(project, &|volume| {
        let is_there = |one: &&ObservedVolume| one.name == volume.name && Some(&one.driver) == volume.driver.as_ref();
        used.0.contains(&volume.key) && !observed.volumes.iter().any(|one| is_there(&one))
    });
    let networks = of_networks(project, &|network| {
        let is_there =
            |one: &&ObservedNetwork| one.name == network.name && Some(&one.driver) == network.driver.as_ref();
        used.1.contains(&network.key) && !observed.networks.iter().any(|one| is_there(&one))
    });
    for wish in scope.services().flat_map(of_service).chain(volumes).chain(networks) {
        let known = known(plugins, wish.kind);
        let is_there = has(known, wish.name) || plugins.installed.contains(wish.name);
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

/// Returns whether a list of plugins has a name. The engine lists managed plugins with their tag (`name:latest`).
/// Compat: a file may name them without the tag.
fn has(known: &BTreeSet<String>, name: &str) -> bool {
    known.iter().any(|one| one == name || one.strip_suffix(":latest") == Some(name))
}

/// Returns the logging driver and the runtime of a service, unless every engine has them.
fn of_service(service: &Service) -> Vec<Wish<'_>> {
    let mut found = Vec::new();
    let mut wish = |kind, name, attribute: &str| {
        found.push(Wish { kind, name, path: format!("services.{}.{attribute}", service.name), span: service.span });
    };
    let driver = service.logging.as_ref().and_then(|logging| logging.driver.as_deref());
    if let Some(name) = driver.filter(|name| !matches!(*name, "" | "none" | "json-file" | "local")) {
        wish(LOG, name, "logging.driver");
    }
    // A runtime such as `io.containerd.runc.v2`, or a path, names a shim: it needs no entry in the engine's
    // configuration.
    let runtime = service.runtime.as_deref().filter(|name| !name.is_empty() && *name != "runc");
    if let Some(name) = runtime.filter(|name| !name.contains(['.', '/'])) {
        wish(RUNTIME, name, "runtime");
    }
    found
}

/// Returns the drivers of volumes, unless every engine has them.
fn of_volumes<'a>(project: &'a Project, is_wanted: &dyn Fn(&Volume) -> bool) -> Vec<Wish<'a>> {
    let own = project.volumes.values().filter(|one| !one.is_external && is_wanted(one));
    let wish = |volume: &'a Volume| {
        let name = volume.driver.as_deref().filter(|name| !matches!(*name, "" | "local"))?;
        Some(Wish { kind: VOLUME, name, path: format!("volumes.{}.driver", volume.key), span: volume.span })
    };
    own.filter_map(wish).collect()
}

/// Returns the drivers of networks, unless every engine has them.
fn of_networks<'a>(project: &'a Project, is_wanted: &dyn Fn(&Network) -> bool) -> Vec<Wish<'a>> {
    let own = project.networks.values().filter(|one| !one.is_external && is_wanted(one));
    let wish = |network: &'a Network| {
        let is_usual = |name: &&str| matches!(*name, "" | "default" | "bridge" | "host" | "none" | "null" | "overlay");
        let name = network.driver.as_deref().filter(|name| !is_usual(name))?;
        Some(Wish { kind: NETWORK, name, path: format!("networks.{}.driver", network.key), span: network.span })
    };
    own.filter_map(wish).collect()
}
