//! Turns a service and a replica number into the specification of a container.
//!
//! Start at [`container_spec`]. An attribute that the engine takes in the file's form is copied there; every other
//! attribute has its own function.

use std::collections::BTreeMap;

use crate::model::{
    ContainerName, ContainerSpec, Contents, EndpointSpec, FileReference, ImageId, MountKind, MountSource, MountSpec,
    Namespace, NetworkKey, PortSpec, Project, Proxies, Secret, Service, ServiceName, VolumeName, VolumesFromSource,
    hash, labels,
};
use crate::plan::Reference;
use crate::plan::container::mounts::{plain, tmpfs};
use crate::plan::container::naming::{container_name, image_of};
use crate::plan::container::shares::parents;
use crate::plan::container::{fields, fixed, injected};
use crate::plan::step::IdField;

/// Everything that determines the specification of a replica.
pub(crate) struct SpecInput<'a> {
    pub project: &'a Project,
    pub service: &'a Service,
    pub number: u32,
    pub contents: &'a Contents,
    pub separator: char,
    /// The id of the image that the service's image name now stands for.
    pub image_id: Option<&'a ImageId>,
    /// The user of that image; `None` where the image was not inspected.
    pub image_user: Option<&'a str>,
    /// The proxies that docker's configuration sets for the engine.
    pub proxies: &'a Proxies,
    /// Returns the container of a parent service whose namespaces or volumes this replica shares.
    pub reference: &'a dyn Fn(&ServiceName) -> Option<crate::plan::ContainerRef>,
    /// Returns the id of the first container of a service; `None` where the plan creates that container or wants none.
    pub container_id: &'a dyn Fn(&str) -> Option<String>,
    /// Returns the replicas of a linked service: number and name of each.
    pub replicas: &'a dyn Fn(&ServiceName) -> Vec<(u32, ContainerName)>,
    /// The anonymous volumes that the replica takes over from the container which it replaces: path to volume.
    pub inherited_volumes: BTreeMap<String, VolumeName>,
}

/// Returns the specification, under the replica's final name, and its references to other containers: the executor
/// fills in their ids.
pub(crate) fn container_spec(input: &SpecInput<'_>) -> (ContainerSpec, Vec<Reference>) {
    let service = input.service;
    let mut references = Vec::new();
    let name = container_name(input.project, service, input.number, input.separator);
    let mut spec = ContainerSpec {
        image: image_of(input.project, service, input.separator),
        platform: service.platform.clone(),
        annotations: service.annotations.clone(),
        command: service.command.clone(),
        entrypoint: service.entrypoint.clone(),
        environment: environment(service, input.proxies),
        hostname: service.hostname.clone(),
        domainname: service.domainname.clone(),
        user: service.user.clone(),
        working_dir: service.working_dir.clone(),
        tty: service.tty,
        stdin_open: service.stdin_open,
        read_only: service.read_only,
        privileged: service.privileged,
        init: service.init,
        runtime: service.runtime.clone(),
        isolation: service.isolation.clone(),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period,
        restart: service.restart,
        uts_mode: service.uts.clone(),
        userns_mode: service.userns_mode.clone(),
        cgroupns_mode: service.cgroup.clone(),
        cgroup_parent: service.cgroup_parent.clone(),
        mac_address: service.mac_address.clone(),
        ports: ports(service),
        exposed: exposed(service),
        dns: service.dns.clone(),
        dns_options: service.dns_opt.clone(),
        dns_search: service.dns_search.clone(),
        extra_hosts: service.extra_hosts.iter().map(|(host, address)| format!("{host}:{address}")).collect(),
        healthcheck: service.healthcheck.clone(),
        logging: service.logging.clone(),
        limits: service.limits.clone(),
        cap_add: service.cap_add.clone(),
        cap_drop: service.cap_drop.clone(),
        group_add: service.group_add.clone(),
        security_opt: service.security_opt.clone(),
        sysctls: service.sysctls.clone(),
        devices: service.devices.clone(),
        device_cgroup_rules: service.device_cgroup_rules.clone(),
        device_requests: service.device_requests.clone(),
        storage_opt: service.storage_opt.clone(),
        tmpfs: tmpfs(service),
        ..ContainerSpec::default()
    };
    namespaces(input, &mut spec, &mut references);
    networks(input, &name, &mut spec);
    volumes_from(input, &mut spec, &mut references);
    mounts(input, &mut spec);
    injected::files(input.project, service, input.contents, input.image_user, &mut spec);
    spec.labels = container_labels(input, &spec.networks, &mut references);
    spec.name = name;
    (spec, references)
}

/// Returns the variables as `KEY=value`: the service's, and those of proxies that the service does not set. A name
/// without a value removes the image's variable of that name.
fn environment(service: &Service, proxies: &Proxies) -> Vec<String> {
    let of_proxies = proxies.0.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
    let own = service.environment.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
    let all: BTreeMap<&str, Option<&str>> = of_proxies.chain(own).collect();
    let entry = |(key, value): (&str, Option<&str>)| match value {
        Some(value) => format!("{key}={value}"),
        None => key.to_owned(),
    };
    all.into_iter().map(entry).collect()
}

fn ports(service: &Service) -> Vec<PortSpec> {
    let spec = |port: &crate::model::Port| PortSpec {
        target: port.target,
        protocol: port.protocol.clone(),
        published: port.published.clone().unwrap_or_default(),
        host_ip: port.host_ip,
    };
    service.ports.iter().map(spec).collect()
}

/// Returns the exposed ports as `80/tcp`: those under `expose`, and the container's side of those under `ports`.
fn exposed(service: &Service) -> Vec<String> {
    let declared = service.expose.iter().map(|port| match port.contains('/') {
        true => port.clone(),
        false => format!("{port}/tcp"),
    });
    let published = service.ports.iter().map(|port| format!("{}/{}", port.target, port.protocol));
    let mut all: Vec<String> = declared.chain(published).collect();
    all.sort();
    all.dedup();
    all
}

fn namespaces(input: &SpecInput<'_>, spec: &mut ContainerSpec, references: &mut Vec<Reference>) {
    let service = input.service;
    let mut shared = |namespace: &Option<Namespace>, slot: IdField| match namespace {
        None => None,
        Some(Namespace::Mode(mode)) => Some(mode.clone()),
        Some(Namespace::Container(name)) => Some(format!("container:{name}")),
        Some(Namespace::Service(parent)) => {
            match (input.reference)(parent) {
                Some(container) => references.push(Reference { container, slot }),
                // A plan without a container of the parent is refused (`preflight::parent_missing`). Should the plan be
                // run all the same, the engine refuses the mode `service:db`. Without a mode, the container would
                // silently get a namespace of its own.
                None => return Some(format!("service:{parent}")),
            }
            None
        }
    };
    spec.ipc_mode = shared(&service.ipc, IdField::IpcMode);
    spec.pid_mode = shared(&service.pid, IdField::PidMode);
    spec.network_mode = shared(&service.network_mode, IdField::NetworkMode);
}

/// Sets the networks, the highest `priority` first, and equal ones in order of keys. The first network is also the
/// container's network mode.
fn networks(input: &SpecInput<'_>, name: &ContainerName, spec: &mut ContainerSpec) {
    let service = input.service;
    if service.network_mode.is_some() {
        return;
    }
    spec.networks = service.networks_in_order().into_iter().filter_map(|key| endpoint(input, name, key)).collect();
    spec.network_mode = Some(match spec.networks.first() {
        Some(first) => first.network.to_string(),
        None => "none".to_owned(),
    });
}

/// Returns the endpoint of a replica on one of its service's networks; `None` where the service is not on that network.
pub(crate) fn endpoint(input: &SpecInput<'_>, name: &ContainerName, key: &NetworkKey) -> Option<EndpointSpec> {
    let network = input.project.networks.get(key)?;
    let attachment = input.service.networks.get(key)?;
    // Compat: the service's `mac_address` is for its first network only.
    let is_first = input.service.networks_in_order().first() == Some(&key);
    let of_service = || input.service.mac_address.clone().filter(|_| is_first);
    let mut aliases = vec![name.to_string(), input.service.name.to_string()];
    aliases.extend(attachment.aliases.iter().cloned());
    Some(EndpointSpec {
        network: network.name.clone(),
        aliases,
        links: links(input),
        ipv4_address: attachment.ipv4_address.clone(),
        ipv6_address: attachment.ipv6_address.clone(),
        link_local_ips: attachment.link_local_ips.clone(),
        mac_address: attachment.mac_address.clone().or_else(of_service),
        driver_opts: attachment.driver_opts.clone(),
        interface_name: attachment.interface_name.clone(),
        gw_priority: attachment.gw_priority,
    })
}

/// Returns the links as the engine wants them: `CONTAINER:ALIAS`.
///
/// Compat: as with docker compose, a link to a service reaches all of its replicas, and each has three names: the alias
/// of the link, `service-NUMBER`, and the container's own name. docker compose takes the number of the container that
/// has the link, so that its `db-1` means every replica of `db`. Here the number is the replica's own.
fn links(input: &SpecInput<'_>) -> Vec<String> {
    let internal = input.service.links.iter().flat_map(|(name, alias)| {
        (input.replicas)(name).into_iter().flat_map(move |(number, container)| {
            let numbered = format!("{name}{}{number}", input.separator);
            [format!("{container}:{alias}"), format!("{container}:{numbered}"), format!("{container}:{container}")]
        })
    });
    let external = input.service.external_links.iter().map(|(container, alias)| format!("{container}:{alias}"));
    internal.chain(external).collect()
}

fn volumes_from(input: &SpecInput<'_>, spec: &mut ContainerSpec, references: &mut Vec<Reference>) {
    for source in &input.service.volumes_from {
        match &source.from {
            VolumesFromSource::Container(name) => {
                spec.volumes_from.push(if source.is_read_only { format!("{name}:ro") } else { name.clone() });
            }
            VolumesFromSource::Service(parent) => {
                if let Some(container) = (input.reference)(parent) {
                    let slot = IdField::VolumesFrom { is_read_only: source.is_read_only };
                    references.push(Reference { container, slot });
                }
            }
        }
    }
}

fn mounts(input: &SpecInput<'_>, spec: &mut ContainerSpec) {
    for mount in &input.service.volumes {
        let kind = match &mount.source {
            MountSource::Bind { path, create_host_path, propagation, selinux, recursive } => MountKind::Bind {
                source: path.clone(),
                create_host_path: *create_host_path,
                propagation: propagation.clone(),
                selinux: selinux.clone(),
                recursive: recursive.clone(),
            },
            MountSource::Volume { key, nocopy, subpath } => {
                let name = input.project.volumes.get(key).map(|volume| volume.name.clone());
                let name = name.unwrap_or_else(|| VolumeName::new(key.as_str()));
                MountKind::Volume { name, nocopy: *nocopy, subpath: subpath.clone() }
            }
            MountSource::Anonymous { nocopy } => MountKind::Anonymous {
                name: input.inherited_volumes.get(plain(&mount.target)).cloned(),
                nocopy: *nocopy,
            },
            MountSource::Tmpfs { size, mode } => MountKind::Tmpfs { size: *size, mode: *mode },
            MountSource::Image { image, subpath } => {
                MountKind::Image { image: image.as_str().into(), subpath: subpath.clone() }
            }
            MountSource::NamedPipe { path } => MountKind::NamedPipe { source: path.clone() },
            MountSource::Cluster { name } => MountKind::Cluster { name: name.clone() },
        };
        spec.mounts.push(MountSpec {
            target: mount.target.clone(),
            is_read_only: mount.is_read_only,
            consistency: mount.consistency.clone(),
            kind,
        });
    }
    // A volume that only the image declares (`VOLUME`) has no mount in the file. The replica takes that volume over,
    // too.
    for (target, name) in &input.inherited_volumes {
        if !spec.mounts.iter().any(|mount| plain(&mount.target) == target) {
            let kind = MountKind::Anonymous { name: Some(name.clone()), nocopy: false };
            spec.mounts.push(MountSpec { target: target.clone(), is_read_only: false, consistency: None, kind });
        }
    }
}

fn container_labels(
    input: &SpecInput<'_>,
    endpoints: &[EndpointSpec],
    references: &mut Vec<Reference>,
) -> BTreeMap<String, String> {
    let (project, service) = (input.project, input.service);
    let paths = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>().join(",")
    };
    let mut all = service.labels.clone();
    let mut set = |key: &str, value: String| all.insert(key.to_owned(), value);
    set(labels::PROJECT, project.name.to_string());
    set(labels::SERVICE, service.name.to_string());
    set(labels::NUMBER, input.number.to_string());
    set(labels::ONEOFF, "False".to_owned());
    set(labels::VERSION, labels::COMPATIBLE_VERSION.to_owned());
    set(labels::CONFIG_FILES, paths(&project.config_files));
    set(labels::WORKING_DIR, project.working_dir.to_string_lossy().into_owned());
    if !project.env_files.is_empty() {
        set(labels::ENVIRONMENT_FILE, paths(&project.env_files));
    }
    set(labels::DEPENDS_ON, depends_on(service));
    if let Some(id) = input.image_id {
        set(labels::IMAGE, id.to_string());
    }
    set(labels::FIELDS, fields::digest_label(&service.canonical));
    if let Some(addresses) = fixed::label(endpoints) {
        set(labels::ADDRESSES, addresses);
    }
    if let Some(contents) = contents_label(service, project, input.contents) {
        set(labels::CONTENTS, contents);
    }
    set(labels::CONFIG_HASH, hash::service_hash(&service.canonical, input.container_id));
    // The config hash covers the ids of the parents' containers. Where this plan creates a parent's container, the
    // executor computes the hash once the id is known.
    for parent in parents(service) {
        if let Some(container @ crate::plan::ContainerRef::Planned(_)) = (input.reference)(parent) {
            let slot = IdField::ConfigHash { canonical: service.canonical.clone(), service: parent.clone() };
            references.push(Reference { container, slot });
        }
    }
    all
}

/// Returns the value of the label for `depends_on`: `db:service_healthy:true,...`.
fn depends_on(service: &Service) -> String {
    let entry = |(name, edge): (&ServiceName, &crate::model::Dependency)| {
        format!("{name}:{}:{}", edge.condition.as_str(), edge.restart)
    };
    service.depends_on.iter().map(entry).collect::<Vec<_>>().join(",")
}

/// Returns the value of the label for contents, `config/KEY=digest secret/KEY=digest ...`, with the configs and secrets
/// that the service uses; `None` where it uses none, or none could be read.
pub(crate) fn contents_label(service: &Service, project: &Project, contents: &Contents) -> Option<String> {
    let list = |kind: &'static str,
                references: &[FileReference],
                known: &BTreeMap<String, crate::model::Content>,
                declared: &BTreeMap<String, Secret>| {
        let entry = |reference: &FileReference| {
            declared.get(&reference.source)?;
            Some(format!("{kind}/{}={}", reference.source, known.get(&reference.source)?.digest))
        };
        references.iter().filter_map(entry).collect::<Vec<_>>()
    };
    let mut all = list("config", &service.configs, &contents.configs, &project.configs);
    all.extend(list("secret", &service.secrets, &contents.secrets, &project.secrets));
    all.sort();
    all.dedup();
    (!all.is_empty()).then(|| all.join(" "))
}
