//! What the engine would refuse half way through is refused before anything is changed: names that others hold, and
//! what the engine is too old for.

use crate::diag::Diagnostic;
use crate::model::{ApiVersion, ContainerSpec, MountSource, Namespace, Observed, Service, ServiceName};
use crate::plan::builder::Builder;

/// Refuses files that are to be put into a container whose root is read-only: the engine writes none there.
pub(crate) fn files(builder: &mut Builder, service: &Service, spec: &ContainerSpec) {
    let Some(file) = spec.files.first().filter(|_| spec.read_only) else { return };
    let message = format!("service `{}` is read-only: `{}` cannot be put into it", service.name, file.path);
    builder.tell(
        Diagnostic::error("read-only-root", service.span, message)
            .at(format!("services.{}.read_only", service.name))
            .help("take the config or secret from a `file:`, which is mounted, or leave `read_only` out"),
    );
}

/// Refuses several replicas under one name; the file's own number is checked when it is read.
pub(crate) fn replicas(builder: &mut Builder, service: &Service, wanted: u32) {
    let Some(name) = service.container_name.as_ref().filter(|_| wanted > 1) else { return };
    let message = format!("{wanted} replicas of service `{}` cannot all be named `{name}`", service.name);
    builder.tell(
        Diagnostic::error("scale-and-name", service.span, message)
            .at(format!("services.{}.container_name", service.name))
            .help("leave `container_name` out, or scale it to 1"),
    );
}

/// Refuses more replicas than anybody means; `scale` is the number of the command line, where it has one.
pub(crate) fn too_many(builder: &mut Builder, service: &Service, scale: Option<u32>) {
    let (count, place) = match scale {
        Some(count) => (count, format!("--scale {}", service.name)),
        None => (service.replicas, format!("services.{}.deploy.replicas", service.name)),
    };
    let message =
        format!("{count} replicas of service `{}` are more than {}", service.name, crate::plan::scope::MOST_REPLICAS);
    builder.tell(
        Diagnostic::error("too-many-replicas", service.span, message)
            .at(place)
            .help("ask for fewer; is there a digit too many?"),
    );
}

/// Refuses a container whose namespaces or volumes are those of a service that has no container: made without them it
/// would be on another network, or write where nothing is kept.
pub(crate) fn parent_missing(builder: &mut Builder, service: &Service, parent: &ServiceName) {
    let is_parent = |namespace: &Option<Namespace>| *namespace == Some(Namespace::Service(parent.clone()));
    let shared = [
        (is_parent(&service.network_mode), "network_mode", "the network"),
        (is_parent(&service.pid), "pid", "the process ids"),
        (is_parent(&service.ipc), "ipc", "the memory"),
        (true, "volumes_from", "the volumes"),
    ];
    let Some((_, attribute, what)) = shared.into_iter().find(|(holds, ..)| *holds) else { return };
    let message = format!("service `{}` shares {what} of `{parent}`, which has no container", service.name);
    builder.tell(
        Diagnostic::error("parent-missing", service.span, message)
            .at(format!("services.{}.{attribute}", service.name))
            .help(format!("bring `{parent}` up, too: leave out `--no-deps`, and scale it to at least 1")),
    );
}

/// Refuses what the engine is too old for.
pub(crate) fn engine(builder: &mut Builder, observed: &Observed, service: &Service) {
    let have = observed.engine.api;
    for (what, least) in needs(service) {
        if have >= least {
            continue;
        }
        let message = format!("service `{}`: {what} needs Engine API {least}; this engine speaks {have}", service.name);
        builder.tell(
            Diagnostic::error("engine-too-old", service.span, message)
                .at(format!("services.{}", service.name))
                .help("leave it out, or use a newer engine"),
        );
    }
}

/// Returns what a service asks for that not every engine has, and the API version that has it.
fn needs(service: &Service) -> Vec<(&'static str, ApiVersion)> {
    let mut found = Vec::new();
    let mut need = |wanted: bool, what: &'static str, minor: u16| {
        if wanted && !found.contains(&(what, ApiVersion::new(1, minor))) {
            found.push((what, ApiVersion::new(1, minor)));
        }
    };
    need(!service.annotations.is_empty(), "`annotations`", 43);
    for mount in &service.volumes {
        match &mount.source {
            MountSource::Image { .. } => need(true, "a mount of type `image`", 48),
            MountSource::Cluster { .. } => need(true, "a mount of type `cluster`", 42),
            MountSource::Volume { subpath, .. } => need(subpath.is_some(), "`volume.subpath`", 45),
            MountSource::Bind { recursive, .. } => need(recursive.is_some(), "`bind.recursive`", 44),
            _ => {}
        }
    }
    for attachment in service.networks.values() {
        need(attachment.gw_priority != 0, "`gw_priority`", 48);
        need(attachment.interface_name.is_some(), "`interface_name`", 49);
    }
    found
}
