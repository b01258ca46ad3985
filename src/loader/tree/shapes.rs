//! Converts between the shapes of one attribute: the text, the list and the mapping with the same meaning.

use super::node::{Entry, Map, Node, Value};

/// Turns a mapping into a sorted list of `key=value`, a scalar into a list of one item, and null into an empty list.
pub fn sequence(node: Node) -> Node {
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

/// Returns `key=value`, and one such text for each item where the value is a list (`extra_hosts`).
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

/// Turns the text of a `build` into `{context: text}`.
pub fn with_context(node: Node) -> Node {
    if node.as_text().is_none() {
        return node;
    }
    let span = node.span;
    let mut map = Node::map(span);
    map.set("context", node);
    map
}

/// Turns the list form of `depends_on` into a mapping with the condition `service_started`.
pub fn depends_on(node: Node) -> Node {
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

/// Turns a list of names into a mapping from these names to null.
pub fn keys(node: Node) -> Node {
    let Value::List(items) = node.value else { return node };
    let entry = |item: Node| {
        (
            item.scalar_text().unwrap_or_default().into(),
            Entry { key: item.span, node: Node::new(Value::Null, item.span) },
        )
    };
    Node::mapping(items.into_iter().map(entry).collect(), node.span)
}
