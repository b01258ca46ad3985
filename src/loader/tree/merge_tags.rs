//! The merge tags `!reset` and `!override` of the Compose specification.
//!
//! A tag is about the values of the files before its own: `!reset` drops them, `!override` replaces them.

use super::node::{Entry, Map, Node, Tag, Value};

/// Removes from the model of the earlier files each value for which a later file has `!reset` or `!override`.
///
/// Compat: a tag inside a list does not change the earlier list.
pub fn apply_tags(base: &mut Node, over: &Node) {
    let (Value::Map(base), Value::Map(over)) = (&mut base.value, &over.value) else { return };
    for (key, entry) in over.iter() {
        if matches!(entry.node.tag, Tag::Reset | Tag::Override) {
            base.shift_remove(key);
        } else if let Some(base) = base.get_mut(key) {
            apply_tags(&mut base.node, &entry.node);
        }
    }
}

/// Returns the tags of a tree: the mappings that lead to tagged values, with null instead of the values. `None` if the
/// tree has no tags.
pub fn tags(node: &Node) -> Option<Node> {
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

/// Applies and removes all tags of a tree that have no earlier file to act on.
pub fn untag(node: &mut Node) {
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

/// Drops the `!reset` items of lists, and keeps the `!reset` values of mappings.
pub fn drop_reset_items(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => map.values_mut().for_each(|entry| drop_reset_items(&mut entry.node)),
        Value::List(items) => {
            items.retain(|item| item.tag != Tag::Reset);
            items.iter_mut().for_each(drop_reset_items);
        }
        _ => {}
    }
}

/// Drops every `!reset` value.
pub fn drop_resets(node: &mut Node) {
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
