//! Turns the canonical model into the typed project, with the places for messages.
//!
//! Start at [`project`]. Values come from the canonical model, so that project, hashes and output agree. Places come
//! from the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::loaded::Loaded;
use super::tree::Node;
use crate::diag::Diagnostic;
use crate::model::{NetworkKey, Project, ProjectName, Service, ServiceName, Span, VolumeKey};

mod checks;
mod default_platform;
mod get;
mod parts;
mod resources;
mod service;
mod spans;

use spans::place;

pub(super) use checks::faults;

/// Builds the project.
pub(super) fn project(loaded: &mut Loaded) -> Project {
    let tree = loaded.tree.take();
    let disabled = loaded.disabled.take();
    let empty = Node::map(Span::NONE);
    let root = tree.as_ref().unwrap_or(&empty);
    let section = |name: &str| loaded.model.get(name).and_then(Json::as_object);
    let mut project = Project {
        name: ProjectName::new(loaded.name.clone()),
        working_dir: loaded.working_dir.clone(),
        config_files: loaded.config_files.clone(),
        env_files: loaded.env_files.clone(),
        services: BTreeMap::new(),
        disabled_services: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        secrets: BTreeMap::new(),
        configs: BTreeMap::new(),
    };
    let mut faults = Vec::new();
    let platform = loaded.variables.get(default_platform::NAME).map_or("", String::as_str);
    for (name, value) in section("services").into_iter().flatten() {
        let (node, span) = place(root, "services", name);
        let mut service = service::service(name, value, node, span);
        if let Some((index, files)) = loaded.label_files.get(name) {
            service.canonical = Arc::new(with_label_files(&service.canonical, *index, files));
        }
        default_platform::apply(&mut service, platform, &mut faults);
        project.services.insert(ServiceName::new(name), service);
    }
    for (name, entry) in disabled.as_ref().map(Node::entries).into_iter().flatten() {
        let profiles = entry.node.get("profiles").map(Node::items).unwrap_or_default();
        let profiles = profiles.iter().filter_map(Node::scalar_text).collect();
        let service = Service { name: name.into(), span: entry.key, profiles, ..Service::default() };
        project.disabled_services.insert(name.into(), service);
    }
    for (name, value) in section("networks").into_iter().flatten() {
        let (node, span) = place(root, "networks", name);
        project.networks.insert(NetworkKey::new(name), resources::network(name, value, node, span));
    }
    for (name, value) in section("volumes").into_iter().flatten() {
        let (_, span) = place(root, "volumes", name);
        project.volumes.insert(VolumeKey::new(name), resources::volume(name, value, span));
    }
    for (kind, target) in [("secrets", &mut project.secrets), ("configs", &mut project.configs)] {
        for (name, value) in section(kind).into_iter().flatten() {
            let (node, span) = place(root, kind, name);
            target.insert(name.clone(), resources::file_object(value, node, span, &loaded.variables));
        }
    }
    loaded.tree = tree;
    loaded.disabled = disabled;
    // A project with faults may be decoded a second time: do not repeat its faults.
    faults.retain(|fault: &Diagnostic| !loaded.diagnostics.iter().any(|told| told.message == fault.message));
    loaded.diagnostics.extend(faults);
    project
}

/// Inserts `label_file` at its index among the attributes, because the config hash covers it.
fn with_label_files(canonical: &Json, index: usize, files: &Json) -> Json {
    let mut canonical = canonical.clone();
    if let Some(map) = canonical.as_object_mut() {
        map.shift_insert(index.min(map.len()), "label_file".to_owned(), files.clone());
    }
    canonical
}
