//! Variables in the values of one file, before anything is merged. Keys are never interpolated.

use std::collections::BTreeMap;

use super::path::Path;
use super::template::{self, TemplateError, Variables};
use super::tree::{Node, Value};
use crate::diag::Diagnostic;
use crate::model::Span;

/// Code of what is not told: a value whose variable is not set may be sound once its env file is mended. What is said of such a
/// value says nothing.
pub(super) const NOT_KNOWN: &str = "not-known";

/// Collects what interpolation finds.
pub(super) struct Interpolation<'a> {
    /// Values by name.
    pub variables: &'a BTreeMap<String, String>,
    /// What is to be told.
    pub diagnostics: &'a mut Vec<Diagnostic>,
    /// Variables already warned about, over all files.
    pub warned: &'a mut std::collections::BTreeSet<String>,
    /// Whether variables may be missing only because an env file is at fault.
    pub lacks_variables: bool,
}

impl Interpolation<'_> {
    /// Replaces the variables of every text below `node`.
    pub(super) fn run(&mut self, node: &mut Node, path: &Path<'_>) {
        let span = node.span;
        match &mut node.value {
            Value::Text(text) if text.contains('$') => {
                let replaced = self.text(text, span, path);
                *text = replaced.into();
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate().filter(|(_, item)| may_hold_variables(item)) {
                    self.run(item, &path.item(index));
                }
            }
            Value::Map(map) => {
                for (key, entry) in map.iter_mut().filter(|(_, entry)| may_hold_variables(&entry.node)) {
                    self.run(&mut entry.node, &path.next(key));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, span: Span, path: &Path<'_>) -> String {
        let lookup = |name: &str| self.variables.get(name).cloned();
        let mut variables = Variables { lookup: &lookup, missing: Vec::new() };
        let (value, mut faults) = match template::substitute(text, &mut variables) {
            Ok(value) => (value, Vec::new()),
            Err(faults) => (String::new(), faults),
        };
        if self.lacks_variables {
            let found = faults.len();
            faults.retain(|fault| !matches!(fault, TemplateError::Required { .. }));
            if faults.len() < found || !variables.missing.is_empty() {
                let fault = Diagnostic::error(NOT_KNOWN, span, "a variable may stand in an env file that is at fault");
                self.diagnostics.push(fault.at(path.to_string()));
            }
            variables.missing.clear();
        }
        for name in variables.missing {
            if self.warned.insert(name.clone()) {
                self.diagnostics.push(
                    Diagnostic::warning("unset-variable", span, format!("variable `{name}` is not set, a blank text takes its place"))
                        .at(path.to_string())
                        .help(format!("set it in the environment or an env file, give a default (`${{{name}:-...}}`), or write `$$` for a dollar sign")),
                );
            }
        }
        self.diagnostics.extend(faults.into_iter().map(|error| fault(error, text, span).at(path.to_string())));
        value
    }
}

/// Most values are plain.
fn may_hold_variables(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.contains('$'),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => false,
    }
}

fn fault(error: TemplateError, text: &str, span: Span) -> Diagnostic {
    match error {
        TemplateError::Format { .. } => {
            let shown: String = crate::text::escape_controls(text).chars().take(80).collect();
            Diagnostic::error("bad-interpolation", span, format!("invalid interpolation format: `{shown}`"))
                .help("write `$NAME`, `${NAME}` or `${NAME:-default}`, and `$$` for a dollar sign")
        }
        TemplateError::Required { name, message } => {
            let mut words = format!("required variable `{name}` is missing a value");
            if !message.is_empty() {
                words.push_str(": ");
                words.push_str(&crate::text::one_line(&message));
            }
            Diagnostic::error("required-variable", span, words)
                .help(format!("set `{name}` in the environment or an env file"))
        }
        TemplateError::TooLong => {
            Diagnostic::error("too-large", span, "this value gets longer than 1 MiB by interpolation")
        }
    }
}
