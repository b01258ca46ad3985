//! The tree to the canonical model: every attribute of its type, in docker compose's order, empty ones left out.
//!
//! Start at [`model`]. The result is what `config --format json` prints, before `$` is doubled; it is the input of the
//! config hashes and of the typed project.

use serde_json::{Map, Value as Json};

use super::parallel;
use super::path::Path;
use super::syntax::{duration, size, words};
use super::tree::{Entry, Node, Tag, Value, truth};
use crate::diag::Diagnostic;

mod table;

use table::{Field, Kind};

/// The sections of the model and what their members hold. Compat: `models` are not printed.
const SECTIONS: [(&str, &[Field]); 5] = [
    ("configs", table::FILE_OBJECT),
    ("networks", table::NETWORK),
    ("secrets", table::FILE_OBJECT),
    ("services", table::SERVICE),
    ("volumes", table::VOLUME),
];

/// Turns a merged, normalised tree into the canonical model.
pub(super) fn model(root: &Node, diagnostics: &mut Vec<Diagnostic>) -> Map<String, Json> {
    let mut out = Map::new();
    let mut sections: Vec<(String, Json)> = Vec::new();
    for (kind, fields) in SECTIONS {
        let section = root.get(kind).map(|node| section(node, fields, kind, diagnostics)).unwrap_or_default();
        if !section.is_empty() || kind == "services" {
            sections.push((kind.to_owned(), Json::Object(section)));
        }
    }
    if let Some(name) = root.get_text("name") {
        sections.push(("name".to_owned(), Json::from(name)));
    }
    for (key, entry) in root.entries().filter(|(key, _)| key.starts_with("x-")) {
        sections.push((key.to_owned(), any(&entry.node)));
    }
    sections.sort_by(|a, b| a.0.cmp(&b.0));
    out.extend(sections);
    out
}

/// Tells of a tree what [`model`] would tell, and keeps none of it.
pub(super) fn check_all(root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    for (kind, members) in SECTIONS.iter().filter_map(|(kind, _)| Some((kind, root.get(kind)?))) {
        check(kind, members, diagnostics);
    }
}

/// Checks the types of what a section holds and the model does not.
pub(super) fn check(kind: &str, members: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let fields = SECTIONS.iter().find(|(name, _)| *name == kind).map_or(table::MODEL, |(_, fields)| fields);
    records(members, fields, kind, diagnostics, |_, _| ());
}

/// Types what a section holds, sorted by name.
fn section(node: &Node, fields: &'static [Field], kind: &str, diagnostics: &mut Vec<Diagnostic>) -> Map<String, Json> {
    let keep = |name: &str, record| (name.to_owned(), Json::Object(record));
    records(node, fields, kind, diagnostics, keep).into_iter().collect()
}

/// Types what a section holds one by one, in the order of the names, and returns what is kept of each.
fn records<R: Send>(
    node: &Node,
    fields: &'static [Field],
    kind: &str,
    diagnostics: &mut Vec<Diagnostic>,
    keep: impl Fn(&str, Map<String, Json>) -> R + Sync,
) -> Vec<R> {
    let mut entries: Vec<(&str, &Entry)> = node.entries().collect();
    entries.sort_by_key(|(name, _)| *name);
    let (top, told) = (Path::default(), &diagnostics[..]);
    let above = top.next(kind);
    let runs = parallel::runs(&entries, |run| {
        let mut work = Work { told, found: Vec::new() };
        let record = |(name, entry): &(&str, &Entry)| keep(name, work.record(&entry.node, fields, &above.next(name)));
        let records: Vec<R> = run.iter().map(record).collect();
        (records, work.found)
    });
    let mut kept = Vec::with_capacity(entries.len());
    let mut found = Vec::new();
    for (records, faults) in runs {
        kept.extend(records);
        found.extend(faults);
    }
    diagnostics.extend(found);
    kept
}

/// Returns the `models` of a tree, which docker compose prints as YAML only.
pub(super) fn models(models: &Node) -> Json {
    Json::Object(section(models, table::MODEL, "models", &mut Vec::new()))
}

/// Returns a value as it is, keys sorted as Go prints maps.
pub(super) fn any(node: &Node) -> Json {
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

/// Whole numbers are printed without a fraction; a zero keeps its sign.
fn number(value: f64) -> Json {
    // JSON has none of these: they are printed as texts.
    if !value.is_finite() {
        let text = if value.is_nan() { ".nan" } else { ".inf" };
        return Json::from(if value < 0.0 { format!("-{text}") } else { text.to_owned() });
    }
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    if is_whole && !(value == 0.0 && value.is_sign_negative()) { Json::from(value as i64) } else { Json::from(value) }
}

struct Work<'a> {
    /// What earlier stages have told.
    told: &'a [Diagnostic],
    found: Vec<Diagnostic>,
}

impl Work<'_> {
    fn record(&mut self, node: &Node, fields: &'static [Field], path: &Path<'_>) -> Map<String, Json> {
        let mut out = Map::new();
        for (name, kind) in fields {
            // Compat: some are printed in capitals; files have them in small letters.
            let written = name.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| name.to_lowercase());
            let key = written.as_deref().unwrap_or(name);
            let found = node.get(name).or_else(|| node.get(key));
            // Most attributes are not there: only of these kinds something is printed all the same.
            let is_kept = matches!(kind, Kind::Command | Kind::StructKept(_) | Kind::Struct(_));
            if !is_kept && found.is_none_or(Node::is_null) {
                continue;
            }
            if let Some(value) = self.field(found, kind, &path.next(key)) {
                out.insert((*name).to_owned(), value);
            }
        }
        for (key, entry) in node.entries().filter(|(key, _)| key.starts_with("x-")) {
            out.insert(key.to_owned(), any(&entry.node));
        }
        out
    }

    /// As [`Work::record`], with all fields and no others.
    fn full_record(&mut self, node: &Node, fields: &'static [Field], path: &Path<'_>) -> Map<String, Json> {
        let mut found = self.record(node, fields, path);
        let empty = |kind: &Kind| match kind {
            Kind::Text => Json::from(""),
            Kind::Bytes => Json::from("0"),
            _ => Json::from(0),
        };
        let field =
            |(name, kind): &Field| ((*name).to_owned(), found.shift_remove(*name).unwrap_or_else(|| empty(kind)));
        fields.iter().map(field).collect()
    }

    fn field(&mut self, node: Option<&Node>, kind: &'static Kind, path: &Path<'_>) -> Option<Json> {
        let present = node.filter(|node| !node.is_null());
        match kind {
            Kind::Command => return Some(present.map_or(Json::Null, |node| self.command(node, path))),
            Kind::StructKept(fields) if matches!(path.last(), "placement" | "resources" | "ipam" | "exec") => {
                let empty = Node::map(crate::model::Span::NONE);
                return Some(Json::Object(self.record(present.unwrap_or(&empty), fields, path)));
            }
            Kind::Struct(_) if node.is_some_and(Node::is_null) && path.part(2) == "networks" && path.depth() > 3 => {
                return Some(Json::Null);
            }
            _ => {}
        }
        let value = self.value(present?, kind, path)?;
        let is_empty = match (kind, &value) {
            (Kind::Text | Kind::Texts, Json::String(text)) => text.is_empty(),
            (Kind::Flag, Json::Bool(flag)) => !flag,
            (
                Kind::Int | Kind::CountSet | Kind::Weight | Kind::Exact | Kind::Float | Kind::Cpus,
                Json::Number(number),
            ) => number.as_f64() == Some(0.0),
            (Kind::Bytes, Json::String(text)) => text == "0",
            (Kind::List(_) | Kind::Hosts | Kind::Ssh | Kind::Any, Json::Array(items)) => items.is_empty(),
            (Kind::Map(_) | Kind::Pairs | Kind::Texted | Kind::Environment, Json::Object(map)) => map.is_empty(),
            _ => false,
        };
        (!is_empty).then_some(value)
    }

    fn value(&mut self, node: &Node, kind: &'static Kind, path: &Path<'_>) -> Option<Json> {
        let text = node.scalar_text();
        if matches!(kind, Kind::Flag | Kind::FlagKept) {
            self.warn_of_words(node, path);
        }
        match kind {
            Kind::Ssh => Some(ssh(node)),
            Kind::Text | Kind::Texts => text.map(Json::from),
            Kind::Flag | Kind::FlagKept => match node.as_bool().or_else(|| text.as_deref().and_then(truth)) {
                Some(flag) => Some(Json::from(flag)),
                None => self.refuse(node, path, "true or false"),
            },
            Kind::Int | Kind::IntKept => match whole_number(node) {
                Some(value) => Some(Json::from(value)),
                None => self.refuse(node, path, "a whole number"),
            },
            Kind::Count | Kind::CountSet => match whole_number(node).filter(|value| *value >= 0) {
                Some(value) => Some(Json::from(value)),
                None => self.refuse(node, path, "a whole number that is not negative"),
            },
            Kind::Weight => match whole_number(node).filter(|value| *value >= 0 && node.as_text().is_none()) {
                Some(value) => Some(Json::from(value)),
                None => self.refuse(node, path, "a whole number that is not negative, without quotes"),
            },
            Kind::Exact => match exact_number(node) {
                Some(value) => Some(Json::from(value)),
                None => self.refuse(node, path, "a whole number of digits only"),
            },
            Kind::Float | Kind::Cpus => match text.as_deref().map(str::parse::<f32>) {
                Some(Ok(value)) => Some(single(value)),
                _ => self.refuse(node, path, "a number"),
            },
            Kind::Bytes => match bytes(node) {
                Some(bytes) => Some(Json::from(bytes.to_string())),
                None => self.refuse(node, path, "a size in bytes such as `64m`"),
            },
            Kind::Duration | Kind::DurationSet => match text.as_deref().and_then(duration::parse) {
                Some(0) if matches!(kind, Kind::DurationSet) => None,
                Some(nanos) => Some(Json::from(duration::print(nanos))),
                None => self.refuse(node, path, "a duration such as `1m30s`"),
            },
            Kind::Mode => self.mode(node, path),
            Kind::List(inner) => Some(Json::Array(self.items(node, inner, path))),
            Kind::Map(inner) => Some(Json::Object(self.entries(node, inner, path))),
            Kind::Pairs => Some(self.pairs(node, false)),
            Kind::Texted => {
                self.refuse_other_than_texts(node, path);
                Some(self.pairs(node, false))
            }
            Kind::Environment => {
                self.refuse_blanks_before_values(node, path);
                Some(self.pairs(node, true))
            }
            Kind::Hosts => Some(self.hosts(node, path)),
            Kind::Ulimit => self.ulimit(node, path),
            Kind::Struct(fields) | Kind::StructKept(fields) => Some(Json::Object(self.record(node, fields, path))),
            Kind::StructBare(fields) => {
                let mut record = self.record(node, fields, path);
                record.retain(|key, _| !key.starts_with("x-"));
                Some(Json::Object(record))
            }
            Kind::StructFull(fields) => Some(Json::Object(self.full_record(node, fields, path))),
            Kind::Command => Some(self.command(node, path)),
            Kind::Any => Some(self.test(node)),
            Kind::Options => Some(match node.as_list() {
                Some(items) => Json::Array(items.iter().filter_map(Node::scalar_text).map(Json::from).collect()),
                None => Json::Array(text.into_iter().map(Json::from).collect()),
            }),
        }
    }

    /// `yes` and its like were truth values of YAML 1.1 and no longer are.
    fn warn_of_words(&mut self, node: &Node, path: &Path<'_>) {
        let Some(text) = node.as_text() else { return };
        let right = match text.to_ascii_lowercase().as_str() {
            "y" | "yes" | "on" => "true",
            "n" | "no" | "off" => "false",
            _ => return,
        };
        let message = format!("`{path}`: `{text}` is no boolean of YAML 1.2; write `true` or `false`");
        self.found.push(
            Diagnostic::warning("old-boolean", node.span, message)
                .at(path.to_string())
                .help(format!("write `{right}`")),
        );
    }

    fn refuse(&mut self, node: &Node, path: &Path<'_>, expected: &str) -> Option<Json> {
        // The schema may have said so already; looked for among so many only that it stays quick.
        let is_of_it = |told: &&Diagnostic| told.is_error() && told.primary.span == node.span;
        if self.told.iter().take(super::MOST_TOLD).filter(is_of_it).any(|told| told.path == path.to_string()) {
            return None;
        }
        let found = node
            .scalar_text()
            .map_or(node.kind().to_owned(), |text| format!("`{}`", crate::text::escape_controls(&text)));
        self.found.push(
            Diagnostic::error("bad-value", node.span, format!("`{path}` must be {expected}, but is {found}"))
                .at(path.to_string()),
        );
        None
    }

    fn items(&mut self, node: &Node, inner: &'static Kind, path: &Path<'_>) -> Vec<Json> {
        match node.as_list() {
            Some(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.value(item, inner, &path.item(index)))
                .collect(),
            None => self.value(node, inner, path).into_iter().collect(),
        }
    }

    fn entries(&mut self, node: &Node, inner: &'static Kind, path: &Path<'_>) -> Map<String, Json> {
        let mut entries: Vec<(&str, &Node)> = node.entries().map(|(key, entry)| (key, &entry.node)).collect();
        entries.sort_by_key(|(key, _)| *key);
        entries
            .into_iter()
            .filter(|(key, _)| !(path.last() == "networks" && key.starts_with("x-")))
            .filter_map(|(key, node)| {
                let value = if node.is_null() { Some(Json::Null) } else { self.value(node, inner, &path.next(key)) };
                Some((key.to_owned(), value?))
            })
            .collect()
    }

    /// `K=V` lists and mappings to one sorted mapping of texts.
    fn pairs(&mut self, node: &Node, keeps_nothing: bool) -> Json {
        let nothing = || if keeps_nothing { Json::Null } else { Json::from("") };
        let mut pairs: Vec<(String, Json)> = match &node.value {
            Value::Map(map) => map
                .iter()
                .map(|(key, entry)| {
                    let value = match &entry.node.value {
                        Value::Null => nothing(),
                        _ => Json::from(entry.node.scalar_text().unwrap_or_default()),
                    };
                    (key.to_string(), value)
                })
                .collect(),
            Value::List(items) => items
                .iter()
                .filter_map(Node::scalar_text)
                .map(|text| match text.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Json::from(value)),
                    None => (text, nothing()),
                })
                .collect(),
            _ => Vec::new(),
        };
        // A key that stands twice keeps its last value.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Object(pairs.into_iter().collect())
    }

    /// Compat: options that go to the engine as texts are texts or whole numbers.
    fn refuse_other_than_texts(&mut self, node: &Node, path: &Path<'_>) {
        let is_other =
            |value: &Value| matches!(value, Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_));
        for (key, entry) in node.entries().filter(|(_, entry)| is_other(&entry.node.value)) {
            self.refuse(&entry.node, &path.next(key), "a text or a whole number");
        }
    }

    /// `- NAME = value`, which no shell and no docker compose reads.
    fn refuse_blanks_before_values(&mut self, node: &Node, path: &Path<'_>) {
        for (index, item) in node.items().iter().enumerate() {
            let name = item.as_text().and_then(|text| text.split_once('=')).map(|(name, _)| name);
            let Some(name) = name.filter(|name| name.ends_with(' ')) else { continue };
            let path = path.item(index).to_string();
            let message = format!("`{path}`: the name `{}` ends with a blank", crate::text::escape_controls(name));
            let fault = Diagnostic::error("bad-value", item.span, message).at(path);
            self.found.push(fault.help("write `NAME=value`, without blanks around `=`"));
        }
    }

    fn hosts(&mut self, node: &Node, path: &Path<'_>) -> Json {
        let is_map = node.as_map().is_some();
        let mut all: Vec<String> = Vec::new();
        for item in super::merge::sequence(node.clone()).items() {
            let text = item.scalar_text().unwrap_or_default();
            let mut add = |host: &str, address: &str| {
                let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                all.push(format!("{host}={}", inner.unwrap_or(address)));
            };
            match text.split_once('=').or_else(|| text.split_once(':')) {
                // Compat: commas part addresses in the short form only.
                Some((host, address)) if is_map => add(host, address),
                Some((host, addresses)) if !host.is_empty() => {
                    addresses.split(',').for_each(|address| add(host, address))
                }
                _ => {
                    self.refuse(item, path, "`host=address`");
                }
            }
        }
        all.sort();
        Json::Array(all.into_iter().map(Json::from).collect())
    }

    fn ulimit(&mut self, node: &Node, path: &Path<'_>) -> Option<Json> {
        if node.as_map().is_none() {
            // Compat: none at all is the long form without its two numbers.
            let value = self.limit(node, path)?;
            return Some(if value == 0 { Json::Object(Map::new()) } else { Json::from(value) });
        }
        let number = |key: &'static str| {
            let value = self.limit(node.get(key).filter(|value| !value.is_null())?, &path.next(key))?;
            (value != 0).then(|| (key.to_owned(), Json::from(value)))
        };
        Some(Json::Object(["single", "soft", "hard"].into_iter().filter_map(number).collect()))
    }

    /// Compat: of a build a number only.
    fn limit(&mut self, node: &Node, path: &Path<'_>) -> Option<i64> {
        let is_of_build = path.part(2) == "build";
        let value = exact_number(node).filter(|_| !is_of_build || node.as_text().is_none());
        if value.is_none() {
            let kept = if is_of_build { "without quotes" } else { "of digits only" };
            self.refuse(node, path, &format!("a whole number {kept}"));
        }
        value
    }

    /// Modes are octal in texts; numbers are what YAML made of them.
    fn mode(&mut self, node: &Node, path: &Path<'_>) -> Option<Json> {
        let mode = match &node.value {
            Value::Int(mode) => Some(*mode),
            Value::Text(text) => i64::from_str_radix(text, 8).ok(),
            _ => None,
        };
        match mode {
            Some(mode) => Some(Json::from(format!("0{mode:o}"))),
            None => self.refuse(node, path, "a file mode such as `0440`"),
        }
    }

    fn command(&mut self, node: &Node, path: &Path<'_>) -> Json {
        match &node.value {
            Value::List(items) => Json::Array(items.iter().filter_map(Node::scalar_text).map(Json::from).collect()),
            _ => match words::split(&node.scalar_text().unwrap_or_default()) {
                Some(found) => {
                    if let Some(operator) = found.ended_at {
                        self.warn_of_the_rest(node, path, operator);
                    }
                    Json::Array(found.words.into_iter().map(Json::from).collect())
                }
                None => self.refuse(node, path, "a command whose quotes are closed").unwrap_or(Json::Null),
            },
        }
    }

    fn warn_of_the_rest(&mut self, node: &Node, path: &Path<'_>, operator: char) {
        let message = format!("`{path}` ends at `{operator}`: no shell runs it, and what follows is left out");
        let help = "run a shell: `[\"sh\", \"-c\", \"…\"]`, or quote what is meant as text";
        self.found.push(Diagnostic::warning("cut-command", node.span, message).at(path.to_string()).help(help));
    }

    fn test(&mut self, node: &Node) -> Json {
        match node.as_list() {
            Some(items) => Json::Array(items.iter().filter_map(Node::scalar_text).map(Json::from).collect()),
            None => Json::Array(vec![Json::from("CMD-SHELL"), Json::from(node.scalar_text().unwrap_or_default())]),
        }
    }
}

/// Compat: less than nothing, such as an endless swap, is a number and no text.
fn bytes(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Int(value) => Some(*value),
        Value::Float(value) => Some(*value as i64),
        _ => {
            let text = node.scalar_text()?;
            let number = || text.parse::<f64>().ok().filter(|value| *value >= 0.0).map(|value| value as i64);
            size::parse(&text).filter(|bytes| *bytes >= 0).or_else(number)
        }
    }
}

fn whole_number(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Int(value) => Some(*value),
        Value::Float(value) => Some(*value as i64),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// As [`whole_number`], without those that are written with a point or an exponent.
fn exact_number(node: &Node) -> Option<i64> {
    whole_number(node).filter(|_| !matches!(node.value, Value::Float(_)))
}

/// A number of single precision prints with the digits that single precision needs.
fn single(value: f32) -> Json {
    let text = value.to_string();
    match text.parse::<i64>() {
        Ok(whole) => Json::from(whole),
        Err(_) => Json::from(text.parse::<f64>().unwrap_or_default()),
    }
}

fn ssh(node: &Node) -> Json {
    let mut keys: Vec<String> = match &node.value {
        Value::Map(map) => map
            .iter()
            .map(|(id, entry)| match entry.node.scalar_text().filter(|path| !path.is_empty()) {
                Some(path) => format!("{id}: {path}"),
                None => id.to_string(),
            })
            .collect(),
        _ => node.items().iter().filter_map(Node::scalar_text).collect(),
    };
    keys.sort();
    Json::Array(keys.into_iter().map(Json::from).collect())
}
