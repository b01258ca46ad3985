//! What is wrong with a template, and where.

/// A fault of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Position of the fault in the text, in bytes.
    at: usize,
    message: String,
    /// Whether the template needs more work than is allowed for one row.
    pub(super) is_limit: bool,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), is_limit: false }
    }

    pub(super) fn limit(at: usize, message: &str) -> Self {
        Self { at, message: message.to_owned(), is_limit: true }
    }

    /// Returns the fault with its column, and with its line if the text has several lines.
    pub(super) fn told(&self, text: &str) -> String {
        let before = text.get(..self.at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[line_start..].chars().count() + 1;
        let line = match text.contains('\n') {
            true => format!("line {}, ", before.matches('\n').count() + 1),
            false => String::new(),
        };
        format!("{line}column {column}: {}", self.message)
    }
}
