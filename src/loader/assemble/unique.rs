//! Removes duplicate items of lists, after the merge has appended one list to the other.

use std::collections::HashMap;

use crate::loader::syntax::template::split_outside;
use crate::loader::syntax::volume;
use crate::loader::tree::Changed;
use crate::loader::tree::{Node, Value, children};

/// Keeps of each list the last item for each key, at the position of the first item for that key (compose-go
/// `EnforceUnicity`). The key of `A=2` is `A`; the key of a volume is its target. Only changed members are processed.
pub fn unique(root: &mut Node, changed: &Changed) {
    for (_, service) in children(root, "services").filter(|(name, _)| changed.has("services", name)) {
        let list = |node: &mut Node, key: &str, index: fn(&Node) -> Option<String>| {
            if let Some(Value::List(items)) = node.get_mut(key).map(|node| &mut node.value) {
                deduplicate(items, index);
            }
        };
        for key in [
            "annotations",
            "cap_add",
            "cap_drop",
            "dns",
            "dns_opt",
            "dns_search",
            "environment",
            "labels",
            "links",
            "profiles",
            "sysctls",
            "tmpfs",
        ] {
            list(service, key, by_key);
        }
        list(service, "env_file", by_path);
        list(service, "expose", by_text);
        list(service, "ports", by_port);
        list(service, "volumes", by_target);
        list(service, "devices", by_device);
        list(service, "configs", |node| by_mount(node, ""));
        list(service, "secrets", |node| by_mount(node, "/run/secrets"));
        for (parent, keys) in
            [("build", &["args", "additional_contexts", "tags", "labels"][..]), ("deploy", &["labels"])]
        {
            if let Some(node) = service.get_mut(parent) {
                keys.iter().for_each(|key| list(node, key, by_key));
            }
        }
        for (_, network) in children(service, "networks") {
            list(network, "aliases", by_key);
            list(network, "link_local_ips", by_key);
        }
    }
    for kind in ["networks", "volumes"] {
        for (_, resource) in children(root, kind).filter(|(name, _)| changed.has(kind, name)) {
            if let Some(Value::List(items)) = resource.get_mut("labels").map(|node| &mut node.value) {
                deduplicate(items, by_key);
            }
        }
    }
}

/// Keeps the last item for each key, and all items without a key.
fn deduplicate(items: &mut Vec<Node>, index: impl Fn(&Node) -> Option<String>) {
    if items.len() < 2 {
        return;
    }
    let mut positions: HashMap<String, usize, foldhash::fast::RandomState> = HashMap::default();
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match index(&item) {
            Some(key) => match positions.get(&key) {
                Some(position) => kept[*position] = item,
                None => {
                    positions.insert(key, kept.len());
                    kept.push(item);
                }
            },
            None => kept.push(item),
        }
    }
    *items = kept;
}

fn by_key(node: &Node) -> Option<String> {
    let text = node.scalar_text()?;
    split_outside(&text, '=').first().map(|key| (*key).to_owned())
}

fn by_text(node: &Node) -> Option<String> {
    node.scalar_text()
}

fn by_path(node: &Node) -> Option<String> {
    node.scalar_text().or_else(|| node.get_text("path").map(str::to_owned))
}

fn by_port(node: &Node) -> Option<String> {
    if node.as_map().is_none() {
        return node.scalar_text();
    }
    let part = |key: &str| node.get(key).and_then(Node::scalar_text).unwrap_or_default();
    let protocol = node.get_text("protocol").unwrap_or("tcp");
    let address = Some(part("host_ip")).filter(|address| !address.is_empty()).unwrap_or_else(|| "0.0.0.0".to_owned());
    Some(format!("{address}:{}:{}/{protocol}", part("published"), part("target")))
}

fn by_target(node: &Node) -> Option<String> {
    match node.as_text() {
        Some(text) => volume::parse(text).ok().map(|volume| volume.target),
        None => node.get_text("target").map(str::to_owned),
    }
}

fn by_device(node: &Node) -> Option<String> {
    match node.as_text() {
        Some(text) => Some(split_outside(text, ':').get(1).copied().unwrap_or(text).to_owned()),
        None => node.get_text("target").map(str::to_owned),
    }
}

fn by_mount(node: &Node, folder: &str) -> Option<String> {
    match node.as_text() {
        Some(text) => Some(format!("{folder}/{text}")),
        None => match node.get_text("target") {
            Some(target) => Some(target.to_owned()),
            None => node.get_text("source").map(|source| format!("{folder}/{source}")),
        },
    }
}
