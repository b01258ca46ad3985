//! The findings of `check`: for people, as JSON lines, and as SARIF.

use serde_json::{Map, Value, json};

use super::{diagnostics, output, report};
use crate::diag::Severity;
use crate::diagnose::{Finding, Judged};
use crate::model::{Sources, Span, secrecy};
use crate::settings::Context;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people, with the line.
    #[default]
    Text,
    /// An object on each line.
    Json,
    /// One SARIF 2.1.0 document.
    Sarif,
}

/// All findings of a run.
#[derive(Debug, Default)]
pub struct Report {
    format: Format,
    stacks: Vec<(Judged, Sources)>,
}

impl Report {
    /// Makes an empty report.
    pub fn new(format: Format) -> Self {
        Self { format, stacks: Vec::new() }
    }

    /// Adds the findings about one stack.
    pub fn add(&mut self, judged: Judged, sources: Sources) {
        self.stacks.push((judged, sources));
    }

    /// Returns whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.stacks.iter().all(|(judged, _)| judged.findings.is_empty())
    }

    /// Prints the report on standard output.
    pub fn print(self, context: &Context) {
        match self.format {
            Format::Text => {
                let summary = self.summary();
                for (judged, mut sources) in self.stacks {
                    let list = hide(&judged.findings, &mut sources);
                    let list: Vec<_> = list.iter().map(Finding::diagnostic).collect();
                    output::print_owned(diagnostics::render(&list, &sources, report::data_style(context)));
                }
                output::print_owned(summary);
            }
            Format::Json => {
                for (judged, sources) in &self.stacks {
                    let lines = judged.findings.iter().map(|one| format!("{}\n", object(one, sources)));
                    output::print_owned(lines.collect());
                }
            }
            Format::Sarif => {
                let results = self.stacks.iter().flat_map(|(judged, sources)| {
                    let list: Vec<_> = judged.findings.iter().map(Finding::diagnostic).collect();
                    diagnostics::sarif_results(&list, sources)
                });
                output::print_owned(diagnostics::sarif(results.collect()));
            }
        }
    }

    /// Returns the last line: how much was found.
    fn summary(&self) -> String {
        let all = || self.stacks.iter().flat_map(|(judged, _)| &judged.findings);
        let count = |severity| all().filter(|one| one.rule.severity == severity).count();
        let words = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
        let mut parts: Vec<String> = words
            .into_iter()
            .map(|(severity, word)| (count(severity), word))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}{}", if number == 1 { "" } else { "s" }))
            .collect();
        if parts.is_empty() {
            parts.push("nothing found".to_owned());
        }
        let waived: usize = self.stacks.iter().map(|(judged, _)| judged.waived).sum();
        if waived > 0 {
            parts.push(format!("{waived} waived in the files"));
        }
        format!("{}\n", parts.join(", "))
    }
}

/// Moves findings on lines that may hold a secret to copies of the texts that are not shown.
fn hide(findings: &[Finding], sources: &mut Sources) -> Vec<Finding> {
    let line = |span: Span, sources: &Sources| sources.line_column(span).map(|place| (span.file, place.line));
    let secret: Vec<_> =
        findings.iter().filter(|one| one.is_secret).filter_map(|one| line(one.span, sources)).collect();
    let mut list = findings.to_vec();
    for one in &mut list {
        let spans = std::iter::once(&mut one.span).chain(one.related.iter_mut().map(|label| &mut label.span));
        for span in spans.filter(|span| !span.is_none()) {
            let is_secret = line(*span, sources).is_some_and(|place| secret.contains(&place));
            if is_secret || secrecy::holds_secret(&text_of_line(*span, sources)) {
                span.file = sources.hidden_copy(span.file);
            }
        }
    }
    list
}

fn text_of_line(span: Span, sources: &Sources) -> String {
    let Some(source) = sources.get(span.file) else { return String::new() };
    let before = source.text.get(..span.start as usize).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    source.text[start..].lines().next().unwrap_or_default().to_owned()
}

fn object(finding: &Finding, sources: &Sources) -> Value {
    let rule = finding.rule;
    let mut object = Map::new();
    object.insert("code".to_owned(), json!(rule.code));
    object.insert("severity".to_owned(), json!(rule.severity));
    object.insert("message".to_owned(), json!(finding.message));
    if let (Some(source), Some(place)) = (sources.get(finding.span.file), sources.line_column(finding.span)) {
        object.insert("file".to_owned(), json!(source.name));
        object.insert("line".to_owned(), json!(place.line));
        object.insert("column".to_owned(), json!(place.column));
    }
    if let Some(service) = &finding.service {
        object.insert("service".to_owned(), json!(service));
    }
    object.insert("why".to_owned(), json!(rule.why));
    object.insert("help".to_owned(), json!(rule.fix));
    object.insert("reference".to_owned(), json!(rule.reference));
    Value::Object(object)
}
