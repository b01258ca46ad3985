//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use std::cmp::Ordering;

use super::value::Value;

/// Compares values by the function `name`. `eq` holds if the first value equals any of the others.
pub(super) fn compare(name: &str, values: &[Value]) -> Result<bool, String> {
    let [first, others @ ..] = values else { return Ok(false) };
    if name == "eq" {
        // Compat: values after an equal one are not checked, whatever they are.
        for other in others {
            if are_equal(name, first, other)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    let [other] = others else { return Ok(false) };
    if name == "ne" {
        return are_equal(name, first, other).map(|is_equal| !is_equal);
    }
    let order = order(name, first, other)?;
    Ok(match name {
        "lt" => order.is_lt(),
        "le" => order.is_le(),
        "gt" => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn are_equal(name: &str, first: &Value, other: &Value) -> Result<bool, String> {
    match (first, other) {
        (Value::Bool(first), Value::Bool(other)) => Ok(first == other),
        (Value::None, Value::None) => Ok(true),
        (Value::None, _) | (_, Value::None) => Ok(false),
        _ => order(name, first, other).map(Ordering::is_eq),
    }
}

fn order(name: &str, first: &Value, other: &Value) -> Result<Ordering, String> {
    match (first, other) {
        (Value::Int(first), Value::Int(other)) => Ok(first.cmp(other)),
        (Value::Text(first) | Value::Data(first), Value::Text(other) | Value::Data(other)) => Ok(first.cmp(other)),
        (first, other) => Err(format!("`{name}` cannot compare {} with {}", first.kind(), other.kind())),
    }
}
