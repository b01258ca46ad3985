//! How a check reports a fault: path and place of the value, the expected form, and the value found.

use crate::diag::Diagnostic;
use crate::loader::tree::{Node, Value};
use crate::model::Span;

/// The checks of one resource.
pub(super) struct Checks<'a> {
    /// Path of the resource, such as `services.web`.
    pub(super) path: String,
    /// The faults found so far.
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Checks<'_> {
    pub(super) fn refuse(&mut self, field: &str, span: Span, message: String) {
        let path = format!("{}.{field}", self.path);
        self.diagnostics.push(Diagnostic::error("bad-value", span, message).at(path));
    }

    /// Reports a value that is not as the engine expects it.
    pub(super) fn expect(&mut self, field: &str, span: Span, expected: &str, found: &str) {
        let shown: String = crate::text::escape_controls(found).chars().take(80).collect();
        let message = format!("`{}.{field}` must be {expected}, but is `{shown}`", self.path);
        self.refuse(field, span, message);
    }

    /// Reports two attributes that the engine does not accept together.
    pub(super) fn exclusive(&mut self, field: &str, span: Span, message: String) {
        let fault = Diagnostic::error("exclusive", span, message).at(format!("{}.{field}", self.path));
        self.diagnostics.push(fault.help("remove one of them"));
    }

    /// Refuses NUL characters. The kernel ends a text at NUL, so the process would get a shorter text than the file
    /// has.
    pub(super) fn nul(&mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Text(text) if text.contains('\0') => self.has_nul(node.span, path),
            Value::List(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.nul(item, &format!("{path}[{index}]")));
            }
            Value::Map(map) => {
                for (key, entry) in map.iter() {
                    let below = format!("{path}.{}", crate::text::escape_controls(key));
                    if key.contains('\0') {
                        self.has_nul(entry.key, &below);
                    }
                    self.nul(&entry.node, &below);
                }
            }
            _ => {}
        }
    }

    pub(super) fn has_nul(&mut self, span: Span, path: &str) {
        let message = format!("`{path}` holds a NUL character, which no process can be given");
        self.diagnostics.push(Diagnostic::error("bad-value", span, message).at(path));
    }
}
