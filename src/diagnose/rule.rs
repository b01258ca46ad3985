//! Rules and findings.

use crate::diag::{Diagnostic, Label, Severity};
use crate::model::Span;

/// Which rules are asked for: `--rules`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Set {
    /// The rules of the school project Inception.
    Subject,
    /// The rules about security.
    Security,
    /// All rules. Those of the subject count for a stack that is recognised as one of the subject.
    #[default]
    All,
}

/// A rule: what a finding of it has in common with all others.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable code, such as `host-network`. `inception explain CODE` shows the page about the rule.
    pub code: &'static str,
    /// The weight of a finding.
    pub severity: Severity,
    /// The set that the rule belongs to; `All` for a rule of both sets.
    pub set: Set,
    /// The rule's number elsewhere: `CIS Docker 5.5` (CIS Docker Benchmark 1.6.0), `OWASP Docker 1` (Docker Security
    /// Cheat Sheet), or the subject's rule, such as `subject N2`.
    pub reference: &'static str,
    /// Why the setting is a fault: one clause, without a full stop.
    pub why: &'static str,
    /// What is to be written instead.
    pub fix: &'static str,
}

impl Rule {
    /// Makes a rule about security.
    pub const fn security(
        code: &'static str,
        severity: Severity,
        reference: &'static str,
        why: &'static str,
        fix: &'static str,
    ) -> Self {
        Self { code, severity, set: Set::Security, reference, why, fix }
    }

    /// Makes a rule of the subject.
    pub const fn subject(
        code: &'static str,
        severity: Severity,
        reference: &'static str,
        why: &'static str,
        fix: &'static str,
    ) -> Self {
        Self { code, severity, set: Set::Subject, reference, why, fix }
    }

    /// Makes a rule that the subject and security have in common.
    pub const fn both(
        code: &'static str,
        severity: Severity,
        reference: &'static str,
        why: &'static str,
        fix: &'static str,
    ) -> Self {
        Self { code, severity, set: Set::All, reference, why, fix }
    }
}

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The place; [`Span::NONE`] where something is missing that would be a file of its own.
    pub span: Span,
    /// The service, where the finding is about one.
    pub service: Option<String>,
    /// What is wrong: one line, lower case, literals in backticks, no full stop. Never a value that may be secret.
    pub message: String,
    /// Other places, with a remark each.
    pub related: Vec<Label>,
    /// Whether the line of the place may hold a secret, so that no message may show that line.
    pub is_secret: bool,
}

impl Finding {
    /// Makes a finding.
    pub fn new(rule: &'static Rule, span: Span, message: impl Into<String>) -> Self {
        Self { rule, span, service: None, message: message.into(), related: Vec::new(), is_secret: false }
    }

    /// Names the service.
    #[must_use]
    pub fn of(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Marks the line of the place as one that may hold a secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Returns the finding as a diagnostic, for the renderers.
    pub fn diagnostic(&self) -> Diagnostic {
        let Rule { code, severity, why, fix, reference, .. } = self.rule;
        let make = match severity {
            Severity::Error => Diagnostic::error,
            Severity::Warning => Diagnostic::warning,
            Severity::Note => Diagnostic::note,
        };
        let mut one = make(code, self.span, self.message.clone()).cause(format!("{why} ({reference})")).help(*fix);
        one.related.clone_from(&self.related);
        match &self.service {
            Some(service) => one.at(format!("services.{service}")),
            None => one,
        }
    }
}
