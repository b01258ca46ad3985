//! Errors and warnings for the user, with a place, a cause and a remedy.
//!
//! A [`Diagnostic`] is a value. Every layer may make one; `ui` shows each once.

use crate::model::Span;

/// The weight of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The command does nothing until the user has corrected the error.
    Error,
    /// The command works, but probably not as the user means.
    Warning,
    /// Information without a problem.
    Note,
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The remark; may be empty.
    pub text: String,
}

/// An error or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The weight.
    pub severity: Severity,
    /// Stable code, such as `unknown-key`. `inception explain CODE` shows a page about each code.
    pub code: &'static str,
    /// One line, lower case, literals in backticks, no full stop.
    pub message: String,
    /// The place of the fault; [`Span::NONE`] where the fault is in no file.
    pub primary: Label,
    /// Other places, such as "first defined here" and "included from here".
    pub related: Vec<Label>,
    /// The path in the model, such as `services.web.ports[1]`. Empty for a fault outside the model.
    pub path: String,
    /// The reason, where the message does not show it (`cause:` line).
    pub cause: Option<String>,
    /// What the user can do (`help:` line).
    pub help: Option<String>,
}

impl Diagnostic {
    /// Makes an error at a place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message)
    }

    /// Makes a warning at a place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message)
    }

    /// Makes a note at a place.
    pub fn note(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, span, message)
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            related: Vec::new(),
            path: String::new(),
            cause: None,
            help: None,
        }
    }

    /// Adds a remark to the primary place, which is shown beside the carets.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds another place with a remark.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Sets the path in the model.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.cause = Some(text.into());
        self
    }

    /// Sets the help line.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Returns whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
