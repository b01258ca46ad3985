//! Checks keys and types against the Compose specification's own schema, and says what was expected where.
//!
//! The schema is data (`compose-spec.json`, Apache-2.0, descriptions taken out); the walk, the words and the
//! suggestions are ours. Start at [`check`].

use std::fmt::Write;
use std::sync::OnceLock;

use serde_json::Value as Json;

use super::tree::{Entry, Node, Tag, Value};
use crate::diag::Diagnostic;

mod nearest;

pub use nearest::nearest;

const SCHEMA: &str = include_str!("compose-spec.json");

fn schema() -> &'static Json {
    static PARSED: OnceLock<Json> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(SCHEMA).unwrap_or(Json::Null))
}

/// Checks a model; returns every fault.
pub(super) fn check(root: &Node) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    walk(schema(), root, "", &mut faults);
    faults
}

fn walk(rule: &Json, node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    if let Some(name) = rule.get("$ref").and_then(Json::as_str) {
        let target = name.strip_prefix("#/definitions/").and_then(|name| schema().get("definitions")?.get(name));
        if let Some(target) = target {
            walk(target, node, path, faults);
        }
        return;
    }
    if let Some(branches) = rule.get("oneOf").or_else(|| rule.get("anyOf")).and_then(Json::as_array) {
        return one_of(branches, node, path, faults);
    }
    // Compat: a model that a service merely names.
    if node.is_null() && path.starts_with("services.") && path.contains(".models.") {
        return;
    }
    if !type_fits(rule, node) {
        faults.push(wrong_type(&[rule], node, path));
        return;
    }
    match &node.value {
        Value::Map(_) => mapping(rule, node, path, faults),
        Value::List(items) => list(rule, items, node, path, faults),
        _ => scalar(rule, node, path, faults),
    }
}

/// Of several forms the one counts that fits; else the one of the right type, or all of them are named.
fn one_of(branches: &[Json], node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    let mut best: Option<Vec<Diagnostic>> = None;
    for branch in branches {
        let mut found = Vec::new();
        walk(branch, node, path, &mut found);
        if found.is_empty() {
            return;
        }
        let is_typed = type_fits(resolve(branch), node);
        if is_typed && best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    match best {
        Some(found) => faults.extend(found),
        None => faults.push(wrong_type(&branches.iter().map(resolve).collect::<Vec<_>>(), node, path)),
    }
}

fn resolve(rule: &Json) -> &Json {
    match rule.get("$ref").and_then(Json::as_str).and_then(|name| name.strip_prefix("#/definitions/")) {
        Some(name) => schema().get("definitions").and_then(|all| all.get(name)).map_or(rule, resolve),
        None => rule,
    }
}

fn types(rule: &Json) -> Vec<&str> {
    match rule.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => match rule.get("oneOf").and_then(Json::as_array) {
            Some(branches) => branches.iter().flat_map(|branch| types(resolve(branch))).collect(),
            None => Vec::new(),
        },
    }
}

fn type_fits(rule: &Json, node: &Node) -> bool {
    let names = types(rule);
    names.is_empty()
        || names.iter().any(|name| match (*name, &node.value) {
            ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::Text(_)) => true,
            ("integer" | "number", Value::Int(_)) | ("array", Value::List(_)) | ("object", Value::Map(_)) => true,
            ("number", Value::Float(_)) => true,
            ("integer", Value::Float(value)) => value.fract() == 0.0,
            _ => false,
        })
}

fn wrong_type(rules: &[&Json], node: &Node, path: &str) -> Diagnostic {
    let mut expected: Vec<&str> = Vec::new();
    for name in rules.iter().flat_map(|rule| types(rule)) {
        let word = match name {
            "null" => continue,
            "boolean" => "true or false",
            "string" => "a text",
            "integer" => "a whole number",
            "number" => "a number",
            "array" => "a list",
            _ => "a mapping",
        };
        if !expected.contains(&word) {
            expected.push(word);
        }
    }
    let expected = match expected.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "something else".to_owned(),
    };
    let found = match node.scalar_text() {
        Some(text) if !node.is_null() => {
            format!("{} (`{}`)", node.kind(), crate::text::escape_controls(&text).chars().take(40).collect::<String>())
        }
        _ => node.kind().to_owned(),
    };
    let name = if path.is_empty() { "the top of the file" } else { path };
    let diagnostic =
        Diagnostic::error("wrong-type", node.span, format!("`{name}` must be {expected}, but is {found}")).at(path);
    // A number or a truth value where only a text will do.
    let is_text_wanted = expected.starts_with("a text") && !expected.contains("mapping") && !expected.contains("list");
    match node.scalar_text().filter(|_| is_text_wanted && !node.is_null()) {
        Some(text) if path.ends_with(".stop_grace_period") => {
            diagnostic.help(format!("a duration has a unit: `{text}s`"))
        }
        Some(text) if path.ends_with(".restart") && text == "false" => diagnostic.help("write `\"no\"`, in quotes"),
        Some(text) => diagnostic.help(format!("quote it: `\"{text}\"`")),
        None => diagnostic,
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// As [`join`], in a text that is used again and again.
fn join_into<'a>(out: &'a mut String, path: &str, key: &str) -> &'a str {
    out.clear();
    if !path.is_empty() {
        out.push_str(path);
        out.push('.');
    }
    out.push_str(key);
    out
}

fn mapping(rule: &Json, node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    if node.as_map().is_some_and(|map| map.len() >= super::parallel::FEW) {
        let entries: Vec<(&str, &Entry)> = node.entries().collect();
        let found = super::parallel::runs(&entries, |run| {
            let mut faults = Vec::new();
            members(rule, run.iter().copied(), path, &mut faults);
            faults
        });
        faults.extend(found.into_iter().flatten());
    } else {
        members(rule, node.entries(), path, faults);
    }
    for name in rule.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        if node.get(name).is_none() {
            let message = format!("`{path}` needs `{name}`");
            faults.push(Diagnostic::error("missing-key", node.span, message).at(path).help(format!("add `{name}:`")));
        }
    }
}

/// Checks entries of a mapping.
fn members<'a>(
    rule: &Json,
    entries: impl Iterator<Item = (&'a str, &'a Entry)>,
    path: &str,
    faults: &mut Vec<Diagnostic>,
) {
    let properties = rule.get("properties").and_then(Json::as_object);
    let patterns = rule.get("patternProperties").and_then(Json::as_object);
    let mut below = String::with_capacity(path.len() + 32);
    for (key, entry) in entries {
        let known = properties.and_then(|all| all.get(key));
        let by_pattern =
            || patterns.into_iter().flatten().find(|(pattern, _)| matches(pattern, key)).map(|(_, rule)| rule);
        if let Some(rule) = known.or_else(by_pattern) {
            walk(rule, &entry.node, join_into(&mut below, path, key), faults);
        } else {
            match rule.get("additionalProperties") {
                Some(Json::Bool(false)) => {
                    // The nearest key is looked for as long as it will be shown.
                    let offered = properties.filter(|_| faults.len() < super::MOST_TOLD);
                    faults.push(unknown_key(key, entry.key, path, offered, properties.is_none() && patterns.is_some()));
                }
                Some(more @ Json::Object(_)) => walk(more, &entry.node, join_into(&mut below, path, key), faults),
                _ => {}
            }
        }
    }
}

fn unknown_key(
    key: &str,
    span: crate::model::Span,
    path: &str,
    known: Option<&serde_json::Map<String, Json>>,
    is_name: bool,
) -> Diagnostic {
    let shown = crate::text::escape_controls(key).into_owned();
    let place = if path.is_empty() { "at the top level".to_owned() } else { format!("in `{path}`") };
    let names: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if is_name {
        return Diagnostic::error("bad-name", span, format!("`{shown}` is no valid name {place}"))
            .at(path)
            .help("names consist of letters, digits, `.`, `_` and `-`");
    }
    let diagnostic =
        Diagnostic::error("unknown-key", span, format!("unknown key `{shown}` {place}")).at(join(path, key));
    match nearest(key, names.iter().copied()) {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None => diagnostic.help("keys of your own start with `x-`"),
    }
}

/// The few patterns the schema has for keys.
fn matches(pattern: &str, key: &str) -> bool {
    match pattern {
        "^x-" => key.starts_with("x-"),
        ".+" | "^.+$" => !key.is_empty(),
        "^[a-zA-Z0-9._-]+$" => {
            !key.is_empty()
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        }
        "^[a-z]+$" => !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()),
        _ => true,
    }
}

fn list(rule: &Json, items: &[Node], node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    if let Some(rule) = rule.get("items") {
        let mut below = String::with_capacity(path.len() + 8);
        for (index, item) in items.iter().enumerate() {
            below.clear();
            // Writing to a text does not fail.
            let _ = write!(below, "{path}[{index}]");
            walk(rule, item, &below, faults);
        }
    }
    if rule.get("uniqueItems") == Some(&Json::Bool(true)) {
        let mut seen = std::collections::HashMap::new();
        for item in items {
            let Some(text) = item.scalar_text() else { continue };
            if let Some(first) = seen.insert((item.kind(), text.clone()), item.span) {
                let message = format!("`{}` stands twice in `{path}`", crate::text::escape_controls(&text));
                faults.push(
                    Diagnostic::error("duplicate-item", item.span, message).at(path).related(first, "first here"),
                );
            }
        }
    }
    let least = rule.get("minItems").and_then(Json::as_u64).unwrap_or(0);
    if (items.len() as u64) < least {
        faults.push(
            Diagnostic::error("too-few-items", node.span, format!("`{path}` needs at least {least} items")).at(path),
        );
    }
}

fn scalar(rule: &Json, node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    // Compat: a date is of no type that the schema knows.
    if node.tag == Tag::Date && !types(rule).is_empty() {
        let text = node.scalar_text().unwrap_or_default();
        let message = format!("`{path}` must be a text, but YAML reads `{text}` as a date");
        let diagnostic = Diagnostic::error("wrong-type", node.span, message).at(path);
        faults.push(diagnostic.help(format!("quote it: `\"{text}\"`")));
    }
    if let Some(words) = rule.get("enum").and_then(Json::as_array) {
        let text = node.scalar_text().unwrap_or_default();
        let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
        if !words.contains(&text.as_str()) {
            let message = format!("`{path}` is `{}`, which is none of its values", crate::text::escape_controls(&text));
            let diagnostic = Diagnostic::error("bad-value", node.span, message).at(path);
            faults.push(match nearest(&text, words.iter().copied()) {
                Some(word) => diagnostic.help(format!("did you mean `{word}`?")),
                None => diagnostic.help(format!(
                    "one of: {}",
                    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
                )),
            });
        }
    }
    let number = match &node.value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        _ => return pattern(rule, node, path, faults),
    };
    let low = rule.get("minimum").and_then(Json::as_f64).is_some_and(|least| number < least);
    let high = rule.get("maximum").and_then(Json::as_f64).is_some_and(|most| number > most);
    if low || high {
        let message = format!("`{path}` is {number}, which is out of its range");
        faults.push(Diagnostic::error("out-of-range", node.span, message).at(path));
    }
}

fn pattern(rule: &Json, node: &Node, path: &str, faults: &mut Vec<Diagnostic>) {
    let (Some(pattern), Some(text)) = (rule.get("pattern").and_then(Json::as_str), node.as_text()) else { return };
    let fits = match pattern {
        // `container_name`: somewhere in the text stand two such characters.
        "[a-zA-Z0-9][a-zA-Z0-9_.-]+" => text.as_bytes().windows(2).any(|pair| {
            pair[0].is_ascii_alphanumeric()
                && (pair[1].is_ascii_alphanumeric() || matches!(pair[1], b'_' | b'.' | b'-'))
        }),
        pattern if pattern.starts_with("always|") => {
            pattern.split('|').any(|word| text.contains(word)) || is_every(text)
        }
        _ => true,
    };
    if !fits {
        let message =
            format!("`{path}` is `{}`, which is not of the form it needs", crate::text::escape_controls(text));
        let diagnostic = Diagnostic::error("bad-value", node.span, message).at(path);
        faults.push(match pattern.starts_with("always|") {
            true => diagnostic.help(
                "one of: `always`, `never`, `missing`, `if_not_present`, `build`, `refresh`, `daily`, `weekly`, `every_12h`",
            ),
            false => diagnostic,
        });
    }
}

/// `every_` and a duration in weeks to seconds.
fn is_every(text: &str) -> bool {
    text.split_once("every_").is_some_and(|(_, rest)| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest.as_bytes().get(digits).is_some_and(|unit| b"wdhms".contains(unit))
    })
}
