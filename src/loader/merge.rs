//! One model over another: mappings deep, lists appended, and the attributes that have rules of their own.
//!
//! Compat: compose-go's override package; the rules stand in the Compose specification, 13-merge.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::changed::Changed;
use super::path::Path;
use super::tree::{Entry, Map, Node, Tag, Value};
use crate::diag::Diagnostic;

/// How an attribute is merged.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Mappings deep, lists appended, the rest replaced.
    Default,
    /// The later value replaces.
    Replace,
    /// Both become lists of `key=value` and are appended.
    Sequence,
    /// A text is `{context: text}`.
    Build,
    /// A list is a mapping to `service_started`.
    DependsOn,
    /// A list is a mapping to nothing.
    Keys,
    /// Deep where the driver stays, else replaced.
    Logging,
    /// Items of the earlier that stand in the later are left out.
    ExtraHosts,
    /// By `subnet`.
    Ipam,
}

fn rule(path: &Path<'_>) -> Rule {
    let part = |index: usize| path.part(index);
    match (part(0), part(2), path.depth()) {
        ("services", key, 3) => match key {
            "annotations" | "dns" | "dns_opt" | "dns_search" | "env_file" | "label_file" | "environment" | "labels"
            | "sysctls" | "tmpfs" => Rule::Sequence,
            "build" => Rule::Build,
            "command" | "entrypoint" => Rule::Replace,
            "depends_on" => Rule::DependsOn,
            "extra_hosts" => Rule::ExtraHosts,
            "logging" => Rule::Logging,
            "networks" | "models" => Rule::Keys,
            _ => Rule::Default,
        },
        ("services", "build", 4) => match part(3) {
            "args" | "additional_contexts" | "labels" => Rule::Sequence,
            "extra_hosts" => Rule::ExtraHosts,
            _ => Rule::Default,
        },
        ("services", "healthcheck", 4) if part(3) == "test" => Rule::Replace,
        ("services", "deploy", 4) if part(3) == "labels" => Rule::Sequence,
        ("services", "ulimits", 4) => Rule::Replace,
        ("services", "volumes", 6) if part(4) == "volume" && part(5) == "labels" => Rule::Sequence,
        ("networks" | "volumes", "labels", 3) => Rule::Sequence,
        ("networks", "ipam", 4) if part(3) == "config" => Rule::Ipam,
        _ => Rule::Default,
    }
}

/// Returns `base` with `over` merged into it. Where the two do not go together the earlier value stays, and `faults` says so.
pub(super) fn merge(base: Node, over: Node, path: &Path<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    if over.tag == Tag::Override || base.is_null() {
        return over;
    }
    let rule = rule(path);
    // Compat: `command:` and `entrypoint:` without a value take an earlier one back.
    if over.is_null() && rule != Rule::Replace {
        return base;
    }
    match rule {
        Rule::Default => deep(base, over, path, faults),
        Rule::Replace => over,
        Rule::Sequence => append(sequence(base), sequence(over)),
        Rule::Build => deep(with_context(base), with_context(over), path, faults),
        Rule::DependsOn => deep(depends_on(base), depends_on(over), path, faults),
        Rule::Keys => deep(keys(base), keys(over), path, faults),
        Rule::Logging => logging(base, over, path, faults),
        Rule::ExtraHosts => extra_hosts(base, over),
        Rule::Ipam => ipam(base, over, path, faults),
    }
}

fn deep(base: Node, over: Node, path: &Path<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    let (base_span, over_span, over_kind, over_tag) = (base.span, over.span, over.kind(), over.tag);
    match (base.value, over.value) {
        (Value::Map(mut map), Value::Map(over)) => {
            for (key, entry) in *over {
                match map.get_mut(&key) {
                    Some(found) => {
                        let earlier = std::mem::replace(&mut found.node, Node::new(Value::Null, base_span));
                        *found = Entry { key: entry.key, node: merge(earlier, entry.node, &path.next(&key), faults) };
                    }
                    None => {
                        map.insert(key, entry);
                    }
                }
            }
            Node::new(Value::Map(map), over_span)
        }
        (Value::List(mut list), Value::List(over)) => {
            list.extend(over);
            Node::new(Value::List(list), over_span)
        }
        (base @ (Value::Map(_) | Value::List(_)), _) => {
            let base = Node::new(base, base_span);
            let message = format!("cannot override `{path}`: {} before, {over_kind} here", base.kind());
            let fault = Diagnostic::error("cannot-override", over_span, message).at(path.to_string());
            faults.push(fault.related(base_span, "the earlier value"));
            base
        }
        (_, over) => Node { value: over, span: over_span, tag: over_tag },
    }
}

fn append(base: Node, over: Node) -> Node {
    let span = over.span;
    match (base.value, over.value) {
        (Value::List(mut list), Value::List(over)) => {
            list.extend(over);
            Node::new(Value::List(list), span)
        }
        (_, over) => Node::new(over, span),
    }
}

/// Mappings become sorted lists of `key=value`, a text a list of one.
pub(super) fn sequence(node: Node) -> Node {
    let span = node.span;
    let items = match node.value {
        Value::Map(map) => {
            let mut items: Vec<Node> = (*map).into_iter().flat_map(|(key, entry)| pairs(&key, entry)).collect();
            items.sort_by(|a, b| a.as_text().cmp(&b.as_text()));
            items
        }
        Value::List(items) => items,
        Value::Null => Vec::new(),
        value => vec![Node::new(value, span)],
    };
    Node::new(Value::List(items), span)
}

/// A value that is a list gives a pair for each item (`extra_hosts`).
fn pairs(key: &str, entry: Entry) -> Vec<Node> {
    let span = entry.node.span;
    match &entry.node.value {
        Value::Null => vec![Node::text(key, entry.key)],
        Value::List(items) => items
            .iter()
            .filter_map(|item| Some(Node::text(format!("{key}={}", item.scalar_text()?), item.span)))
            .collect(),
        _ => vec![Node::text(format!("{key}={}", entry.node.scalar_text().unwrap_or_default()), span)],
    }
}

fn with_context(node: Node) -> Node {
    if node.as_text().is_none() {
        return node;
    }
    let span = node.span;
    let mut map = Node::map(span);
    map.set("context", node);
    map
}

/// Turns a list of services into a mapping to `service_started`.
pub(super) fn depends_on(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let mut map = Map::default();
    for item in items {
        let (key, span) = (item.scalar_text().unwrap_or_default(), item.span);
        let mut edge = Node::map(span);
        edge.set("condition", Node::text("service_started", span));
        edge.set("required", Node::new(Value::Bool(true), span));
        map.insert(key.into(), Entry { key: span, node: edge });
    }
    Node::mapping(map, node.span)
}

/// Turns a list of names into a mapping to nothing.
pub(super) fn keys(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let entry = |item: Node| {
        (
            item.scalar_text().unwrap_or_default().into(),
            Entry { key: item.span, node: Node::new(Value::Null, item.span) },
        )
    };
    Node::mapping(items.into_iter().map(entry).collect(), node.span)
}

fn logging(base: Node, over: Node, path: &Path<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    match (base.get_text("driver"), over.get_text("driver")) {
        (Some(before), Some(after)) if before != after => over,
        _ => deep(base, over, path, faults),
    }
}

fn extra_hosts(base: Node, over: Node) -> Node {
    let (mut base, over) = (sequence(base), sequence(over));
    let later: Vec<String> = over.items().iter().filter_map(Node::scalar_text).collect();
    if let Some(items) = base.as_list_mut() {
        items.retain(|item| item.scalar_text().is_none_or(|text| !later.contains(&text)));
    }
    append(base, over)
}

/// The later list, each pool over the earlier one of its subnet.
fn ipam(base: Node, over: Node, path: &Path<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    let span = over.span;
    let (Value::List(earlier), Value::List(later)) = (base.value, over.value) else {
        faults.push(Diagnostic::error("wrong-type", span, format!("`{path}` must be a list")).at(path.to_string()));
        return Node::new(Value::List(Vec::new()), span);
    };
    let subnet = |pool: &Node| pool.get_text("subnet").map(str::to_owned);
    // Of several earlier pools of one subnet the first counts.
    let mut earlier: HashMap<_, _> = earlier.into_iter().rev().map(|pool| (subnet(&pool), pool)).collect();
    let mut pools: IndexMap<Option<String>, Node> = IndexMap::new();
    for pool in later {
        let subnet = subnet(&pool);
        let below = pools.get_mut(&subnet).map(|pool| std::mem::replace(pool, Node::new(Value::Null, span)));
        let pool = match below.or_else(|| earlier.remove(&subnet)) {
            Some(below) => deep(below, pool, path, faults),
            None => pool,
        };
        pools.insert(subnet, pool);
    }
    Node::new(Value::List(pools.into_values().collect()), span)
}

/// Leaves of each list of what has changed only the last item of a kind, in the place of the first (compose-go `EnforceUnicity`).
pub(super) fn unique(root: &mut Node, changed: &Changed) {
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

/// Returns the members of a mapping below a mapping.
pub(super) fn children<'a>(root: &'a mut Node, key: &str) -> impl Iterator<Item = (&'a str, &'a mut Node)> + use<'a> {
    let map = root.get_mut(key).and_then(Node::as_map_mut);
    map.into_iter().flatten().map(|(key, entry)| (&**key, &mut entry.node))
}

fn deduplicate(items: &mut Vec<Node>, index: impl Fn(&Node) -> Option<String>) {
    if items.len() < 2 {
        return;
    }
    let mut places: HashMap<String, usize, foldhash::fast::RandomState> = HashMap::default();
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        match index(&item) {
            Some(key) => match places.get(&key) {
                Some(place) => kept[*place] = item,
                None => {
                    places.insert(key, kept.len());
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
    Some(text.split_once('=').map_or(text.clone(), |(key, _)| key.to_owned()))
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
        Some(text) => super::syntax::volume::parse(text).ok().map(|volume| volume.target),
        None => node.get_text("target").map(str::to_owned),
    }
}

fn by_device(node: &Node) -> Option<String> {
    match node.as_text() {
        Some(text) => Some(text.split(':').nth(1).unwrap_or(text).to_owned()),
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

/// Takes out of the model so far what `!reset` and `!override` of a later file say.
///
/// Compat: a tag inside a list says nothing about the earlier list.
pub(super) fn apply_tags(base: &mut Node, over: &Node) {
    let (Value::Map(base), Value::Map(over)) = (&mut base.value, &over.value) else { return };
    for (key, entry) in over.iter() {
        if matches!(entry.node.tag, Tag::Reset | Tag::Override) {
            base.shift_remove(key);
        } else if let Some(base) = base.get_mut(key) {
            apply_tags(&mut base.node, &entry.node);
        }
    }
}

/// Returns the tagged values of a tree and the mappings that lead to them, without the values; nothing where there are none.
pub(super) fn tags(node: &Node) -> Option<Node> {
    if matches!(node.tag, Tag::Reset | Tag::Override) {
        return Some(Node { value: Value::Null, ..*node });
    }
    let entries = node.as_map()?.iter().filter_map(|(key, entry)| {
        let entry = Entry { key: entry.key, node: tags(&entry.node)? };
        Some((key.clone(), entry))
    });
    let map: Map = entries.collect();
    (!map.is_empty()).then(|| Node::mapping(map, node.span))
}

/// Takes the tags off: they are for the files before their own.
pub(super) fn untag(node: &mut Node) {
    drop_resets(node);
    clear_overrides(node);
}

fn clear_overrides(node: &mut Node) {
    if node.tag == Tag::Override {
        node.tag = Tag::None;
    }
    match &mut node.value {
        Value::Map(map) => map.values_mut().for_each(|entry| clear_overrides(&mut entry.node)),
        Value::List(items) => items.iter_mut().for_each(clear_overrides),
        _ => {}
    }
}

/// Drops reset items of lists.
pub(super) fn drop_reset_items(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => map.values_mut().for_each(|entry| drop_reset_items(&mut entry.node)),
        Value::List(items) => {
            items.retain(|item| item.tag != Tag::Reset);
            items.iter_mut().for_each(drop_reset_items);
        }
        _ => {}
    }
}

/// Drops reset values.
pub(super) fn drop_resets(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|_, entry| entry.node.tag != Tag::Reset);
            map.values_mut().for_each(|entry| drop_resets(&mut entry.node));
        }
        Value::List(items) => {
            items.retain(|item| item.tag != Tag::Reset);
            items.iter_mut().for_each(drop_resets);
        }
        _ => {}
    }
}
