//! The places of a service's attributes, for messages.

use crate::loader::tree::Node;
use crate::model::Span;

/// The places of a service and its attributes. An absent attribute has the place of the next attribute above, or of the
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

    /// Returns the place of a key in the mapping of an attribute.
    pub(super) fn key(&self, attribute: &str, key: &str) -> Span {
        let map = self.node.and_then(|node| node.get(attribute)).and_then(Node::as_map);
        map.and_then(|map| map.get(key)).map_or(self.attribute(attribute), |entry| entry.key)
    }
}
