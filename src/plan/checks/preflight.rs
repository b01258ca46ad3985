//! Checks of a single service or network: files for a read-only container, the number of replicas, missing parents, two
//! MAC addresses for one interface, and attributes that the engine is too old for.
//!
//! These checks do not look at other containers or programs; `claims` does.

use crate::diag::Diagnostic;
use crate::model::{ApiVersion, ContainerSpec, MountSource, Namespace, Network, Observed, Service, ServiceName, Span};
use crate::plan::builder::Builder;

/// Refuses configs and secrets that must be copied into a container with `read_only`: the engine does not write into a
/// read-only root file system.
pub(crate) fn files(builder: &mut Builder, service: &Service, spec: &ContainerSpec) {
    let Some(file) = spec.files.first().filter(|_| spec.read_only) else { return };
    let message = format!("service `{}` is read-only: `{}` cannot be put into it", service.name, file.path);
    builder.tell(
        Diagnostic::error("read-only-root", service.span, message)
            .at(format!("services.{}.read_only", service.name))
            .help("take the config or secret from a `file:`, which is mounted, or leave `read_only` out"),
    );
}

/// Refuses several replicas of a service with `container_name`. The loader refuses several replicas in the file; here
/// the number may come from `--scale`.
pub(crate) fn replicas(builder: &mut Builder, service: &Service, wanted: u32) {
    let Some(name) = service.container_name.as_ref().filter(|_| wanted > 1) else { return };
    let message = format!("{wanted} replicas of service `{}` cannot all be named `{name}`", service.name);
    builder.tell(
        Diagnostic::error("scale-and-name", service.span, message)
            .at(format!("services.{}.container_name", service.name))
            .help("leave `container_name` out, or scale it to 1"),
    );
}

/// Refuses more than [`crate::plan::scope::MOST_REPLICAS`] replicas of a service. `scale`: the number of `--scale`,
/// which the message then shows instead of the file's.
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

/// Refuses a container that shares namespaces or volumes of a service without a container. Without its parent, the
/// container would have a network of its own, or would write its data into its own files.
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

/// Refuses attributes of a service that the engine is too old for. If the container works without the attribute, that
/// is a warning.
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
    for (what, least, meanwhile) in prefers(service) {
        if have < least {
            let subject = format!("service `{}`", service.name);
            builder.tell(
                passed_over(&subject, service.span, what, (least, have), meanwhile)
                    .at(format!("services.{}", service.name)),
            );
        }
    }
}

/// Warns of attributes of a network that the engine is too old for.
pub(crate) fn network(builder: &mut Builder, observed: &Observed, network: &Network) {
    let (have, least) = (observed.engine.api, ApiVersion::new(1, 47));
    // An older engine gives every network IPv4, so it follows `enable_ipv4: true`.
    if network.enable_ipv4 == Some(false) && have < least {
        let subject = format!("network `{}`", network.name);
        let meanwhile = "the network has IPv4, too";
        builder.tell(
            passed_over(&subject, network.span, "`enable_ipv4: false`", (least, have), meanwhile)
                .at(format!("networks.{}.enable_ipv4", network.key)),
        );
    }
}

/// Returns the warning about an attribute that the engine ignores. Compat: docker compose does not warn.
fn passed_over(
    subject: &str,
    span: Span,
    what: &str,
    (least, have): (ApiVersion, ApiVersion),
    meanwhile: &str,
) -> Diagnostic {
    let message = format!("{subject}: {what} needs Engine API {least}; this engine speaks {have}, and {meanwhile}");
    Diagnostic::warning("engine-too-old", span, message).help("leave it out, or use a newer engine")
}

/// Returns the attributes of a service that an older engine may ignore, each with the first version that knows it and
/// with the effect of ignoring it.
fn prefers(service: &Service) -> Vec<(&'static str, ApiVersion, &'static str)> {
    let mut found = Vec::new();
    if !service.annotations.is_empty() {
        found.push(("`annotations`", ApiVersion::new(1, 43), "the container has none"));
    }
    // With one network there is only one gateway.
    if service.networks.len() > 1 && service.networks.values().any(|attachment| attachment.gw_priority != 0) {
        found.push(("`gw_priority`", ApiVersion::new(1, 48), "it chooses the gateway by itself"));
    }
    found
}

/// Refuses two MAC addresses for one interface: the service's own `mac_address` is the one of its first network.
pub(crate) fn mac_address(builder: &mut Builder, service: &Service) {
    let first = service.networks_in_order().first().copied();
    let of_network = first.and_then(|key| Some((key, service.networks[key].mac_address.as_ref()?)));
    let Some((own, (key, other))) = service.mac_address.as_ref().zip(of_network) else { return };
    if own.eq_ignore_ascii_case(other) {
        return;
    }
    let message = format!(
        "service `{}` has the `mac_address` {own}, and {other} on its first network `{key}`; both are for one interface",
        service.name
    );
    builder.tell(
        Diagnostic::error("invalid", service.networks[key].span, message)
            .at(format!("services.{}.mac_address", service.name))
            .help("leave one of the two out"),
    );
}

/// Warns about an attribute that an older engine ignores: the container works, but not quite as the file says.
pub(crate) fn left_out(builder: &mut Builder, observed: &Observed, service: &Service) {
    let (have, least) = (observed.engine.api, ApiVersion::new(1, 44));
    let Some(check) = service.healthcheck.as_ref().filter(|check| check.start_interval.is_some()) else { return };
    if have >= least || check.is_disabled {
        return;
    }
    let subject = format!("service `{}`", service.name);
    let meanwhile = "it checks at the usual interval from the beginning";
    builder.tell(
        passed_over(&subject, check.span, "`start_interval`", (least, have), meanwhile)
            .at(format!("services.{}.healthcheck.start_interval", service.name))
            .help("use a shorter `interval`, or a newer engine"),
    );
}

/// Returns the attributes of a service that need a newer Engine API, each with the first version that knows it.
fn needs(service: &Service) -> Vec<(&'static str, ApiVersion)> {
    let mut found = Vec::new();
    let mut need = |wanted: bool, what: &'static str, minor: u16| {
        if wanted && !found.contains(&(what, ApiVersion::new(1, minor))) {
            found.push((what, ApiVersion::new(1, minor)));
        }
    };
    for mount in &service.volumes {
        match &mount.source {
            MountSource::Image { .. } => need(true, "a mount of type `image`", 48),
            MountSource::Cluster { .. } => need(true, "a mount of type `cluster`", 42),
            MountSource::Volume { subpath, .. } => need(subpath.is_some(), "`volume.subpath`", 45),
            // The other words work with engines before API 1.44, too.
            MountSource::Bind { recursive, .. } => {
                need(recursive.as_deref() == Some("readonly"), "`bind.recursive: readonly`", 44);
            }
            _ => {}
        }
    }
    need(service.addressed_networks() > 1, "`mac_address` on several networks", 44);
    for attachment in service.networks.values() {
        need(attachment.interface_name.is_some(), "`interface_name`", 49);
    }
    found
}
