//! Warns of texts that YAML reads as numbers: `0755` is 493, `3.10` is 3.1, `1e3` is 1000.
//!
//! Compat: the value stays the number, as in docker compose.

use crate::diag::Diagnostic;
use crate::loader::tree::{Node, Value};
use crate::model::Sources;

/// Attributes whose values become texts.
const TEXTS: [&str; 6] = ["environment", "labels", "annotations", "sysctls", "extra_hosts", "storage_opt"];

/// Warns of each number whose text differs from the text in the file.
pub fn yaml_numbers(root: &Node, sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    for (name, service) in root.get("services").into_iter().flat_map(Node::entries) {
        let own = TEXTS.iter().filter_map(|key| Some((*key, service.node.get(key)?)));
        let args = service.node.get("build").and_then(|build| build.get("args")).map(|args| ("build.args", args));
        for (key, mapping) in own.chain(args) {
            for (variable, entry) in mapping.entries() {
                let path = format!("services.{name}.{key}.{variable}");
                diagnostics.extend(altered_number(&entry.node, &path, sources));
            }
        }
    }
}

/// Returns the warning for a number whose text differs from the text in the file.
fn altered_number(node: &Node, path: &str, sources: &Sources) -> Option<Diagnostic> {
    if !matches!(node.value, Value::Int(_) | Value::Float(_)) {
        return None;
    }
    let written = sources.text(node.span).trim();
    let read = node.scalar_text()?;
    if written.is_empty() || written == read || written.contains(['$', '\n', '*']) {
        return None;
    }
    let shown = crate::text::escape_controls(path);
    let message = format!("`{shown}`: YAML reads `{written}` as a number, so its text becomes `{read}`");
    let help = format!("quote it if the text is meant: `\"{written}\"`");
    Some(Diagnostic::warning("yaml-number", node.span, message).at(path).help(help))
}
