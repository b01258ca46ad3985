//! Variables and labels of services that come from outside: `environment` without values, `env_file`, `label_file`.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::dotenv;
use super::env_files::open;
use super::unset;
use crate::diag::{Diagnostic, Severity};
use crate::loader::source::{NamedBy, exists};
use crate::loader::tree::{Entry, Map, Node, Value, children};
use crate::model::{Sources, Span};

/// Variables by name.
type Values = BTreeMap<String, String>;

/// Gives variables of `environment` without a value (`environment: [NAME]`) the value of the process environment.
pub fn inherit(root: &mut Node, variables: &Values) {
    for (_, service) in children(root, "services") {
        let Some(environment) = service.get_mut("environment") else { continue };
        match &mut environment.value {
            Value::Map(map) => {
                for (key, entry) in map.iter_mut().filter(|(_, entry)| entry.node.is_null()) {
                    if let Some(value) = variables.get(&**key) {
                        entry.node.value = Value::Text(value.as_str().into());
                    }
                }
            }
            Value::List(items) => {
                for item in items {
                    let Some(name) = item.as_text().filter(|text| !text.contains('=')) else { continue };
                    if let Some(value) = variables.get(name) {
                        item.value = Value::Text(format!("{name}={value}").into());
                    }
                }
            }
            _ => {}
        }
    }
}

/// Merges the variables of `env_file` into `environment`. Values in `environment` have priority.
pub fn merge_env_files(root: &mut Node, variables: &Values, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for (name, service) in children(root, "services") {
        let Some(list) = service.remove("env_file").filter(|list| !list.items().is_empty()) else { continue };
        let own = mapping(service.get("environment"));
        let mut merged = Map::default();
        for item in list.items() {
            let told = diagnostics.len();
            if let Err(diagnostic) = merge_env_file(item, &own, variables, &mut merged, sources, diagnostics) {
                diagnostics.push(diagnostic);
            }
            told_once(diagnostics, told, &mut seen);
            diagnostics[told..].iter_mut().for_each(|one| one.path = format!("services.{name}.env_file"));
        }
        for (key, entry) in own {
            merged.insert(key, entry);
        }
        service.set("environment", Node::mapping(merged, list.span));
    }
}

/// Removes the faults and warnings of an env file that another service has named before. `from` is the index of the
/// first fault of this service.
fn told_once(diagnostics: &mut Vec<Diagnostic>, from: usize, seen: &mut HashSet<(String, u32)>) {
    let mut found = diagnostics.split_off(from);
    let is_of_file = |one: &Diagnostic| matches!(one.code, "bad-env-file" | "not-utf8" | unset::CODE);
    found.retain(|one| !is_of_file(one) || seen.insert((one.message.clone(), one.primary.span.start)));
    diagnostics.append(&mut found);
}

/// Returns a mapping, or a list of `K=V`, as a mapping.
fn mapping(node: Option<&Node>) -> Map {
    let Some(node) = node else { return Map::default() };
    match &node.value {
        Value::Map(map) => (**map).clone(),
        Value::List(items) => {
            let entry = |item: &Node| {
                let text = item.scalar_text()?;
                let (key, value) = match text.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Node::text(value, item.span)),
                    None => (text, Node::new(Value::Null, item.span)),
                };
                Some((key.into_boxed_str(), Entry { key: item.span, node: value }))
            };
            items.iter().filter_map(entry).collect()
        }
        _ => Map::default(),
    }
}

/// Reads one env file of a service and puts its variables over `merged`.
///
/// Compat: `${NAME}` inside a value is looked up among the variables of the project, then in the `environment` of the
/// service, then in earlier env files and lines.
fn merge_env_file(
    item: &Node,
    own: &Map,
    variables: &Values,
    merged: &mut Map,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    let Some(path) = item.get_text("path") else { return Ok(()) };
    let is_required = is_required(item)?;
    let path = Path::new(path);
    if !exists(path) {
        return if is_required { Err(missing(path, item.span)) } else { Ok(()) };
    }
    let file = open(path, NamedBy::Attribute, item.span, sources, diagnostics)?;
    let text = &file.text;
    let own_value =
        |name: &str| own.get(name).and_then(|entry| entry.node.scalar_text().filter(|_| !entry.node.is_null()));
    let texts = merged.iter().filter_map(|(key, entry)| Some((key.to_string(), entry.node.scalar_text()?)));
    let earlier: Values = texts.collect();
    let lookup = |name: &str| variables.get(name).cloned().or_else(|| own_value(name));
    let format = item.get_text("format").unwrap_or_default();
    if !matches!(format, "" | "raw") {
        let span = item.get("format").map_or(item.span, |node| node.span);
        let message = format!("`{}` is no format of env files", crate::text::escape_controls(format));
        return Err(Diagnostic::error("bad-value", span, message).help("write `format: raw`, or leave it out"));
    }
    let is_raw = format == "raw";
    let parsed = if is_raw { dotenv::parse_raw(text, &lookup) } else { dotenv::parse(text, &lookup, earlier) };
    for (variable, span) in file.tell(parsed, diagnostics) {
        if let Some(value) = variable.value {
            merged.insert(variable.key.into_boxed_str(), Entry { key: span, node: Node::text(value, span) });
        }
    }
    Ok(())
}

/// Returns the diagnostic for a required env file that does not exist.
fn missing(path: &Path, span: Span) -> Diagnostic {
    if path.as_os_str().is_empty() {
        let message = "the path of an env file is blank";
        return Diagnostic::error("file-not-found", span, message).help("name the file, or say `required: false`");
    }
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    Diagnostic::error("file-not-found", span, format!("env file `{shown}` not found"))
        .help("make it, or say `required: false`")
}

/// Returns whether an env file must exist.
fn is_required(item: &Node) -> Result<bool, Diagnostic> {
    let Some(word) = item.get("required") else { return Ok(true) };
    word.as_bool().ok_or_else(|| {
        let shown = word.scalar_text().unwrap_or_default();
        let message = format!("`required` must be true or false, but is `{}`", crate::text::escape_controls(&shown));
        Diagnostic::error("bad-value", word.span, message)
    })
}

/// Merges the labels of `label_file` into `labels`. Values in `labels` have priority.
///
/// Compat: a variable in a label file means a label of an earlier file or line. A name without a value sets no label.
pub fn merge_label_files(root: &mut Node, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for (name, service) in children(root, "services") {
        let Some(list) = service.get("label_file").filter(|list| !list.items().is_empty()).cloned() else { continue };
        let mut merged = Map::default();
        for item in list.items() {
            let Some(path) = item.as_text().map(Path::new) else { continue };
            let told = diagnostics.len();
            match open(path, NamedBy::Attribute, item.span, sources, diagnostics) {
                Ok(file) => {
                    let lookup = |name: &str| merged.get(name).and_then(|entry| entry.node.scalar_text());
                    let parsed = dotenv::parse(&file.text, &lookup, Values::new());
                    for (variable, _) in file.tell(parsed, diagnostics) {
                        let Some(value) = variable.value else { continue };
                        let value = Node::text(value, item.span);
                        merged.insert(variable.key.into_boxed_str(), Entry { key: item.span, node: value });
                    }
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
            told_once(diagnostics, told, &mut seen);
            diagnostics[told..].iter_mut().for_each(|one| one.path = format!("services.{name}.label_file"));
        }
        merged.extend(mapping(service.get("labels")));
        service.set("labels", Node::mapping(merged, list.span));
    }
}

/// Turns the faults of env files and label files into warnings, for a command that does not need their contents. A
/// wrong attribute beside the path of a file (`format: x`) is a fault of the compose file and stays an error.
pub fn only_warn(faults: &mut [Diagnostic]) {
    for fault in faults.iter_mut().filter(|one| one.is_error() && one.code != "bad-value") {
        fault.severity = Severity::Warning;
    }
}
