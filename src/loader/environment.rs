//! Variables from outside: env files for interpolation, `env_file` and `label_file` of services, inherited names.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::dotenv::{self, DotenvError, Parsed};
use super::merge::children;
use super::read::{self, Named};
use super::tree::{Entry, Map, Node, Value};
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::{FileId, Sources, Span};

type Variables = BTreeMap<String, String>;

/// Variables for interpolation, and where those stand that come from files.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub variables: &'a mut Variables,
    pub places: &'a mut BTreeMap<String, Span>,
}

impl Known<'_> {
    /// Adds what files say; what is set already stays.
    fn add(&mut self, found: Found) {
        for (key, value) in found.values {
            if let std::collections::btree_map::Entry::Vacant(entry) = self.variables.entry(key) {
                self.places.extend(found.places.get(entry.key()).map(|span| (entry.key().clone(), *span)));
                entry.insert(value);
            }
        }
    }
}

/// What files say so far.
#[derive(Default)]
struct Found {
    values: Variables,
    places: BTreeMap<String, Span>,
}

/// Returns whether `COMPOSE_DISABLE_ENV_FILE` asks to leave `.env` unread.
pub(super) fn disables_default(environment: &Environment) -> Result<bool, Diagnostic> {
    const NAME: &str = "COMPOSE_DISABLE_ENV_FILE";
    // Compat: the words of Go's `strconv.ParseBool`.
    match environment.get(NAME).unwrap_or("false") {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Diagnostic::error("bad-value", Span::NONE, format!("`{NAME}` must be true or false"))
            .help("write `true` or `false`, or do not set it")),
    }
}

/// Reads the env files given, or `.env` in the `default` directory; what is set already stays. Returns what is wrong with
/// them.
pub(super) fn read_env_files(
    given: &[PathBuf],
    default: Option<&Path>,
    known: &mut Known<'_>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut found = Found::default();
    let mut faults = Vec::new();
    for path in given {
        match read::read(path, Named::OnCommandLine, Span::NONE) {
            Ok(text) => merge_file(path, text, known.variables, &mut found, sources, &mut faults),
            Err(fault) => faults.push(rename_missing(fault, path)),
        }
    }
    if given.is_empty()
        && let Some(default) = default.map(|directory| directory.join(".env"))
        && default.exists()
        && !default.is_dir()
    {
        merge_named(&default, Span::NONE, known.variables, &mut found, sources, &mut faults);
    }
    known.add(found);
    faults
}

fn rename_missing(mut fault: Diagnostic, path: &Path) -> Diagnostic {
    if fault.code == "file-not-found" {
        fault.message = format!("couldn't find env file: `{}`", crate::text::escape_controls(&path.to_string_lossy()));
    }
    fault
}

/// Reads the env files of an include; by default `.env` in its directory. Returns what is wrong with them.
pub(super) fn read_included(
    given: &[(PathBuf, Span)],
    directory: &Path,
    known: &mut Known<'_>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut found = Found::default();
    let mut faults = Vec::new();
    for (path, span) in given.iter().filter(|(path, _)| path != Path::new("/dev/null")) {
        merge_named(path, *span, known.variables, &mut found, sources, &mut faults);
    }
    let default = directory.join(".env");
    if given.is_empty() && default.is_file() {
        merge_named(&default, Span::NONE, known.variables, &mut found, sources, &mut faults);
    }
    known.add(found);
    faults
}

fn merge_named(
    path: &Path,
    span: Span,
    outer: &Variables,
    found: &mut Found,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) {
    match read::read(path, Named::InFile, span) {
        Ok(text) => merge_file(path, text, outer, found, sources, faults),
        Err(fault) => faults.push(fault),
    }
}

fn merge_file(
    path: &Path,
    text: String,
    outer: &Variables,
    found: &mut Found,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) {
    let file = sources.add_file(path, text.as_str());
    let lookup = |name: &str| outer.get(name).cloned();
    let Parsed { variables, faults: wrong } = dotenv::parse(&text, &lookup, found.values.clone());
    faults.extend(wrong.into_iter().map(|error| fault(file, path, error)));
    for variable in variables {
        if let Some(value) = variable.value {
            found.places.insert(variable.key.clone(), span(file, variable.range));
            found.values.insert(variable.key, value);
        }
    }
}

fn span(file: FileId, (start, end): (usize, usize)) -> Span {
    let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { file, start: place(start), end: place(end) }
}

/// A fault in an env file shows its place, never the line: values may be secret.
fn fault(file: FileId, path: &Path, error: DotenvError) -> Diagnostic {
    let at = u32::try_from(error.at).unwrap_or(u32::MAX);
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    Diagnostic::error(
        "bad-env-file",
        Span { file, start: at, end: at },
        format!("cannot read env file `{shown}`: {}", error.message),
    )
    .help("lines are `NAME=value`; quote values that hold blanks or `#`")
}

/// Gives names without a value the value that the environment has (`environment: [NAME]`).
pub(super) fn inherit(root: &mut Node, variables: &Variables) {
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

/// Merges `env_file`s below `environment`, which wins.
pub(super) fn files(root: &mut Node, variables: &Variables, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = HashSet::new();
    for (name, service) in children(root, "services") {
        let Some(list) = service.remove("env_file").filter(|list| !list.items().is_empty()) else { continue };
        let own = mapping(service.get("environment"));
        let mut merged = Map::default();
        for item in list.items() {
            let told = diagnostics.len();
            if let Err(diagnostic) = env_file(item, &own, variables, &mut merged, sources, diagnostics) {
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

/// A file that many services name is told about once.
fn told_once(diagnostics: &mut Vec<Diagnostic>, from: usize, seen: &mut HashSet<(String, u32)>) {
    let mut found = diagnostics.split_off(from);
    found.retain(|one| one.code != "bad-env-file" || seen.insert((one.message.clone(), one.primary.span.start)));
    diagnostics.append(&mut found);
}

/// Returns `K=V` lists and mappings as a mapping.
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

fn env_file(
    item: &Node,
    own: &Map,
    variables: &Variables,
    merged: &mut Map,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    let Some(path) = item.get_text("path") else { return Ok(()) };
    let is_required = is_required(item)?;
    let path = Path::new(path);
    if !path.exists() {
        if !is_required {
            return Ok(());
        }
        if path.as_os_str().is_empty() {
            let message = "the path of an env file is blank";
            return Err(
                Diagnostic::error("file-not-found", item.span, message).help("name the file, or say `required: false`")
            );
        }
        let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
        return Err(Diagnostic::error("file-not-found", item.span, format!("env file `{shown}` not found"))
            .help("make it, or say `required: false`"));
    }
    let text = read::read(path, Named::InFile, item.span)?;
    let file = sources.add_file(path, text.as_str());
    let own_value =
        |name: &str| own.get(name).and_then(|entry| entry.node.scalar_text().filter(|_| !entry.node.is_null()));
    let texts = merged.iter().filter_map(|(key, entry)| Some((key.to_string(), entry.node.scalar_text()?)));
    let earlier: Variables = texts.collect();
    let lookup = |name: &str| variables.get(name).cloned().or_else(|| own_value(name));
    let format = item.get_text("format").unwrap_or_default();
    if !matches!(format, "" | "raw") {
        let span = item.get("format").map_or(item.span, |node| node.span);
        let message = format!("`{}` is no format of env files", crate::text::escape_controls(format));
        return Err(Diagnostic::error("bad-value", span, message).help("write `format: raw`, or leave it out"));
    }
    let is_raw = format == "raw";
    let parsed = if is_raw { dotenv::parse_raw(&text, &lookup) } else { dotenv::parse(&text, &lookup, earlier) };
    diagnostics.extend(parsed.faults.into_iter().map(|error| fault(file, path, error)));
    for variable in parsed.variables {
        let span = span(file, variable.range);
        if let Some(value) = variable.value {
            merged.insert(variable.key.into_boxed_str(), Entry { key: span, node: Node::text(value, span) });
        }
    }
    Ok(())
}

/// Whether an env file must be there.
fn is_required(item: &Node) -> Result<bool, Diagnostic> {
    let Some(word) = item.get("required") else { return Ok(true) };
    word.as_bool().ok_or_else(|| {
        let shown = word.scalar_text().unwrap_or_default();
        let message = format!("`required` must be true or false, but is `{}`", crate::text::escape_controls(&shown));
        Diagnostic::error("bad-value", word.span, message)
    })
}

/// Merges `label_file`s below `labels`, which win.
///
/// Compat: variables in them are labels of earlier files, then of earlier lines; a name alone says nothing.
pub(super) fn label_files(root: &mut Node, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) {
    for (name, service) in children(root, "services") {
        let Some(list) = service.get("label_file").filter(|list| !list.items().is_empty()).cloned() else { continue };
        let mut merged = Map::default();
        for item in list.items() {
            let Some(path) = item.as_text().map(Path::new) else { continue };
            let told = diagnostics.len();
            match read::read(path, Named::InFile, item.span) {
                Ok(text) => {
                    let file = sources.add_file(path, text.as_str());
                    let lookup = |name: &str| merged.get(name).and_then(|entry| entry.node.scalar_text());
                    let parsed = dotenv::parse(&text, &lookup, Variables::new());
                    diagnostics.extend(parsed.faults.into_iter().map(|error| fault(file, path, error)));
                    for variable in parsed.variables {
                        let Some(value) = variable.value else { continue };
                        let value = Node::text(value, item.span);
                        merged.insert(variable.key.into_boxed_str(), Entry { key: item.span, node: value });
                    }
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
            diagnostics[told..].iter_mut().for_each(|one| one.path = format!("services.{name}.label_file"));
        }
        merged.extend(mapping(service.get("labels")));
        service.set("labels", Node::mapping(merged, list.span));
    }
}
