//! The members that one file changes, so that the other members need not be checked again.

use std::collections::HashSet;

use super::node::Node;

/// Section and name of a member, such as `services` and `web`.
type Member = (Box<str>, Box<str>);

/// The members of sections that one file adds or changes.
pub struct Changed {
    /// `None` where the model was empty before, so that every member is new.
    names: Option<HashSet<Member, foldhash::fast::RandomState>>,
}

impl Changed {
    /// Every member is new.
    pub fn all() -> Self {
        Self { names: None }
    }

    /// Returns the members that merging `over` into `base` changes.
    pub fn by(over: &Node, base: &Node) -> Self {
        if base.as_map().is_none_or(|map| map.is_empty()) {
            return Self::all();
        }
        let mut names = HashSet::default();
        for (section, entry) in over.entries() {
            names.extend(entry.node.entries().map(|(name, _)| (section.into(), name.into())));
        }
        Self { names: Some(names) }
    }

    /// Returns whether a member is new or changed.
    pub fn has(&self, section: &str, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(&(section.into(), name.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileId, Span};

    fn node(text: &str) -> Node {
        crate::loader::tree::parse(FileId(0), text, &mut Vec::new())
            .expect("YAML")
            .pop()
            .unwrap_or(Node::map(Span::NONE))
    }

    #[test]
    fn only_what_a_later_file_speaks_of_is_changed() {
        let base = node("services: {a: {image: x}, b: {image: x}}");
        let first = Changed::by(&base, &Node::map(Span::NONE));
        assert!(first.has("services", "a") && first.has("networks", "n"));
        let later = Changed::by(&node("services: {b: {image: y}}"), &base);
        assert!(later.has("services", "b") && !later.has("services", "a") && !later.has("networks", "b"));
    }
}
