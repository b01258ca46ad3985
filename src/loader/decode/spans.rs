//! The places of a service's attributes, for messages.

use crate::loader::tree::Node;
use crate::model::Span;

/// The places of a service and its attributes. An absent attribute has the place of its parent, and at last that of the
/// service.
pub(super) struct ServiceSpans<'a> {
    /// The service in the tree.
    pub node: Option<&'a Node>,
    /// The key of the service.
    pub span: Span,
}

impl ServiceSpans<'_> {
    /// Returns the place of an attribute.
    pub(super) fn attribute(&self, key: &str) -> Span {
        self.node.and_then(|node| node.get(key)).map_or(self.span, |node| node.span)
    }

    /// Returns the place of an item in the list of an attribute.
    pub(super) fn item(&self, key: &str, index: usize) -> Span {
        self.node
            .and_then(|node| node.get(key))
            .and_then(|list| list.items().get(index))
            .map_or(self.attribute(key), |node| node.span)
    }

    /// Returns the place of `attribute.key.field`, or of `attribute.field` where the key is empty.
    pub(super) fn field(&self, attribute: &str, key: &str, field: &str) -> Span {
        let outer = self.node.and_then(|node| node.get(attribute));
        let inner = if key.is_empty() { outer } else { outer.and_then(|node| node.get(key)) };
        inner.and_then(|node| node.get(field)).map_or(self.attribute(attribute), |node| node.span)
    }

    /// Returns the place of a field by its path, or the place of its last existing parent.
    pub(super) fn at(&self, fields: &[&str]) -> Span {
        deepest(self.node, fields).unwrap_or(self.span)
    }

    /// Returns the place of a key in the mapping of an attribute.
    pub(super) fn key(&self, attribute: &str, key: &str) -> Span {
        let map = self.node.and_then(|node| node.get(attribute)).and_then(Node::as_map);
        map.and_then(|map| map.get(key)).map_or(self.attribute(attribute), |entry| entry.key)
    }
}

/// Returns the place of the last existing field of a path; `None` if not even the first exists.
pub(super) fn deepest(node: Option<&Node>, fields: &[&str]) -> Option<Span> {
    let mut found = None;
    let mut node = node?;
    for field in fields {
        let Some(next) = node.get(field) else { break };
        (node, found) = (next, Some(next.span));
    }
    found
}

/// Returns a resource of the tree and the place of its key.
pub(super) fn place<'a>(root: &'a Node, kind: &str, name: &str) -> (Option<&'a Node>, Span) {
    let entry = root.get(kind).and_then(Node::as_map).and_then(|map| map.get(name));
    (entry.map(|entry| &entry.node), entry.map_or(Span::NONE, |entry| entry.key))
}
