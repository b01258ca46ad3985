//! Shares.

use crate::model::{Namespace, Service, ServiceName, VolumesFromSource};

/// Returns the services whose namespaces or volumes a service shares.
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

/// Returns the services whose namespaces a service shares.
pub(crate) fn hosts(service: &Service) -> impl Iterator<Item = &ServiceName> {
    [&service.network_mode, &service.ipc, &service.pid].into_iter().filter_map(|mode| match mode {
        Some(Namespace::Service(name)) => Some(name),
        _ => None,
    })
}
