//! The services that a service shares namespaces or volumes with.
//!
//! A parent has what is shared. Example: with `network_mode: service:db`, `db` is the parent (and the host) of `web`.

use crate::model::{Namespace, Service, ServiceName, VolumesFromSource};

/// Returns the services whose namespaces (`network_mode`, `ipc`, `pid`) or volumes (`volumes_from`) a service shares,
/// in order of names.
pub(crate) fn parents(service: &Service) -> Vec<&ServiceName> {
    let volumes = service.volumes_from.iter().filter_map(|source| match &source.from {
        VolumesFromSource::Service(name) => Some(name),
        VolumesFromSource::Container(_) => None,
    });
    let mut all: Vec<&ServiceName> = hosts(service).chain(volumes).collect();
    all.sort();
    all.dedup();
    all
}

/// Returns the services whose namespaces a service shares. A host may appear several times, once for each namespace.
pub(crate) fn hosts(service: &Service) -> impl Iterator<Item = &ServiceName> {
    [&service.network_mode, &service.ipc, &service.pid].into_iter().filter_map(|mode| match mode {
        Some(Namespace::Service(name)) => Some(name),
        _ => None,
    })
}
