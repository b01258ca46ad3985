//! Turns the tree into the canonical model: every attribute with its type, in docker compose's order, without empty
//! attributes.
//!
//! Start at [`model`]. `config --format json` prints the canonical model with `$` doubled. Config hashes and the typed
//! project are made from it, too, so that output, hashes and project cannot differ.

use serde_json::{Map, Value as Json};

use super::parallel;
use super::tree::{Entry, ModelPath, Node};
use crate::diag::Diagnostic;

mod forms;
mod numbers;
mod plain;
mod record;
mod table;
mod typing;

pub use plain::any;

use table::Field;
use typing::Typing;

/// The sections of the model, and the attributes of their members.
///
/// Compat: docker compose does not print `models` as JSON.
const SECTIONS: [(&str, &[Field]); 5] = [
    ("configs", table::FILE_OBJECT),
    ("networks", table::NETWORK),
    ("secrets", table::FILE_OBJECT),
    ("services", table::SERVICE),
    ("volumes", table::VOLUME),
];

/// Builds the canonical model of a merged and normalized tree.
pub(super) fn model(root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Map<String, Json> {
    let mut out = Map::new();
    let mut sections: Vec<(String, Json)> = Vec::new();
    for (kind, fields) in SECTIONS {
        let section = root.get(kind).map(|node| section(node, fields, kind, diagnostics)).unwrap_or_default();
        if !section.is_empty() || kind == "services" {
            sections.push((kind.to_owned(), Json::Object(section)));
        }
    }
    if let Some(name) = root.get_text("name") {
        sections.push(("name".to_owned(), Json::from(name)));
    }
    for (key, entry) in root.entries().filter(|(key, _)| key.starts_with("x-")) {
        sections.push((key.to_owned(), any(&entry.node)));
    }
    sections.sort_by(|a, b| a.0.cmp(&b.0));
    out.extend(sections);
    out
}

/// Checks the types of members that are not part of the model: disabled services and unused resources.
pub(super) fn check(kind: &str, members: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let fields = SECTIONS.iter().find(|(name, _)| *name == kind).map_or(table::MODEL, |(_, fields)| fields);
    records(members, fields, kind, diagnostics, |_, _| ());
}

/// Inserts an attribute into a canonical service, at its place in the order of attributes.
pub(super) fn insert_of_service(service: &mut Map<String, Json>, key: &str, value: Json) {
    let rank = |key: &str| table::SERVICE.iter().position(|(name, _)| *name == key);
    let before = service.keys().filter(|other| rank(other).is_some_and(|other| Some(other) < rank(key))).count();
    service.shift_insert(before, key.to_owned(), value);
}

/// Returns the members of a section with their types, sorted by name.
fn section(node: &Node, fields: &'static [Field], kind: &str, diagnostics: &mut Vec<Diagnostic>) -> Map<String, Json> {
    let keep = |name: &str, record| (name.to_owned(), Json::Object(record));
    records(node, fields, kind, diagnostics, keep).into_iter().collect()
}

/// Types each member of a section, in the order of the names, and returns the result of `keep` for each.
fn records<R: Send>(
    node: &Node,
    fields: &'static [Field],
    kind: &str,
    diagnostics: &mut Vec<Diagnostic>,
    keep: impl Fn(&str, Map<String, Json>) -> R + Sync,
) -> Vec<R> {
    let mut entries: Vec<(&str, &Entry)> = node.entries().collect();
    entries.sort_by_key(|(name, _)| *name);
    let (top, told) = (ModelPath::default(), &diagnostics[..]);
    let above = top.next(kind);
    let chunks = parallel::by_chunks(&entries, |chunk| {
        let mut typing = Typing { told, found: Vec::new() };
        let record = |(name, entry): &(&str, &Entry)| keep(name, typing.record(&entry.node, fields, &above.next(name)));
        let records: Vec<R> = chunk.iter().map(record).collect();
        (records, typing.found)
    });
    let mut kept = Vec::with_capacity(entries.len());
    let mut found = Vec::new();
    for (records, faults) in chunks {
        kept.extend(records);
        found.extend(faults);
    }
    diagnostics.extend(found);
    kept
}

/// Returns the `models` of a tree, which docker compose prints in YAML only.
pub(super) fn models(models: &Node) -> Json {
    Json::Object(section(models, table::MODEL, "models", &mut Vec::new()))
}
