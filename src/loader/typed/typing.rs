//! The state of typing: the diagnostics of earlier stages, and those of this stage.

use serde_json::Value as Json;

use crate::diag::Diagnostic;
use crate::loader::report::MOST_TOLD;
use crate::loader::tree::{ModelPath, Node, Value};

/// Types values, and collects the faults.
pub(super) struct Typing<'a> {
    /// The diagnostics of earlier stages.
    pub told: &'a [Diagnostic],
    /// The diagnostics of this stage.
    pub found: Vec<Diagnostic>,
}

impl Typing<'_> {
    /// Warns of `yes` and the like, which are booleans in YAML 1.1 and texts in YAML 1.2.
    pub fn warn_of_words(&mut self, node: &Node, path: &ModelPath<'_>) {
        let Some(text) = node.as_text() else { return };
        let right = match text.to_ascii_lowercase().as_str() {
            "y" | "yes" | "on" => "true",
            "n" | "no" | "off" => "false",
            _ => return,
        };
        let message = format!("`{path}`: `{text}` is no boolean of YAML 1.2; write `true` or `false`");
        self.found.push(
            Diagnostic::warning("old-boolean", node.span, message)
                .at(path.to_string())
                .help(format!("write `{right}`")),
        );
    }

    /// Reports a value that is not of the expected type. Returns `None`, for the caller to return.
    pub fn refuse(&mut self, node: &Node, path: &ModelPath<'_>, expected: &str) -> Option<Json> {
        // The schema may have reported this value already. Only the diagnostics that are shown are searched, which is
        // quick.
        let is_of_it = |told: &&Diagnostic| told.is_error() && told.primary.span == node.span;
        if self.told.iter().take(MOST_TOLD).filter(is_of_it).any(|told| told.path == path.to_string()) {
            return None;
        }
        let found = node
            .scalar_text()
            .map_or(node.kind().to_owned(), |text| format!("`{}`", crate::text::escape_controls(&text)));
        self.found.push(
            Diagnostic::error("bad-value", node.span, format!("`{path}` must be {expected}, but is {found}"))
                .at(path.to_string()),
        );
        None
    }

    /// Reports options that are no texts.
    ///
    /// Compat: whole numbers are allowed, too, and become texts.
    pub fn refuse_other_than_texts(&mut self, node: &Node, path: &ModelPath<'_>) {
        let is_other =
            |value: &Value| matches!(value, Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_));
        for (key, entry) in node.entries().filter(|(_, entry)| is_other(&entry.node.value)) {
            self.refuse(&entry.node, &path.next(key), "a text or a whole number");
        }
    }

    /// Reports a variable whose name ends with a blank (`- NAME = value`). docker compose refuses such a name, too.
    pub fn refuse_blanks_before_values(&mut self, node: &Node, path: &ModelPath<'_>) {
        for (index, item) in node.items().iter().enumerate() {
            let name = item.as_text().and_then(|text| text.split_once('=')).map(|(name, _)| name);
            let Some(name) = name.filter(|name| name.ends_with(' ')) else { continue };
            let path = path.item(index).to_string();
            let message = format!("`{path}`: the name `{}` ends with a blank", crate::text::escape_controls(name));
            let fault = Diagnostic::error("bad-value", item.span, message).at(path);
            self.found.push(fault.help("write `NAME=value`, without blanks around `=`"));
        }
    }

    /// Warns of a command that an operator of a shell cuts short.
    pub fn warn_of_the_rest(&mut self, node: &Node, path: &ModelPath<'_>, operator: char) {
        let message = format!("`{path}` ends at `{operator}`: no shell runs it, and what follows is left out");
        let help = "run a shell: `[\"sh\", \"-c\", \"…\"]`, or quote what is meant as text";
        self.found.push(Diagnostic::warning("cut-command", node.span, message).at(path.to_string()).help(help));
    }
}
