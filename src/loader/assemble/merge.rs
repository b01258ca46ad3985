//! Merges one model over another: mappings key by key, lists appended, and some attributes by special rules.
//!
//! Compat: as compose-go's override package; the rules are in the Compose specification, 13-merge.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::diag::Diagnostic;
use crate::loader::tree::{Entry, ModelPath, Node, Tag, Value, depends_on, keys, sequence, with_context};

/// How an attribute is merged.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// Mappings are merged key by key, lists are appended, other values are replaced.
    Default,
    /// The later value replaces the earlier one.
    Replace,
    /// Both become lists of `key=value` and are appended.
    Sequence,
    /// As `Default`, where a text means `{context: text}`.
    Build,
    /// As `Default`, where a list means a mapping to `service_started`.
    DependsOn,
    /// As `Default`, where a list means a mapping to null.
    Keys,
    /// As `Default` where both have the same driver, else as `Replace`.
    Logging,
    /// As `Sequence`, without the earlier items that the later list has, too.
    ExtraHosts,
    /// Pools of the same `subnet` are merged; other pools of the earlier list are dropped.
    Ipam,
}

/// Returns the rule of an attribute.
fn rule(path: &ModelPath<'_>) -> Rule {
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

/// Returns `base` with `over` merged into it. If the two have kinds of value that do not fit, `base` stays and a fault
/// is added.
pub fn merge(base: Node, over: Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    if over.tag == Tag::Override || base.is_null() {
        return over;
    }
    let rule = rule(path);
    // Compat: `command:` and `entrypoint:` without a value remove the earlier value.
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

/// Merges by [`Rule::Default`].
fn deep(base: Node, over: Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) -> Node {
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

/// Appends one list to another.
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

fn logging(base: Node, over: Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) -> Node {
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

/// Returns the later list of pools, each pool merged over the earlier pool of the same subnet.
fn ipam(base: Node, over: Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) -> Node {
    let span = over.span;
    let (Value::List(earlier), Value::List(later)) = (base.value, over.value) else {
        faults.push(Diagnostic::error("wrong-type", span, format!("`{path}` must be a list")).at(path.to_string()));
        return Node::new(Value::List(Vec::new()), span);
    };
    let subnet = |pool: &Node| pool.get_text("subnet").map(str::to_owned);
    // Of several earlier pools of one subnet the first is merged.
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
