//! Attributes with several forms: lists or mappings of `K=V`, hosts, ulimits, modes, commands, SSH keys.

use serde_json::{Map, Value as Json};

use super::numbers::exact_number;
use super::typing::Typing;
use crate::loader::syntax::words;
use crate::loader::tree::{ModelPath, Node, Value, sequence};

impl Typing<'_> {
    /// Returns a list of `K=V` or a mapping as a sorted mapping of texts. With `keeps_nothing` a key without a value is
    /// null, otherwise an empty text.
    pub(super) fn pairs(&mut self, node: &Node, keeps_nothing: bool) -> Json {
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
        // The sort is stable, so for a key that occurs twice in a list the last value stays.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Object(pairs.into_iter().collect())
    }

    /// Returns `extra_hosts` as a sorted list of `host=address`, without the brackets of IPv6 addresses.
    pub(super) fn hosts(&mut self, node: &Node, path: &ModelPath<'_>) -> Json {
        let is_map = node.as_map().is_some();
        let mut all: Vec<String> = Vec::new();
        for item in sequence(node.clone()).items() {
            let text = item.scalar_text().unwrap_or_default();
            let mut add = |host: &str, address: &str| {
                let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                all.push(format!("{host}={}", inner.unwrap_or(address)));
            };
            match text.split_once('=').or_else(|| text.split_once(':')) {
                // Compat: a comma separates addresses in the short form only.
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

    /// Returns a ulimit: a number, or a mapping with `soft` and `hard`.
    pub(super) fn ulimit(&mut self, node: &Node, path: &ModelPath<'_>) -> Option<Json> {
        if node.as_map().is_none() {
            // Compat: 0 becomes an empty mapping.
            let value = self.limit(node, path)?;
            return Some(if value == 0 { Json::Object(Map::new()) } else { Json::from(value) });
        }
        let number = |key: &'static str| {
            let value = self.limit(node.get(key).filter(|value| !value.is_null())?, &path.next(key))?;
            (value != 0).then(|| (key.to_owned(), Json::from(value)))
        };
        Some(Json::Object(["single", "soft", "hard"].into_iter().filter_map(number).collect()))
    }

    /// Returns one number of a ulimit.
    ///
    /// Compat: under `build` a number in quotes is refused.
    fn limit(&mut self, node: &Node, path: &ModelPath<'_>) -> Option<i64> {
        let is_of_build = path.part(2) == "build";
        let value = exact_number(node).filter(|_| !is_of_build || node.as_text().is_none());
        if value.is_none() {
            let kept = if is_of_build { "without quotes" } else { "of digits only" };
            self.refuse(node, path, &format!("a whole number {kept}"));
        }
        value
    }

    /// Returns a file mode in octal. A text has octal digits; a number was already converted by YAML, so `0440` is 288.
    pub(super) fn mode(&mut self, node: &Node, path: &ModelPath<'_>) -> Option<Json> {
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

    /// Returns a command as a list of words.
    pub(super) fn command(&mut self, node: &Node, path: &ModelPath<'_>) -> Json {
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

    /// Returns the test of a health check as a list. A text is run by a shell.
    pub(super) fn test(&mut self, node: &Node) -> Json {
        match node.as_list() {
            Some(items) => Json::Array(items.iter().filter_map(Node::scalar_text).map(Json::from).collect()),
            None => Json::Array(vec![Json::from("CMD-SHELL"), Json::from(node.scalar_text().unwrap_or_default())]),
        }
    }
}

/// Returns SSH keys as a sorted list of `id` and `id: path`.
pub(super) fn ssh(node: &Node) -> Json {
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
