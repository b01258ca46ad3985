//! JSON as Go's encoder indents it: two blanks, `< > &` escaped.

use serde_json::Value;

/// Returns the document with a final line end.
pub fn json(value: &Value) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(plain.len() + 1);
    for char in plain.chars() {
        match char {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            char => out.push(char),
        }
    }
    out.push('\n');
    out
}
