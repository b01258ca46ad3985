//! Diagnostics as SARIF 2.1.0, which code hosts and editors read (OASIS, `sarif-schema-2.1.0`).

use serde_json::{Value, json};

use super::programs::place;
use crate::diag::{Diagnostic, Label, Severity};
use crate::explain;
use crate::model::{Sources, Span};

/// Returns one SARIF result for each diagnostic.
pub fn results(list: &[Diagnostic], sources: &Sources) -> Vec<Value> {
    list.iter().map(|one| result(one, sources)).collect()
}

/// Returns the document: one run with its results, and the rules that the results name.
pub fn document(results: Vec<Value>) -> String {
    let mut codes: Vec<&str> = results.iter().filter_map(|one| one["ruleId"].as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let driver = json!({
        "name": "inception",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{document:#}\n")
}

fn rule(code: &str) -> Value {
    let page = explain::page(code);
    let summary = page.map_or_else(|| code.to_owned(), |page| page.summary());
    let body = page.map_or(code, |page| page.body);
    json!({
        "id": code,
        "shortDescription": { "text": summary },
        "help": { "text": body, "markdown": body },
    })
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut text = diagnostic.message.clone();
    for (word, more) in [("cause", &diagnostic.cause), ("help", &diagnostic.help)] {
        if let Some(more) = more {
            text.push_str(&format!("\n{word}: {more}"));
        }
    }
    let mut result = json!({ "ruleId": diagnostic.code, "level": level, "message": { "text": text } });
    if let Some(mut location) = location(diagnostic.primary.span, sources) {
        if !diagnostic.path.is_empty() {
            location["logicalLocations"] = json!([{ "fullyQualifiedName": diagnostic.path }]);
        }
        result["locations"] = json!([location]);
    }
    let related: Vec<Value> = diagnostic.related.iter().filter_map(|label| other(label, sources)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

fn other(label: &Label, sources: &Sources) -> Option<Value> {
    let mut location = location(label.span, sources)?;
    location["message"] = json!({ "text": label.text });
    Some(location)
}

fn location(span: Span, sources: &Sources) -> Option<Value> {
    let place = place(span, sources);
    let file = place.get("file")?.as_str()?;
    let mut region = json!({ "startLine": place["line"], "startColumn": place["column"] });
    if span.end > span.start {
        region["endLine"] = place["end_line"].clone();
        region["endColumn"] = place["end_column"].clone();
    }
    Some(json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region },
    }))
}

/// Returns a path as a URI reference. Bytes other than letters, digits and `-._~/` are percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("a b/ü.yml"), "a%20b/%C3%BC.yml");
        assert_eq!(uri("/a.yml"), "file:///a.yml");
    }
}
