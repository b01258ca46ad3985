//! Replaces variables in the values of one file, before the files are merged. Keys are never interpolated.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::loader::report::NOT_KNOWN;
use crate::loader::syntax::template::{self, TemplateError, Variables};
use crate::loader::tree::{ModelPath, Node, Value};
use crate::model::Span;

/// The interpolation of one file.
pub struct Interpolation<'a> {
    /// Values of variables by name.
    pub variables: &'a BTreeMap<String, String>,
    /// Errors and warnings are added here.
    pub diagnostics: &'a mut Vec<Diagnostic>,
    /// Unset variables of all files that have already been warned of.
    pub warned: &'a mut std::collections::BTreeSet<String>,
    /// Whether an env file could not be read. Missing variables are then not reported, because that file may set them.
    pub lacks_variables: bool,
}

impl Interpolation<'_> {
    /// Replaces the variables in every text of a tree.
    pub fn run(&mut self, node: &mut Node, path: &ModelPath<'_>) {
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

    /// Returns a text with its variables replaced, or an empty text after a fault.
    fn text(&mut self, text: &str, span: Span, path: &ModelPath<'_>) -> String {
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
                let message = format!("variable `{name}` is not set, a blank text takes its place");
                let help = format!(
                    "set it in the environment or an env file, give a default (`${{{name}:-...}}`), or write `$$` for a \
                     dollar sign"
                );
                let warning = Diagnostic::warning("unset-variable", span, message).at(path.to_string());
                self.diagnostics.push(warning.help(help));
            }
        }
        self.diagnostics.extend(faults.into_iter().map(|error| fault(error, text, span).at(path.to_string())));
        value
    }
}

/// Returns false for a value without variables. Then no path need be built, which saves time for the many plain values.
fn may_hold_variables(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.contains('$'),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => false,
    }
}

/// Returns the diagnostic for a fault of a text.
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
