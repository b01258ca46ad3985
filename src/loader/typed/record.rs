//! Records: the attributes of a resource in the order of the table, each with its type.

use serde_json::{Map, Value as Json};

use super::forms::ssh;
use super::numbers::{bytes, exact_number, single, whole_number};
use super::plain::any;
use super::table::{Field, Kind};
use super::typing::Typing;
use crate::loader::syntax::duration;
use crate::loader::tree::{ModelPath, Node, truth};
use crate::model::Span;

impl Typing<'_> {
    /// Returns the attributes of a resource, then its extensions. The recursion is limited by the depth of the table.
    pub(super) fn record(&mut self, node: &Node, fields: &'static [Field], path: &ModelPath<'_>) -> Map<String, Json> {
        let mut out = Map::new();
        for (name, kind) in fields {
            // Compat: some attributes, such as `Path` of a throttled device, begin with a capital in JSON only.
            let written = name.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| name.to_lowercase());
            let key = written.as_deref().unwrap_or(name);
            let found = node.get(name).or_else(|| node.get(key));
            // Most attributes are absent. Only these kinds print something then.
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

    /// As [`Typing::record`], with every field and without extensions. An absent field is empty or 0.
    fn full_record(&mut self, node: &Node, fields: &'static [Field], path: &ModelPath<'_>) -> Map<String, Json> {
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

    /// Returns the value of an attribute, or `None` where the attribute is not printed.
    fn field(&mut self, node: Option<&Node>, kind: &'static Kind, path: &ModelPath<'_>) -> Option<Json> {
        let present = node.filter(|node| !node.is_null());
        match kind {
            Kind::Command => return Some(present.map_or(Json::Null, |node| self.command(node, path))),
            Kind::StructKept(fields) if matches!(path.last(), "placement" | "resources" | "ipam" | "exec") => {
                let empty = Node::map(Span::NONE);
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
                Kind::Int | Kind::CountNonZero | Kind::Weight | Kind::Exact | Kind::Float | Kind::Cpus,
                Json::Number(number),
            ) => number.as_f64() == Some(0.0),
            (Kind::Bytes, Json::String(text)) => text == "0",
            (Kind::List(_) | Kind::Hosts | Kind::Ssh | Kind::Test, Json::Array(items)) => items.is_empty(),
            (Kind::Map(_) | Kind::Pairs | Kind::TextOptions | Kind::Environment, Json::Object(map)) => map.is_empty(),
            _ => false,
        };
        (!is_empty).then_some(value)
    }

    /// Returns a value as its type, or `None` after a fault.
    fn value(&mut self, node: &Node, kind: &'static Kind, path: &ModelPath<'_>) -> Option<Json> {
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
            Kind::Int | Kind::IntKept | Kind::Count | Kind::CountNonZero | Kind::Weight | Kind::Exact => {
                self.whole(node, kind, path).map(Json::from)
            }
            Kind::Float | Kind::Cpus => match text.as_deref().map(str::parse::<f32>) {
                Some(Ok(value)) => Some(single(value)),
                _ => self.refuse(node, path, "a number"),
            },
            Kind::Bytes => match bytes(node) {
                Some(bytes) => Some(Json::from(bytes.to_string())),
                None => self.refuse(node, path, "a size in bytes such as `64m`"),
            },
            Kind::Duration | Kind::DurationNonZero => match text.as_deref().and_then(duration::parse) {
                Some(0) if matches!(kind, Kind::DurationNonZero) => None,
                Some(nanos) => Some(Json::from(duration::print(nanos))),
                None => self.refuse(node, path, "a duration such as `1m30s`"),
            },
            Kind::Mode => self.mode(node, path),
            Kind::List(inner) => Some(Json::Array(self.items(node, inner, path))),
            Kind::Map(inner) => Some(Json::Object(self.entries(node, inner, path))),
            Kind::Pairs => Some(self.pairs(node, false)),
            Kind::TextOptions => {
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
            Kind::Test => Some(self.test(node)),
            Kind::Options => Some(match node.as_list() {
                Some(items) => Json::Array(items.iter().filter_map(Node::scalar_text).map(Json::from).collect()),
                None => Json::Array(text.into_iter().map(Json::from).collect()),
            }),
        }
    }

    /// Returns a whole number as its kind requires, or `None` after a fault.
    fn whole(&mut self, node: &Node, kind: &Kind, path: &ModelPath<'_>) -> Option<i64> {
        let number = whole_number(node);
        let count = number.filter(|value| *value >= 0);
        let (found, expected) = match kind {
            Kind::Count | Kind::CountNonZero => (count, "a whole number that is not negative"),
            Kind::Weight => {
                (count.filter(|_| node.as_text().is_none()), "a whole number that is not negative, without quotes")
            }
            Kind::Exact => (exact_number(node), "a whole number of digits only"),
            _ => (number, "a whole number"),
        };
        if found.is_none() {
            self.refuse(node, path, expected);
        }
        found
    }

    /// Returns the items of a list, or a single value as a list of one item.
    fn items(&mut self, node: &Node, inner: &'static Kind, path: &ModelPath<'_>) -> Vec<Json> {
        match node.as_list() {
            Some(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.value(item, inner, &path.item(index)))
                .collect(),
            None => self.value(node, inner, path).into_iter().collect(),
        }
    }

    /// Returns the entries of a mapping, sorted by key.
    fn entries(&mut self, node: &Node, inner: &'static Kind, path: &ModelPath<'_>) -> Map<String, Json> {
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
}
