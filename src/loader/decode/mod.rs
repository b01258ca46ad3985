//! The canonical model to the typed project, with the places of what errors may have to point at.
//!
//! Start at [`project`]. Values come from the canonical JSON, so that project, hash and output say the same; places come
//! from the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Loaded;
use super::tree::Node;
use crate::diag::Diagnostic;
use crate::model::{
    FileSource, Ipam, IpamPool, Network, NetworkKey, Project, ProjectName, Secret, Service, ServiceName, Span, Volume,
    VolumeKey,
};

mod checks;
mod parts;
mod service;

/// Builds the project.
pub(super) fn project(loaded: &mut Loaded) -> Project {
    let tree = loaded.tree.take();
    let disabled = loaded.disabled.take();
    let empty = Node::map(Span::NONE);
    let root = tree.as_ref().unwrap_or(&empty);
    let mut diagnostics = Vec::new();
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
    for (name, value) in section("services").into_iter().flatten() {
        let (node, span) = place(root, "services", name);
        let mut service = service::service(name, value, node, span, &mut diagnostics);
        if let Some((index, files)) = loaded.label_files.get(name) {
            service.canonical = Arc::new(with_label_files(&service.canonical, *index, files));
        }
        project.services.insert(ServiceName::new(name), service);
    }
    for (name, entry) in disabled.as_ref().map(Node::entries).into_iter().flatten() {
        let service = Service { name: name.into(), span: entry.key, ..Service::default() };
        project.disabled_services.insert(name.into(), service);
    }
    for (name, value) in section("networks").into_iter().flatten() {
        let (node, span) = place(root, "networks", name);
        checks::network(name, value, node, span, &mut diagnostics);
        project.networks.insert(NetworkKey::new(name), network(name, value, node, span));
    }
    for (name, value) in section("volumes").into_iter().flatten() {
        let (_, span) = place(root, "volumes", name);
        checks::volume(name, value, span, &mut diagnostics);
        project.volumes.insert(VolumeKey::new(name), volume(name, value, span));
    }
    for (kind, target) in [("secrets", &mut project.secrets), ("configs", &mut project.configs)] {
        for (name, value) in section(kind).into_iter().flatten() {
            let (node, span) = place(root, kind, name);
            target.insert(name.clone(), file_object(value, node, span, &loaded.variables));
        }
    }
    loaded.tree = tree;
    loaded.disabled = disabled;
    loaded.diagnostics.extend(diagnostics);
    project
}

/// Returns a resource's node and the place of its key.
fn place<'a>(root: &'a Node, kind: &str, name: &str) -> (Option<&'a Node>, Span) {
    let entry = root.get(kind).and_then(Node::as_map).and_then(|map| map.get(name));
    (entry.map(|entry| &entry.node), entry.map_or(Span::NONE, |entry| entry.key))
}

/// Reads parts of a canonical value; what is not there is empty.
pub(super) trait Get {
    fn text(&self, key: &str) -> Option<String>;
    fn flag(&self, key: &str) -> Option<bool>;
    fn int(&self, key: &str) -> Option<i64>;
    fn texts(&self, key: &str) -> Vec<String>;
    fn pairs(&self, key: &str) -> BTreeMap<String, String>;
    fn list(&self, key: &str) -> &[Json];
}

impl Get for Json {
    fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_str().map(str::to_owned)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    fn int(&self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().filter_map(Json::as_str).map(str::to_owned).collect()
    }

    fn pairs(&self, key: &str) -> BTreeMap<String, String> {
        let entries = self.get(key).and_then(Json::as_object).into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    }

    fn list(&self, key: &str) -> &[Json] {
        self.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

fn network(key: &str, value: &Json, node: Option<&Node>, span: Span) -> Network {
    let ipam = value.get("ipam").unwrap_or(&Json::Null);
    let places =
        node.and_then(|node| node.get("ipam")).and_then(|ipam| ipam.get("config")).map(Node::items).unwrap_or_default();
    let pool = |(index, pool): (usize, &Json)| IpamPool {
        subnet: pool.text("subnet"),
        ip_range: pool.text("ip_range"),
        gateway: pool.text("gateway"),
        aux_addresses: pool.pairs("aux_addresses"),
        span: places.get(index).map_or(span, |node| node.span),
    };
    Network {
        key: key.into(),
        span,
        name: value.text("name").unwrap_or_default().into(),
        is_external: value.flag("external").unwrap_or_default(),
        driver: value.text("driver"),
        driver_opts: value.pairs("driver_opts"),
        ipam: Ipam {
            driver: ipam.text("driver"),
            pools: ipam.list("config").iter().enumerate().map(pool).collect(),
            options: ipam.pairs("options"),
        },
        internal: value.flag("internal").unwrap_or_default(),
        attachable: value.flag("attachable").unwrap_or_default(),
        labels: value.pairs("labels"),
        enable_ipv4: value.flag("enable_ipv4"),
        enable_ipv6: value.flag("enable_ipv6"),
        canonical: Arc::new(without_extensions(value)),
    }
}

/// Puts `label_file` back where it stood.
fn with_label_files(canonical: &Json, index: usize, files: &Json) -> Json {
    let mut canonical = canonical.clone();
    if let Some(map) = canonical.as_object_mut() {
        map.shift_insert(index.min(map.len()), "label_file".to_owned(), files.clone());
    }
    canonical
}

/// The hash does not cover extensions.
fn without_extensions(value: &Json) -> Json {
    let mut value = value.clone();
    super::emit::drop_below(&mut value);
    value
}

fn volume(key: &str, value: &Json, span: Span) -> Volume {
    let mut canonical = without_extensions(value);
    // Compat: docker compose fills in the driver before it hashes a volume.
    if let Some(map) = canonical.as_object_mut()
        && !map.contains_key("driver")
        && map.get("external") != Some(&Json::Bool(true))
    {
        let name = map.shift_remove("name");
        let rest = std::mem::take(map);
        map.extend(name.map(|name| ("name".to_owned(), name)));
        map.insert("driver".to_owned(), Json::from("local"));
        map.extend(rest);
    }
    Volume {
        key: key.into(),
        span,
        name: value.text("name").unwrap_or_default().into(),
        is_external: value.flag("external").unwrap_or_default(),
        driver: value.text("driver"),
        driver_opts: value.pairs("driver_opts"),
        labels: value.pairs("labels"),
        is_protected: value.get("x-protected").is_some_and(|word| word == &Json::Bool(true) || word == "true"),
        canonical: Arc::new(canonical),
    }
}

fn file_object(value: &Json, node: Option<&Node>, span: Span, variables: &BTreeMap<String, String>) -> Secret {
    let (key, source) = if let Some(path) = value.text("file") {
        ("file", FileSource::File(path.into()))
    } else if let Some(variable) = value.text("environment") {
        let found = variables.get(&variable).cloned();
        ("environment", FileSource::Environment { variable, value: found })
    } else if let Some(content) = value.text("content") {
        ("content", FileSource::Content(content))
    } else {
        ("external", FileSource::External)
    };
    let source_span = node.and_then(|node| node.get(key)).map_or(span, |node| node.span);
    Secret { span, name: value.text("name").unwrap_or_default(), source, source_span }
}

/// A value that the engine would refuse half way through a run is refused here.
pub(super) fn refuse(diagnostics: &mut Vec<Diagnostic>, span: Span, path: String, message: String) {
    diagnostics.push(Diagnostic::error("bad-value", span, message).at(path));
}
