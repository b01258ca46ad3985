//! What one file says, so that what it does not speak of need not be looked at again.

use std::collections::HashSet;

use super::tree::Node;

/// Section and name.
type Member = (Box<str>, Box<str>);

/// The members of the sections (`services`, `networks`, …) that a file has something to say of.
pub(super) struct Changed {
    /// `None`: nothing was there before, so all is new.
    names: Option<HashSet<Member, foldhash::fast::RandomState>>,
}

impl Changed {
    /// All is new.
    pub(super) fn all() -> Self {
        Self { names: None }
    }

    /// Returns what merging `over` into `base` changes.
    pub(super) fn by(over: &Node, base: &Node) -> Self {
        if base.as_map().is_none_or(|map| map.is_empty()) {
            return Self::all();
        }
        let mut names = HashSet::default();
        for (section, entry) in over.entries() {
            names.extend(entry.node.entries().map(|(name, _)| (section.into(), name.into())));
        }
        Self { names: Some(names) }
    }

    /// Returns whether a section's member is new or another.
    pub(super) fn has(&self, section: &str, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(&(section.into(), name.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileId, Span};

    fn node(text: &str) -> Node {
        super::super::parse::parse(FileId(0), text, &mut Vec::new())
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
