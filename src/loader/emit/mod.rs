//! The canonical model to text, byte for byte as docker compose prints it.

mod json;
mod yaml;

pub use json::json;
pub use yaml::yaml;

use serde_json::Value;

/// Doubles every `$`, so that the output can be loaded again.
pub fn escape_dollars(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$"),
        Value::Array(items) => items.iter_mut().for_each(escape_dollars),
        Value::Object(map) => map.values_mut().for_each(escape_dollars),
        _ => {}
    }
}
