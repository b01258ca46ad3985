//! Prints YAML as docker compose does: indented by two blanks, list items indented, quotes only where a reader needs
//! them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::loader::tree::{self, is_timestamp, print_float, resolve};

/// Returns a model as YAML. `command: null` and `entrypoint: null`, which only JSON has, are left out.
pub fn yaml(model: &Map<String, Value>) -> String {
    let mut out = String::new();
    let mut ordered: Vec<(&String, &Value)> = model.iter().collect();
    // Compat: `name` comes first, then the sections, then extensions.
    let rank = |key: &str| match key {
        "name" => 0,
        "services" => 1,
        "networks" => 2,
        "volumes" => 3,
        "secrets" => 4,
        "configs" => 5,
        "models" => 6,
        _ => 7,
    };
    ordered.sort_by_key(|(key, _)| (rank(key), (*key).clone()));
    for (key, value) in ordered {
        entry(&mut out, key, value, 0, &[]);
    }
    out
}

/// A path under which no attribute has special rules.
const PLAIN: &str = "\0plain";

/// Returns a mapping as Go's writer prints a value without a type: every mapping in natural order, nothing left out.
pub fn plain_yaml(model: &Map<String, Value>) -> String {
    let mut out = String::new();
    for (key, value) in ordered(model, &[PLAIN]) {
        entry(&mut out, key, value, 0, &[PLAIN]);
    }
    out
}

/// Writes an entry of a mapping. `path` are the keys that lead to the mapping.
fn entry(out: &mut String, key: &str, value: &Value, indent: usize, path: &[&str]) {
    if path.first() == Some(&PLAIN) {
        let is_explicit = write_key(out, key, indent);
        return body(out, value, indent, path, is_explicit);
    }
    if value.is_null() && matches!(key, "command" | "entrypoint") && path.len() >= 2 {
        return;
    }
    // Compat: JSON shows these attributes even if they are empty; YAML does not.
    let is_empty =
        value.as_object().is_some_and(|map| map.values().all(Value::is_null) && (map.is_empty() || key == "exec"));
    if is_empty
        && matches!(key, "ipam" | "placement" | "resources" | "exec")
        && path.len() >= 2
        && !path.contains(&"labels")
    {
        return;
    }
    let is_explicit = write_key(out, written_key(key, path), indent);
    let mut inner: Vec<&str> = path.to_vec();
    inner.push(key);
    body(out, value, indent, &inner, is_explicit);
}

/// Writes a key and its colon. A key that is long or has line ends is written behind a question mark (`? key`), and its
/// value beside the colon; returns true for such a key.
///
/// Compat: Go's writer writes a key of up to 128 bytes in the simple form. YAML 1.2 (7.4.3) allows up to 1024
/// characters.
fn write_key(out: &mut String, key: &str, indent: usize) -> bool {
    let is_break = |char: char| matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let is_explicit = key.len() > 128 || key.contains(is_break);
    out.push_str(&" ".repeat(indent));
    if is_explicit {
        out.push_str("? ");
        out.push_str(&text(key, indent + 2, false));
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&" ".repeat(indent));
    } else {
        out.push_str(&text(key, 0, true));
    }
    out.push(':');
    is_explicit
}

/// Returns a key as YAML writes it.
///
/// Compat: the devices of `blkio_config` have capital keys in JSON only.
fn written_key<'a>(key: &'a str, path: &[&str]) -> &'a str {
    match key {
        _ if path.get(2) != Some(&"blkio_config") => key,
        "Path" => "path",
        "Rate" => "rate",
        "Weight" => "weight",
        _ => key,
    }
}

/// Writes the value after the colon of a key, or after the dash of an item.
fn body(out: &mut String, value: &Value, indent: usize, path: &[&str], in_list: bool) {
    match value {
        Value::Object(map) if map.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(map) => {
            let mut lines = String::new();
            for (key, value) in ordered(map, path) {
                entry(&mut lines, key, value, indent + 2, path);
            }
            if lines.is_empty() {
                out.push_str(" {}\n");
            } else if in_list {
                out.push(' ');
                out.push_str(lines.trim_start_matches(' '));
            } else {
                out.push('\n');
                out.push_str(&lines);
            }
        }
        Value::Array(items) => {
            let mut lines = String::new();
            let path = [path, &["-"]].concat();
            for item in items {
                lines.push_str(&" ".repeat(indent + 2));
                lines.push('-');
                body(&mut lines, item, indent + 2, &path, true);
            }
            if in_list {
                out.push(' ');
                out.push_str(lines.trim_start_matches(' '));
            } else {
                out.push('\n');
                out.push_str(&lines);
            }
        }
        Value::String(string) => {
            out.push(' ');
            out.push_str(&text(string, indent + 2, false));
            if !out.ends_with('\n') {
                out.push('\n');
            }
        }
        other => {
            out.push(' ');
            match other.as_f64().filter(|_| other.is_f64()) {
                Some(number) => out.push_str(&print_float(number)),
                None => out.push_str(&other.to_string()),
            }
            out.push('\n');
        }
    }
}

/// Returns the entries of a mapping in the order of the output: attributes in the order of the model, and names that
/// users choose in the natural order of the writer.
fn ordered<'a>(map: &'a Map<String, Value>, path: &[&str]) -> Vec<(&'a String, &'a Value)> {
    const CHOSEN: [&str; 18] = [
        "services",
        "networks",
        "volumes",
        "secrets",
        "configs",
        "environment",
        "labels",
        "args",
        "options",
        "driver_opts",
        "annotations",
        "depends_on",
        "sysctls",
        "ulimits",
        "storage_opt",
        "additional_contexts",
        "aux_addresses",
        "models",
    ];
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    if path.first() == Some(&PLAIN) || path.last().is_some_and(|last| CHOSEN.contains(last) || last.starts_with("x-")) {
        entries.sort_by(|a, b| natural(a.0, b.0));
    }
    entries
}

/// Compares two keys as Go's YAML writer does: numbers by value, letters after other characters.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut in_digits = false;
    for at in 0..a.len().min(b.len()) {
        let (left, right) = (a[at], b[at]);
        if left == right {
            in_digits = left.is_ascii_digit();
            continue;
        }
        return match (left.is_alphabetic(), right.is_alphabetic()) {
            (true, true) => left.cmp(&right),
            (true, false) if in_digits => std::cmp::Ordering::Less,
            (true, false) => std::cmp::Ordering::Greater,
            (false, true) if in_digits => std::cmp::Ordering::Greater,
            (false, true) => std::cmp::Ordering::Less,
            (false, false) => {
                let number = |text: &[char]| text.iter().take_while(|char| char.is_ascii_digit()).collect::<String>();
                let (first, second) = (number(&a[at..]), number(&b[at..]));
                let value = |text: &str| text.parse::<u64>().unwrap_or(0);
                value(&first).cmp(&value(&second)).then(first.len().cmp(&second.len())).then(left.cmp(&right))
            }
        };
    }
    a.len().cmp(&b.len())
}

/// Returns a text as it must be written so that readers read it as text.
fn text(string: &str, indent: usize, is_key: bool) -> String {
    // Compat: bytes that are not UTF-8 are written in base64.
    if crate::text::has_raw(string) {
        return format!("!!binary {}", STANDARD.encode(crate::text::to_bytes(string)));
    }
    if string.contains('\n') && !is_key {
        return block(string, indent);
    }
    if is_ambiguous(string) || (is_key && string == "<<") || !string.chars().all(is_printable) {
        return double_quoted(string);
    }
    if needs_single_quotes(string) {
        return format!("'{}'", string.replace('\'', "''"));
    }
    string.to_owned()
}

/// Returns whether a character is written as it is.
///
/// Compat: the Go writer escapes characters beyond the first 65,536.
fn is_printable(char: char) -> bool {
    !char.is_control() && char <= '\u{fffd}' && !matches!(char, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether some reader of YAML takes a text without quotes for another type.
fn is_ambiguous(string: &str) -> bool {
    let is_number = !string.is_empty() && string.bytes().all(|byte| byte.is_ascii_digit());
    if string.is_empty() || is_number || !matches!(resolve(string), tree::Value::Text(_)) {
        return true;
    }
    let yaml_1_1 = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];
    yaml_1_1.contains(&string) || is_base_60(string) || is_timestamp(string)
}

/// Returns whether YAML 1.1 reads a text as a number to the base 60, such as `22:22`.
fn is_base_60(string: &str) -> bool {
    let body = string.strip_prefix(['-', '+']).unwrap_or(string);
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    !rest.is_empty()
        && first.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && rest.iter().enumerate().all(|(index, part)| {
            let part = if index + 1 == rest.len() { part.split('.').next().unwrap_or(part) } else { part };
            matches!(part.len(), 1 | 2)
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && (part.len() == 1 || part.as_bytes()[0] <= b'5')
        })
}

/// Returns whether a text without quotes would end early or begin a structure of YAML.
fn needs_single_quotes(string: &str) -> bool {
    let first = string.chars().next().unwrap_or(' ');
    let second = string.chars().nth(1);
    let is_indicator =
        matches!(first, ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`')
            || (matches!(first, '-' | '?' | ':') && second.is_none_or(|char| char == ' '));
    is_indicator
        || string.starts_with(' ')
        || string.ends_with([' ', ':'])
        || string.contains(": ")
        || string.contains(" #")
        || string.starts_with("---")
        || string.starts_with("...")
}

fn double_quoted(string: &str) -> String {
    let mut out = String::from("\"");
    for char in string.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            '\u{feff}' => out.push_str("\\uFEFF"),
            char if is_printable(char) => out.push(char),
            char if u32::from(char) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(char))),
            char if u32::from(char) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            char => out.push_str(&format!("\\U{:08X}", u32::from(char))),
        }
    }
    out.push('"');
    out
}

/// Returns a text as a block scalar (`|`) that keeps its line ends.
///
/// Compat: a text with blanks before a line end, or with characters that are not printable, is quoted instead.
fn block(string: &str, indent: usize) -> String {
    let has_blank_ends = string.ends_with(' ') || string.contains(" \n");
    if has_blank_ends || string.chars().any(|char| !matches!(char, '\n' | '\t') && !is_printable(char)) {
        return double_quoted(string);
    }
    let trailing = string.len() - string.trim_end_matches('\n').len();
    let mark = match trailing {
        0 => "-",
        1 if string != "\n" => "",
        _ => "+",
    };
    let hint = if string.starts_with([' ', '\n']) { "2" } else { "" };
    let mut out = format!("|{hint}{mark}\n");
    for line in string.trim_end_matches('\n').split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    for _ in 1..trailing {
        out.push('\n');
    }
    out
}
