//! Converts a tree to JSON, without the types of its attributes.

use serde_json::Value as Json;

use crate::loader::tree::{Node, Tag, Value};

/// Returns a value as JSON. Keys are sorted, as Go prints maps.
pub fn any(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => number(*value),
        Value::Text(text) if node.tag == Tag::Large => text.parse::<u64>().map_or(Json::from(&**text), Json::from),
        Value::Text(text) => Json::from(&**text),
        Value::List(items) => Json::Array(items.iter().map(any).collect()),
        Value::Map(map) => {
            let mut entries: Vec<(&Box<str>, Json)> = map.iter().map(|(key, entry)| (key, any(&entry.node))).collect();
            entries.sort_by_key(|(key, _)| *key);
            Json::Object(entries.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
        }
    }
}

/// Returns a float as JSON: a whole number without a fraction, and zero with its sign.
fn number(value: f64) -> Json {
    // JSON has no infinity and no NaN, so these are texts.
    if !value.is_finite() {
        let text = if value.is_nan() { ".nan" } else { ".inf" };
        return Json::from(if value < 0.0 { format!("-{text}") } else { text.to_owned() });
    }
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    if is_whole && !(value == 0.0 && value.is_sign_negative()) { Json::from(value as i64) } else { Json::from(value) }
}
