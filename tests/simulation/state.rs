//! Compares the engine with a project, without the planner: labels, networks and states are read here on their own.

use std::collections::{BTreeMap, BTreeSet};

use inception::engine::ReadEngine;
use inception::engine::fake::FakeEngine;
use inception::model::{ContainerState, ObservedContainer, ObservedNetwork, Project, Service, hash, labels};
use inception::plan::UpOptions;

/// Everything on the engine, as seen by client 0, the world.
pub struct Seen {
    pub containers: Vec<ObservedContainer>,
    pub networks: Vec<ObservedNetwork>,
    pub volumes: BTreeSet<String>,
}

pub async fn look(engine: &FakeEngine) -> Seen {
    let world = engine.client(0);
    let volumes = world.list_volumes().await.unwrap();
    Seen {
        containers: world.list_containers(&[]).await.unwrap(),
        networks: world.list_networks().await.unwrap(),
        volumes: volumes.iter().map(|one| one.name.to_string()).collect(),
    }
}

/// Whether a container belongs to the project under test. A project of the same name in another directory is another
/// one.
pub fn is_ours(labels_found: &BTreeMap<String, String>) -> bool {
    labels_found.get(labels::PROJECT).is_some_and(|name| name == "p")
        && labels_found.get(labels::WORKING_DIR).is_none_or(|folder| folder == "/project")
}

pub fn wanted(service: &Service, options: &UpOptions) -> usize {
    options.scale.get(&service.name).copied().unwrap_or(service.replicas) as usize
}

/// Returns in words how the engine differs from the state that `up` with these options must reach.
pub fn differences(seen: &Seen, project: &Project, options: &UpOptions) -> Vec<String> {
    let mut found = Vec::new();
    let first = |name: &str| {
        let all = seen.containers.iter().filter(|one| is_ours(&one.labels) && one.service() == Some(name));
        all.min_by_key(|one| one.number()).map(|one| one.id.to_string())
    };
    for service in project.services.values() {
        let containers: Vec<&ObservedContainer> = seen
            .containers
            .iter()
            .filter(|one| is_ours(&one.labels) && one.service() == Some(service.name.as_str()))
            .collect();
        let wanted = wanted(service, options);
        if containers.len() != wanted {
            let names: Vec<&str> = containers.iter().map(|one| one.name.as_str()).collect();
            found.push(format!("{} has {names:?}, wanted {wanted}", service.name));
        }
        let hash = hash::service_hash(&service.canonical, &first);
        for container in containers {
            found.extend(container_faults(seen, project, service, container, &hash));
        }
    }
    found.extend(resource_faults(seen, project));
    if options.remove_orphans {
        let is_orphan = |one: &&ObservedContainer| {
            is_ours(&one.labels) && one.service().is_some_and(|name| project.service(name).is_none())
        };
        found.extend(seen.containers.iter().filter(is_orphan).map(|one| format!("orphan {} stays", one.name)));
    }
    found
}

fn container_faults(
    seen: &Seen,
    project: &Project,
    service: &Service,
    container: &ObservedContainer,
    hash: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut fault = |what: String| found.push(format!("{} {what}", container.name));
    let name = format!("p-{}-{}", service.name, container.number().unwrap_or_default());
    if container.name.as_str() != name {
        fault(format!("should be named {name}"));
    }
    let image = service.image.as_ref().map(|image| image.as_str()).unwrap_or_default();
    if container.image != image {
        fault(format!("runs {}, not {image}", container.image));
    }
    if container.label(labels::CONFIG_HASH) != Some(hash) {
        fault("has another definition".to_owned());
    }
    let is_well = match image.starts_with("job") {
        true => {
            container.state == ContainerState::Exited && container.exit_code == Some(0)
                || container.state == ContainerState::Running
        }
        false => container.state == ContainerState::Running,
    };
    if !is_well {
        fault(format!("is {} ({:?})", container.state.as_str(), container.exit_code));
    }
    let wanted: BTreeSet<&str> = match service.network_mode {
        Some(_) => BTreeSet::new(),
        None => service.networks.keys().map(|key| project.networks[key].name.as_str()).collect(),
    };
    let attached: BTreeSet<&str> = container.networks.keys().map(|name| name.as_str()).collect();
    if wanted != attached && container.state == ContainerState::Running {
        fault(format!("is on networks {attached:?}, not {wanted:?}"));
    }
    for (name, endpoint) in container.networks.iter().filter(|_| container.state == ContainerState::Running) {
        if !seen.networks.iter().any(|network| network.name == *name && network.id == endpoint.network_id) {
            fault(format!("is bound to a network {name} that is gone"));
        }
    }
    if let Some(parent) = container.network_mode.strip_prefix("container:") {
        let is_there = seen.containers.iter().any(|one| one.id.as_str() == parent);
        if !is_there {
            fault("shares the namespace of a container that is gone".to_owned());
        }
    }
    found
}

fn resource_faults(seen: &Seen, project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    let used: BTreeSet<_> = project.services.values().flat_map(|service| service.networks.keys()).collect();
    for (key, network) in project.networks.iter().filter(|(key, _)| used.contains(key)) {
        let all: Vec<_> = seen.networks.iter().filter(|one| one.name == network.name).collect();
        if all.len() != 1 {
            found.push(format!("there are {} networks {key}", all.len()));
        }
        let hash = hash::resource_hash(&network.canonical);
        if !network.is_external && all.iter().any(|one| one.labels.get(labels::CONFIG_HASH) != Some(&hash)) {
            found.push(format!("network {key} has another definition"));
        }
    }
    for (key, volume) in &project.volumes {
        if !seen.volumes.contains(volume.name.as_str()) {
            found.push(format!("there is no volume {key}"));
        }
    }
    found
}
