//! Containers and networks outside the project that a service names: `network_mode: container:NAME`, `ipc`, `pid`,
//! `volumes_from`, and `network_mode: NETWORK`.

use crate::diag::Diagnostic;
use crate::model::{Namespace, ObservedContainer, Service, VolumesFromSource};
use crate::plan::builder::Builder;
use crate::plan::container::replicas;
use crate::plan::scope::Scope;

/// Network modes that are not names of networks.
const MODES: [&str; 8] = ["", "bridge", "default", "host", "none", "pasta", "private", "slirp4netns"];

/// Refuses services that share namespaces or volumes of a container, or use a network, that the engine does not have.
pub(crate) fn check(builder: &mut Builder, scope: Scope<'_>) {
    for service in scope.with_replicas() {
        let shared = [("network_mode", &service.network_mode), ("ipc", &service.ipc), ("pid", &service.pid)];
        for (field, namespace) in shared {
            match namespace {
                Some(Namespace::Container(name)) => container(builder, scope, service, (field, name, true)),
                Some(Namespace::Mode(mode)) if field == "network_mode" => network(builder, scope, service, mode),
                _ => {}
            }
        }
        for from in &service.volumes_from {
            if let VolumesFromSource::Container(name) = &from.from {
                container(builder, scope, service, ("volumes_from", name, false));
            }
        }
    }
}

/// Refuses a container that does not exist, or does not run although its namespace is to be shared.
fn container(builder: &mut Builder, scope: Scope<'_>, service: &Service, (field, name, must_run): (&str, &str, bool)) {
    if is_own(scope, name) {
        return;
    }
    let shown = crate::text::escape_controls(name);
    let path = format!("services.{}.{field}", service.name);
    let mut refuse = |message: String, help: String| {
        builder.tell(Diagnostic::error("container-missing", service.span, message).at(path.clone()).help(help));
    };
    match find(scope, name) {
        None => refuse(
            format!("service `{}` needs the container `{shown}`, which does not exist", service.name),
            "create it first, or name a service of the file: `service:NAME`".to_owned(),
        ),
        Some(one) if must_run && scope.options.start && !replicas::is_up(one) => refuse(
            format!("service `{}` needs the container `{shown}`, which does not run", service.name),
            format!("start it first: `docker start {shown}`"),
        ),
        Some(_) => {}
    }
}

/// Refuses a `network_mode` that is neither a mode nor the name of a network.
fn network(builder: &mut Builder, scope: Scope<'_>, service: &Service, mode: &str) {
    let is_own = || scope.project.networks.values().any(|network| network.name.as_str() == mode);
    let is_there = || {
        let is_it = |id: &str| mode.len() >= 8 && id.starts_with(mode);
        scope.world.observed.networks.iter().any(|one| one.name.as_str() == mode || is_it(one.id.as_str()))
    };
    if MODES.contains(&mode) || mode.contains(':') || is_own() || is_there() {
        return;
    }
    let shown = crate::text::escape_controls(mode);
    let message =
        format!("service `{}`: `network_mode: {shown}`, but the engine has no network of that name", service.name);
    let fault = Diagnostic::error("external-network-missing", service.span, message);
    let help = format!("make it with `docker network create {shown}`, or use `networks`");
    builder.tell(fault.at(format!("services.{}.network_mode", service.name)).help(help));
}

/// Returns whether a name belongs to a container of this project, which the run may create first.
fn is_own(scope: Scope<'_>, name: &str) -> bool {
    let separator = scope.options.separator;
    let is_of = |service: &Service| match &service.container_name {
        Some(own) => own == name,
        None => {
            let rest = name.strip_prefix(scope.project.name.as_str()).and_then(|rest| rest.strip_prefix(separator));
            let rest = rest.and_then(|rest| rest.strip_prefix(service.name.as_str()));
            rest.and_then(|rest| rest.strip_prefix(separator)).is_some_and(|number| number.parse::<u32>().is_ok())
        }
    };
    scope.project.services.values().any(is_of)
}

/// Returns a container by its name, or by the first digits of its id.
fn find<'a>(scope: Scope<'a>, name: &str) -> Option<&'a ObservedContainer> {
    let by_id = || scope.world.containers().find(|one| one.id.as_str().starts_with(name));
    scope.world.named(name.trim_start_matches('/')).or_else(by_id)
}
