//! Profiles and selection: which services are enabled, and which networks, volumes, secrets and configs they use.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::loader::report::nearest;
use crate::loader::tree::{Map, Node};
use crate::model::Span;

/// Removes the services that no active profile enables, and returns them. The profiles of a named service become
/// active.
pub fn disable(root: &mut Node, active: &mut Vec<String>, named: &[String], diagnostics: &mut Vec<Diagnostic>) -> Node {
    let mut disabled = Map::default();
    let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) else { return Node::map(Span::NONE) };
    let mut asked: Vec<String> = Vec::new();
    for name in named {
        match services.get(name.as_str()) {
            // Compat: naming a service that is already enabled activates no further profile.
            Some(entry) if is_enabled(&entry.node, active) => {}
            Some(entry) => asked.extend(profiles_of(&entry.node)),
            None => diagnostics.push(no_such_service(name, services.keys().map(|key| &**key), None)),
        }
    }
    active.append(&mut asked);
    let out: Vec<Box<str>> =
        services.iter().filter(|(_, entry)| !is_enabled(&entry.node, active)).map(|(name, _)| name.clone()).collect();
    for name in out {
        if let Some(entry) = services.shift_remove(&name) {
            disabled.insert(name, entry);
        }
    }
    Node::mapping(disabled, Span::NONE)
}

fn is_enabled(service: &Node, active: &[String]) -> bool {
    let profiles = profiles_of(service);
    // Compat: the empty profile is always active, which `profiles: ["$UNSET"]` makes use of.
    let is_active = |profile: &String| profile.is_empty() || active.iter().any(|one| one == "*" || one == profile);
    profiles.is_empty() || profiles.iter().any(is_active)
}

/// Returns the diagnostic for a named service that does not exist, or that no active profile enables.
pub fn no_such_service<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    disabled: Option<&Node>,
) -> Diagnostic {
    if disabled.is_some_and(|all| all.get(name).is_some()) {
        return inactive_service(name);
    }
    match nearest(name, known) {
        Some(near) => lacking(name, "").help(format!("did you mean `{near}`?")),
        None => lacking(name, ""),
    }
}

/// Returns the diagnostic for a service that no active profile enables.
pub fn inactive_service(name: &str) -> Diagnostic {
    lacking(name, ", for no active profile enables it").help("activate one of its profiles with `--profile`")
}

fn lacking(name: &str, why: &str) -> Diagnostic {
    let shown = crate::text::escape_controls(name);
    Diagnostic::error("no-such-service", Span::NONE, format!("no such service: `{shown}`{why}"))
}

fn profiles_of(service: &Node) -> Vec<String> {
    service.get("profiles").map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar_text).collect()
}

/// Returns the named services and their dependencies, direct or not.
pub fn needed(root: &Node, named: &[String]) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let Some(services) = root.get("services") else { return needed };
    let mut queue: Vec<String> = named.to_vec();
    while let Some(name) = queue.pop() {
        if let Some(service) = services.get(&name)
            && needed.insert(name)
        {
            queue.extend(service.get("depends_on").into_iter().flat_map(Node::entries).map(|(key, _)| key.to_owned()));
        }
    }
    needed
}

/// Keeps the named services and their dependencies, and removes all other services.
pub fn select(root: &mut Node, named: &[String]) {
    let kept = needed(root, named);
    let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) else { return };
    services.retain(|name, _| kept.contains(&**name));
    // Compat: with named services, dependencies on services that do not exist are removed.
    for entry in services.values_mut() {
        if let Some(edges) = entry.node.get_mut("depends_on").and_then(Node::as_map_mut) {
            edges.retain(|name, _| kept.contains(&**name));
        }
    }
}

/// Removes the networks, volumes, secrets, configs and models that no enabled service uses, and returns them by
/// section.
pub fn drop_unused(root: &mut Node) -> Node {
    let mut used: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for (_, entry) in root.get("services").into_iter().flat_map(Node::entries) {
        let service = &entry.node;
        used.extend(
            service.get("networks").into_iter().flat_map(Node::entries).map(|(key, _)| ("networks", key.to_owned())),
        );
        used.extend(
            service.get("models").into_iter().flat_map(Node::entries).map(|(key, _)| ("models", key.to_owned())),
        );
        let sources = |node: Option<&Node>| -> Vec<String> {
            node.map(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(|item| item.get_text("source").map(str::to_owned))
                .collect()
        };
        let named = service.get("volumes").map(Node::items).unwrap_or_default();
        let named = named.iter().filter(|mount| mount.get_text("type") == Some("volume"));
        used.extend(named.filter_map(|mount| Some(("volumes", mount.get_text("source")?.to_owned()))));
        used.extend(sources(service.get("configs")).into_iter().map(|key| ("configs", key)));
        used.extend(sources(service.get("secrets")).into_iter().map(|key| ("secrets", key)));
        used.extend(
            sources(service.get("build").and_then(|build| build.get("secrets")))
                .into_iter()
                .map(|key| ("secrets", key)),
        );
    }
    let mut unused = Node::map(Span::NONE);
    for kind in ["networks", "volumes", "secrets", "configs", "models"] {
        if let Some(map) = root.get_mut(kind).and_then(Node::as_map_mut) {
            let (kept, rest) =
                std::mem::take(map).into_iter().partition(|(key, _)| used.contains(&(kind, key.to_string())));
            *map = kept;
            unused.set(kind, Node::mapping(rest, Span::NONE));
        }
    }
    unused
}
