//! Makes implicit values explicit, after all files are merged: defaults, dependencies, networks, names in the engine.

use std::collections::BTreeMap;

use crate::loader::syntax::clean_path::clean_path;
use crate::loader::syntax::template;
use crate::loader::tree::{Entry, Node, Value, children};
use crate::model::Span;

/// Attributes that share a namespace with another service by `service:NAME`.
pub const NAMESPACES: [&str; 5] = ["network_mode", "ipc", "pid", "uts", "cgroup"];

/// Fills in the defaults that docker compose always fills in (compose-go `transform.SetDefaultValues`).
pub fn defaults(root: &mut Node) {
    for (_, service) in children(root, "services") {
        let default = |node: &mut Node, key: &str, value: Value| {
            if node.get(key).is_none() {
                let span = node.span;
                node.set(key, Node::new(value, span));
            }
        };
        if let Some(build) = service.get_mut("build")
            && build.as_map().is_some()
        {
            default(build, "context", Value::Text(".".into()));
        }
        for secret in service.get_mut("secrets").and_then(Node::as_list_mut).into_iter().flatten() {
            if let Some(source) = secret.get_text("source").map(str::to_owned) {
                default(secret, "target", Value::Text(format!("/run/secrets/{source}").into()));
            }
        }
        for port in service.get_mut("ports").and_then(Node::as_list_mut).into_iter().flatten() {
            if port.as_map().is_some() {
                default(port, "protocol", Value::Text("tcp".into()));
                default(port, "mode", Value::Text("ingress".into()));
            }
        }
    }
}

/// Makes implicit networks, dependencies and names explicit (compose-go `Normalize`). `is_raw` means that the model is
/// not interpolated.
pub fn normalize(root: &mut Node, project: &str, environment: &BTreeMap<String, String>, is_raw: bool) {
    let mut uses_default = false;
    for (_, service) in children(root, "services") {
        uses_default |= normalize_service(service, environment, is_raw);
    }
    if uses_default && root.get("networks").and_then(|networks| networks.get("default")).is_none() {
        let span = Span::NONE;
        if root.get("networks").is_none_or(Node::is_null) {
            root.set("networks", Node::map(span));
        }
        if let Some(networks) = root.get_mut("networks") {
            networks.set("default", Node::map(span));
        }
    }
    for kind in ["networks", "volumes", "secrets", "configs"] {
        for (key, resource) in children(root, kind) {
            if resource.is_null() {
                resource.value = Value::Map(Box::default());
            }
            let is_external = resource.get("external").and_then(Node::as_bool) == Some(true);
            if resource.get("name").is_none() {
                let name = if is_external { key.to_owned() } else { format!("{project}_{key}") };
                let span = resource.span;
                resource.set("name", Node::text(name, span));
            }
        }
    }
}

/// Normalizes a service. Returns whether the service is on the network `default`.
fn normalize_service(service: &mut Node, environment: &BTreeMap<String, String>, is_raw: bool) -> bool {
    let span = service.span;
    // Compat: also with an empty `network_mode`, the service is not on the network `default`.
    let has_mode = service.get_text("network_mode").is_some();
    let attached = service.get("networks");
    let has_networks = attached.is_some_and(|all| all.entries().next().is_some() || !all.items().is_empty());
    if !has_networks && !has_mode && service.get("provider").is_none() {
        let mut networks = Node::map(span);
        networks.set("default", Node::new(Value::Null, span));
        service.set("networks", networks);
    }
    let attached = service.get("networks");
    let is_default =
        |all: &Node| all.get("default").is_some() || all.items().iter().any(|one| one.as_text() == Some("default"));
    let uses_default = attached.is_some_and(is_default);
    if service.get_text("pull_policy") == Some("if_not_present") {
        service.set("pull_policy", Node::text("missing", span));
    }
    if let Some(build) = service.get_mut("build").filter(|build| build.as_map().is_some()) {
        if build.get("context").is_none() {
            build.set("context", Node::text(".", span));
        }
        if build.get("dockerfile").is_none() && build.get("dockerfile_inline").is_none() {
            build.set("dockerfile", Node::text("Dockerfile", span));
        }
        inherit_args(build, environment);
    }
    implicit_dependencies(service, is_raw);
    for volume in service.get_mut("volumes").and_then(Node::as_list_mut).into_iter().flatten() {
        if let Some(target) = volume.get_text("target").map(clean_path) {
            let span = volume.span;
            volume.set("target", Node::text(target, span));
        }
    }
    uses_default
}

/// Gives build arguments without a value the value of the environment. Drops those that the environment does not have,
/// either.
fn inherit_args(build: &mut Node, environment: &BTreeMap<String, String>) {
    let Some(args) = build.get_mut("args") else { return };
    match &mut args.value {
        Value::Map(map) => {
            for (key, entry) in map.iter_mut().filter(|(_, entry)| entry.node.is_null()) {
                if let Some(value) = environment.get(&**key) {
                    entry.node.value = Value::Text(value.as_str().into());
                }
            }
            map.retain(|_, entry| !entry.node.is_null());
        }
        Value::List(items) => {
            for item in items.iter_mut() {
                if let Some(value) =
                    item.as_text().filter(|text| !text.contains('=')).and_then(|name| environment.get(name))
                {
                    let text = format!("{}={value}", item.as_text().unwrap_or_default());
                    item.value = Value::Text(text.into());
                }
            }
            items.retain(|item| item.as_text().is_none_or(|text| text.contains('=')));
        }
        _ => {}
    }
}

/// Copies `scale` to `deploy.replicas`, unless that is set.
///
/// Compat: docker compose does this in its consistency check, so not with `--no-consistency`.
pub fn scales(root: &mut Node) {
    for (_, service) in children(root, "services") {
        let Some(scale) = service.get("scale").cloned() else { continue };
        if let Some(deploy) =
            service.get_mut("deploy").filter(|deploy| deploy.as_map().is_some() && deploy.get("replicas").is_none())
        {
            deploy.set("replicas", scale);
        }
    }
}

/// Adds the dependencies that `links`, shared namespaces and `volumes_from` imply. Without interpolation, a name with a
/// variable implies none.
fn implicit_dependencies(service: &mut Node, is_raw: bool) {
    let mut found: Vec<(String, bool, Span)> = Vec::new();
    for link in service.get("links").map(Node::items).unwrap_or_default() {
        if let Some(text) = link.as_text() {
            found.push((before_colon(text).to_owned(), true, link.span));
        }
    }
    for key in NAMESPACES {
        if let Some(node) = service.get(key)
            && let Some(name) = node.as_text().and_then(|mode| mode.strip_prefix("service:"))
        {
            found.push((name.to_owned(), true, node.span));
        }
    }
    for from in service.get("volumes_from").map(Node::items).unwrap_or_default() {
        if let Some(text) = from.as_text().filter(|text| !text.starts_with("container:")) {
            found.push((before_colon(text).to_owned(), false, from.span));
        }
    }
    found.retain(|(name, ..)| !is_raw || template::references(name, false).is_empty());
    for (name, restart, span) in found {
        if service.get("depends_on").is_none_or(Node::is_null) {
            service.set("depends_on", Node::map(span));
        }
        let Some(edges) = service.get_mut("depends_on").and_then(Node::as_map_mut) else { return };
        if edges.contains_key(name.as_str()) {
            continue;
        }
        let mut edge = Node::map(span);
        edge.set("condition", Node::text("service_started", span));
        edge.set("restart", Node::new(Value::Bool(restart), span));
        edge.set("required", Node::new(Value::Bool(true), span));
        edges.insert(name.into(), Entry { key: span, node: edge });
    }
}

/// Returns the text before the first colon outside of `${...}`.
fn before_colon(text: &str) -> &str {
    template::split_outside(text, ':').first().copied().unwrap_or(text)
}
