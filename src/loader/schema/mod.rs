//! Checks keys and types against the Compose specification's own schema.
//!
//! The schema is data (`compose-spec.json`, Apache-2.0, without its descriptions). The walk through the tree, the
//! messages and the suggestions are ours. Start at [`check`].

use super::parallel;
use super::report::{MOST_TOLD, nearest};
use super::tree::{Entry, ModelPath, Node, Tag, Value};
use crate::diag::Diagnostic;
use crate::loader::tree::Changed;

mod rule;

use rule::{Kind, Rule};

/// Checks the changed members of a model, and returns every fault.
pub fn check(root: &Node, changed: &Changed) -> Vec<Diagnostic> {
    let (rule, top) = (rule::root(), ModelPath::default());
    let mut faults = Vec::new();
    for (key, entry) in root.entries() {
        let section = rule.properties.as_ref().and_then(|all| all.get(key)).map(Rule::resolved);
        match section.filter(|rule| rule.patterns.is_some() && rule.takes(&entry.node)) {
            Some(rule) => {
                let members = entry.node.entries().filter(|(name, _)| changed.has(key, name)).collect();
                check_all(rule, members, &top.next(key), &mut faults);
            }
            None => members(rule, std::iter::once((key, entry)), &top, &mut faults),
        }
    }
    faults
}

/// Checks a value against a rule. The recursion is limited by the depth of the tree.
fn walk(rule: &Rule, node: &Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    let rule = rule.resolved();
    if !rule.forms.is_empty() {
        return one_of(&rule.forms, node, path, faults);
    }
    if is_mere_name(node, path) {
        return;
    }
    if !rule.takes(node) {
        faults.push(wrong_type(&[rule], node, path));
        return;
    }
    match &node.value {
        Value::Map(_) => mapping(rule, node, path, faults),
        Value::List(items) => list(rule, items, path, faults),
        _ => scalar(rule, node, path, faults),
    }
}

/// Returns whether a value is null under `models` of a service, where the name of the model is enough.
///
/// Compat: the schema requires a mapping there, but docker compose accepts null.
fn is_mere_name(node: &Node, path: &ModelPath<'_>) -> bool {
    node.is_null() && path.depth() == 4 && path.part(0) == "services" && path.part(2) == "models"
}

/// Checks a value against several forms. If none fits, reports the faults of the form with the fewest faults, or all
/// types if no form has the right type.
fn one_of(forms: &[Rule], node: &Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    if is_mere_name(node, path) {
        return;
    }
    let mut best: Option<Vec<Diagnostic>> = None;
    for form in forms.iter().filter(|form| form.resolved().takes(node)) {
        let mut found = Vec::new();
        walk(form, node, path, &mut found);
        if found.is_empty() {
            return;
        }
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    match best {
        Some(found) => faults.extend(found),
        None => faults.push(wrong_type(&forms.iter().collect::<Vec<_>>(), node, path)),
    }
}

/// Attributes that are durations.
const DURATIONS: [&str; 8] =
    ["stop_grace_period", "interval", "timeout", "start_period", "start_interval", "delay", "monitor", "window"];

/// Returns the diagnostic for a value of the wrong type.
fn wrong_type(rules: &[&Rule], node: &Node, path: &ModelPath<'_>) -> Diagnostic {
    let mut expected: Vec<&str> = Vec::new();
    for kind in rules.iter().flat_map(|rule| rule.resolved().kinds()) {
        let word = match kind {
            Kind::Null => continue,
            Kind::Boolean => "true or false",
            Kind::String => "a text",
            Kind::Integer => "a whole number",
            Kind::Number => "a number",
            Kind::Array => "a list",
            Kind::Object => "a mapping",
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
    let path = path.to_string();
    let name = if path.is_empty() { "the top of the file" } else { path.as_str() };
    let diagnostic = Diagnostic::error("wrong-type", node.span, format!("`{name}` must be {expected}, but is {found}"))
        .at(path.to_string());
    // A number or a boolean where a text is needed: suggest quotes.
    let is_text_wanted = expected.starts_with("a text") && !expected.contains("mapping") && !expected.contains("list");
    match node.scalar_text().filter(|_| is_text_wanted && !node.is_null()) {
        Some(text) if DURATIONS.iter().any(|name| path.rsplit('.').next() == Some(name)) => {
            diagnostic.help(format!("a duration has a unit: `{text}s`"))
        }
        // Quotes do not help if the attribute accepts numbers, too: the text would have to be that number.
        Some(_) if expected.contains("number") => diagnostic,
        Some(text) if path.ends_with(".restart") && text == "false" => diagnostic.help("write `\"no\"`, in quotes"),
        Some(text) => diagnostic.help(format!("quote it: `\"{text}\"`")),
        None => diagnostic,
    }
}

/// Checks a mapping and its required keys.
fn mapping(rule: &Rule, node: &Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    if node.as_map().is_some_and(|map| map.len() >= parallel::FEW) {
        check_all(rule, node.entries().collect(), path, faults);
    } else {
        members(rule, node.entries(), path, faults);
    }
    for name in &rule.required {
        if node.get(name).is_none() {
            let message = format!("`{path}` needs `{name}`");
            faults.push(
                Diagnostic::error("missing-key", node.span, message)
                    .at(path.to_string())
                    .help(format!("add `{name}:`")),
            );
        }
    }
}

/// Checks entries of a mapping; many entries on several threads.
fn check_all(rule: &Rule, entries: Vec<(&str, &Entry)>, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    let found = parallel::by_chunks(&entries, |chunk| {
        let mut faults = Vec::new();
        members(rule, chunk.iter().copied(), path, &mut faults);
        faults
    });
    faults.extend(found.into_iter().flatten());
}

/// Checks entries of a mapping.
fn members<'a>(
    rule: &Rule,
    entries: impl Iterator<Item = (&'a str, &'a Entry)>,
    path: &ModelPath<'_>,
    faults: &mut Vec<Diagnostic>,
) {
    let (properties, patterns) = (rule.properties.as_ref(), rule.patterns.as_ref());
    for (key, entry) in entries {
        let known = properties.and_then(|all| all.get(key));
        let by_pattern =
            || patterns.into_iter().flatten().find(|(pattern, _)| matches(pattern, key)).map(|(_, rule)| rule);
        if let Some(rule) = known.or_else(by_pattern) {
            walk(rule, &entry.node, &path.next(key), faults);
        } else if rule.allows_more == Some(false) {
            // The search for the nearest key is slow with many keys, so it ends when no more errors are shown.
            let offered = properties.filter(|_| faults.len() < MOST_TOLD);
            faults.push(unknown_key(key, entry.key, path, offered, properties.is_none() && patterns.is_some()));
        }
    }
}

/// Returns the diagnostic for a key that the rule does not allow. `is_name` says that users choose the keys here.
fn unknown_key(
    key: &str,
    span: crate::model::Span,
    path: &ModelPath<'_>,
    known: Option<&rule::Names<Rule>>,
    is_name: bool,
) -> Diagnostic {
    let shown = crate::text::escape_controls(key).into_owned();
    let place = if path.depth() == 0 { "at the top level".to_owned() } else { format!("in `{path}`") };
    let names = known.into_iter().flatten().map(|(name, _)| &**name);
    if is_name && key.is_empty() {
        return Diagnostic::error("bad-name", span, format!("a name is empty {place}")).at(path.to_string());
    }
    if is_name {
        return Diagnostic::error("bad-name", span, format!("`{shown}` is no valid name {place}"))
            .at(path.to_string())
            .help("names consist of letters, digits, `.`, `_` and `-`");
    }
    let diagnostic =
        Diagnostic::error("unknown-key", span, format!("unknown key `{shown}` {place}")).at(path.next(key).to_string());
    match nearest(key, names) {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None => diagnostic.help("keys of your own start with `x-`"),
    }
}

/// Returns whether a key matches a pattern. The schema has these few patterns for keys.
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

/// Checks a list and its items.
fn list(rule: &Rule, items: &[Node], path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    if let Some(rule) = &rule.items {
        for (index, item) in items.iter().enumerate() {
            walk(rule, item, &path.item(index), faults);
        }
    }
    if rule.is_unique && items.len() > 1 {
        let mut seen = std::collections::HashMap::new();
        for item in items {
            let Some(text) = item.scalar_text() else { continue };
            if let Some(first) = seen.insert((item.kind(), text.clone()), item.span) {
                let message = format!("`{}` stands twice in `{path}`", crate::text::escape_controls(&text));
                faults.push(
                    Diagnostic::error("duplicate-item", item.span, message)
                        .at(path.to_string())
                        .related(first, "first here"),
                );
            }
        }
    }
}

/// Checks a scalar: its words, its range, its pattern.
fn scalar(rule: &Rule, node: &Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    // Compat: a date has no type of the schema, so docker compose refuses a date everywhere.
    if node.tag == Tag::Date && !rule.kinds().is_empty() {
        let text = node.scalar_text().unwrap_or_default();
        let message = format!("`{path}` must be a text, but YAML reads `{text}` as a date");
        let diagnostic = Diagnostic::error("wrong-type", node.span, message).at(path.to_string());
        faults.push(diagnostic.help(format!("quote it: `\"{text}\"`")));
    }
    if !rule.words.is_empty() {
        let text = node.scalar_text().unwrap_or_default();
        let words = rule.words.iter().map(|word| &**word);
        if !words.clone().any(|word| word == text) {
            let message = format!("`{path}` is `{}`, which is none of its values", crate::text::escape_controls(&text));
            let diagnostic = Diagnostic::error("bad-value", node.span, message).at(path.to_string());
            faults.push(match nearest(&text, words.clone()) {
                Some(word) => diagnostic.help(format!("did you mean `{word}`?")),
                None => diagnostic
                    .help(format!("one of: {}", words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))),
            });
        }
    }
    let number = match &node.value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        _ => return pattern(rule, node, path, faults),
    };
    let low = rule.minimum.is_some_and(|least| number < least);
    let high = rule.maximum.is_some_and(|most| number > most);
    if low || high {
        let message = format!("`{path}` is `{number}`, which is out of its range");
        let range = match (rule.minimum, rule.maximum) {
            (Some(least), Some(most)) => format!("it is a number from {least} to {most}"),
            (Some(least), None) => format!("it is a number from {least} on"),
            (None, most) => format!("it is a number up to {}", most.unwrap_or_default()),
        };
        faults.push(Diagnostic::error("out-of-range", node.span, message).at(path.to_string()).help(range));
    }
}

/// Checks the pattern of a text. The schema has two patterns for texts.
fn pattern(rule: &Rule, node: &Node, path: &ModelPath<'_>, faults: &mut Vec<Diagnostic>) {
    let (Some(pattern), Some(text)) = (rule.pattern.as_deref(), node.as_text()) else { return };
    let fits = match pattern {
        // `container_name`: the pattern has no anchors, so two such characters anywhere in the text are enough.
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
        let diagnostic = Diagnostic::error("bad-value", node.span, message).at(path.to_string());
        faults.push(match pattern.starts_with("always|") {
            true => diagnostic.help(
                "one of: `always`, `never`, `missing`, `if_not_present`, `build`, `refresh`, `daily`, `weekly`, `every_12h`",
            ),
            false => diagnostic.help("it needs two characters at least: letters, digits, `_`, `.` and `-`"),
        });
    }
}

/// Returns whether a text has the form of `every_12h`: a number and one of the units `w`, `d`, `h`, `m`, `s`.
fn is_every(text: &str) -> bool {
    text.split_once("every_").is_some_and(|(_, rest)| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest.as_bytes().get(digits).is_some_and(|unit| b"wdhms".contains(unit))
    })
}
