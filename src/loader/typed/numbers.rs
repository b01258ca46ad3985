//! Converts values to numbers.

use serde_json::Value as Json;

use crate::loader::tree::{Node, Value};
use crate::text::parse_size;

/// Reads a size in bytes.
///
/// Compat: a negative size, such as `memswap_limit: -1`, must be a number, not a text.
pub(super) fn bytes(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Int(value) => Some(*value),
        Value::Float(value) => Some(*value as i64),
        _ => {
            let text = node.scalar_text()?;
            let number = || text.parse::<f64>().ok().filter(|value| *value >= 0.0).map(|value| value as i64);
            parse_size(&text).filter(|bytes| *bytes >= 0).or_else(number)
        }
    }
}

/// Reads a whole number. The fraction of a float is dropped.
pub(super) fn whole_number(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Int(value) => Some(*value),
        Value::Float(value) => Some(*value as i64),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// As [`whole_number`], but `None` for a number with a point or an exponent.
pub(super) fn exact_number(node: &Node) -> Option<i64> {
    whole_number(node).filter(|_| !matches!(node.value, Value::Float(_)))
}

/// Returns a number of single precision as JSON, with the digits that single precision needs: 0.1, not 0.10000000149.
pub(super) fn single(value: f32) -> Json {
    let text = value.to_string();
    match text.parse::<i64>() {
        Ok(whole) => Json::from(whole),
        Err(_) => Json::from(text.parse::<f64>().unwrap_or_default()),
    }
}
