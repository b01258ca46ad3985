//! Values of templates.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::{Value as Json, json};

use crate::text::escape_controls;

/// The longest text that a function may make, in bytes.
pub(super) const LONGEST: usize = 1024 * 1024;

/// A value. A copy is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    None,
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text of the template, which may contain line ends and tabs.
    Text(Rc<str>),
    /// Text of a row. Its author is unknown, so its control characters become visible when it is printed.
    Data(Rc<str>),
    /// A list.
    List(Rc<[Value]>),
    /// Fields in their order.
    Record(Rc<[(String, Value)]>),
    /// The row itself.
    Row,
}

impl Value {
    /// Makes a value of a row from JSON.
    pub fn of(json: &Json) -> Self {
        match json {
            Json::Null => Value::None,
            Json::Bool(is_so) => Value::Bool(*is_so),
            Json::Number(number) => number.as_i64().map_or_else(|| Value::Data(number.to_string().into()), Value::Int),
            Json::String(text) => Value::Data(text.as_str().into()),
            Json::Array(list) => Value::List(list.iter().map(Value::of).collect()),
            Json::Object(fields) => {
                Value::Record(fields.iter().map(|(key, one)| (key.clone(), Value::of(one))).collect())
            }
        }
    }

    /// Returns the value as JSON; `row` returns the row itself.
    pub(super) fn json(&self, row: &dyn Fn() -> Json) -> Json {
        match self {
            Value::None => Json::Null,
            Value::Bool(is_so) => json!(is_so),
            Value::Int(number) => json!(number),
            Value::Text(text) | Value::Data(text) => json!(**text),
            Value::List(list) => list.iter().map(|one| one.json(row)).collect(),
            Value::Record(fields) => fields.iter().map(|(key, one)| (key.clone(), one.json(row))).collect(),
            Value::Row => row(),
        }
    }

    /// Returns a text in printable form; nothing for other values.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Data(text) => Some(escape_controls(text)),
            _ => None,
        }
    }

    /// Returns a text of the same origin.
    pub(super) fn with_text(&self, text: String) -> Self {
        if matches!(self, Value::Data(_)) { Value::Data(text.into()) } else { Value::Text(text.into()) }
    }

    /// Returns whether a condition holds: not for nothing, zero, and empty values.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(is_so) => *is_so,
            Value::Int(number) => *number != 0,
            Value::Text(text) | Value::Data(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Record(_) | Value::Row => true,
        }
    }

    /// Returns the kind of the value, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::None => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a number",
            Value::Text(_) | Value::Data(_) => "text",
            Value::List(_) => "a list",
            Value::Record(_) => "an object",
            Value::Row => "the whole row",
        }
    }

    /// Returns roughly how much memory the value takes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Text(text) | Value::Data(text) => text.len(),
            Value::List(list) => list.len().saturating_mul(16),
            _ => 1,
        }
    }
}

/// Returns JSON on one line. Control characters become JSON escapes, so nothing is lost.
pub fn json_line(json: &Json) -> String {
    let text = json.to_string();
    if matches!(escape_controls(&text), Cow::Borrowed(_)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        let mut one = [0; 4];
        match escape_controls(char.encode_utf8(&mut one)) {
            Cow::Borrowed(same) => out.push_str(same),
            Cow::Owned(_) => {
                char.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")))
            }
        }
    }
    out
}
