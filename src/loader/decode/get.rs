//! Access to the attributes of the canonical model.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::loader::syntax::duration;

/// Returns a text in the form that JSON, and so the engine's API, can carry.
pub(super) fn readable(text: &str) -> String {
    crate::text::readable(text).into_owned()
}

/// Reads attributes of a canonical value. An absent attribute is `None` or empty.
pub(super) trait Get {
    /// A text.
    fn text(&self, key: &str) -> Option<String>;
    /// A boolean.
    fn flag(&self, key: &str) -> Option<bool>;
    /// A whole number, or a text of digits.
    fn int(&self, key: &str) -> Option<i64>;
    /// A duration that is not negative.
    fn duration(&self, key: &str) -> Option<Duration>;
    /// The texts of a list.
    fn texts(&self, key: &str) -> Vec<String>;
    /// A mapping of texts; null is an empty text.
    fn pairs(&self, key: &str) -> BTreeMap<String, String>;
    /// The items of a list.
    fn list(&self, key: &str) -> &[Json];
}

impl Get for Json {
    fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_str().map(readable)
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    fn int(&self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        self.text(key).as_deref().and_then(duration::parse_positive)
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().filter_map(Json::as_str).map(readable).collect()
    }

    fn pairs(&self, key: &str) -> BTreeMap<String, String> {
        let entries = self.get(key).and_then(Json::as_object).into_iter().flatten();
        entries.map(|(key, value)| (readable(key), readable(value.as_str().unwrap_or_default()))).collect()
    }

    fn list(&self, key: &str) -> &[Json] {
        self.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}
