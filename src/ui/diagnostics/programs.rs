//! Diagnostics as JSON, one object on each line (`docs/formats.md`).

use serde_json::{Map, Value, json};

use crate::diag::{Diagnostic, Label};
use crate::model::{Sources, Span};

/// Renders diagnostics as JSON, one object on each line.
pub fn json_lines(list: &[Diagnostic], sources: &Sources) -> String {
    list.iter().map(|one| format!("{}\n", object(one, sources))).collect()
}

fn object(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = Map::new();
    object.insert("severity".to_owned(), json!(diagnostic.severity));
    object.insert("code".to_owned(), json!(diagnostic.code));
    object.insert("message".to_owned(), json!(diagnostic.message));
    object.extend(place(diagnostic.primary.span, sources));
    let texts =
        [("path", Some(&diagnostic.path)), ("cause", diagnostic.cause.as_ref()), ("help", diagnostic.help.as_ref())];
    for (key, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            object.insert(key.to_owned(), json!(text));
        }
    }
    let related: Vec<Value> = diagnostic.related.iter().filter_map(|label| other(label, sources)).collect();
    if !related.is_empty() {
        object.insert("related".to_owned(), Value::Array(related));
    }
    Value::Object(object)
}

fn other(label: &Label, sources: &Sources) -> Option<Value> {
    let mut object = place(label.span, sources);
    if object.is_empty() {
        return None;
    }
    object.insert("message".to_owned(), json!(label.text));
    Some(Value::Object(object))
}

/// Returns `file`, `line`, `column`, `end_line` and `end_column` of a place. Lines and columns count from 1, columns in
/// characters. A place in no file gives an empty object.
pub(super) fn place(span: Span, sources: &Sources) -> Map<String, Value> {
    let mut object = Map::new();
    let end = Span { start: span.end, ..span };
    if let (Some(source), Some(start), Some(end)) =
        (sources.get(span.file), sources.line_column(span), sources.line_column(end))
    {
        object.insert("file".to_owned(), json!(source.name));
        object.insert("line".to_owned(), json!(start.line));
        object.insert("column".to_owned(), json!(start.column));
        object.insert("end_line".to_owned(), json!(end.line));
        object.insert("end_column".to_owned(), json!(end.column));
    }
    object
}
