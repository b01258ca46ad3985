//! The schema as data: the few keywords of JSON Schema that the schema of the Compose specification uses.

use std::collections::HashMap;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::loader::tree::{Node, Value};

const SCHEMA: &str = include_str!("compose-spec.json");

/// Rules by name, in the order of the schema.
pub(super) type Names<T> = IndexMap<Box<str>, T, foldhash::fast::RandomState>;

/// The rule for a value. An absent keyword requires nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    /// `#/definitions/NAME`: use the rule of that name. Such a rule has no other keywords.
    #[serde(rename = "$ref")]
    reference: Option<Box<str>>,
    /// The value must have one of these forms.
    #[serde(rename = "oneOf")]
    pub(super) forms: Vec<Rule>,
    #[serde(rename = "type")]
    kinds: Kinds,
    pub(super) properties: Option<Names<Rule>>,
    #[serde(rename = "patternProperties")]
    pub(super) patterns: Option<Names<Rule>>,
    /// Whether keys are allowed that are neither in `properties` nor in `patterns`.
    #[serde(rename = "additionalProperties")]
    pub(super) allows_more: Option<bool>,
    pub(super) required: Vec<Box<str>>,
    pub(super) items: Option<Box<Rule>>,
    #[serde(rename = "uniqueItems")]
    pub(super) is_unique: bool,
    #[serde(rename = "enum")]
    pub(super) words: Vec<Box<str>>,
    pub(super) pattern: Option<Box<str>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
}

/// The kinds of value that a rule accepts; none means every kind.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Kinds {
    One(Kind),
    Several(Vec<Kind>),
}

impl Default for Kinds {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

/// A kind of value, in the words of JSON Schema.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Null,
    Boolean,
    String,
    Integer,
    Number,
    Array,
    Object,
}

#[derive(Debug, Default, Deserialize)]
struct Schema {
    definitions: HashMap<Box<str>, Rule, foldhash::fast::RandomState>,
    #[serde(flatten)]
    root: Rule,
}

fn schema() -> &'static Schema {
    static PARSED: OnceLock<Schema> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(SCHEMA).unwrap_or_default())
}

/// Returns the rule for a whole file.
pub(super) fn root() -> &'static Rule {
    &schema().root
}

impl Rule {
    /// Returns the rule that this rule refers to, or this rule itself. The schema has no cycle of references.
    pub(super) fn resolved(&self) -> &Rule {
        let mut rule = self;
        while let Some(target) = rule.target() {
            rule = target;
        }
        rule
    }

    fn target(&self) -> Option<&'static Rule> {
        let name = self.reference.as_deref()?.strip_prefix("#/definitions/")?;
        schema().definitions.get(name)
    }

    /// Returns the kinds of value that the rule accepts; for a choice of forms the kinds of all forms.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        match self.own_kinds() {
            [] => self.forms.iter().flat_map(|form| form.resolved().kinds()).collect(),
            own => own.to_vec(),
        }
    }

    fn own_kinds(&self) -> &[Kind] {
        match &self.kinds {
            Kinds::One(kind) => std::slice::from_ref(kind),
            Kinds::Several(kinds) => kinds,
        }
    }

    /// Returns whether the rule accepts the kind of a value.
    pub(super) fn takes(&self, node: &Node) -> bool {
        match self.own_kinds() {
            [] if self.forms.is_empty() => true,
            [] => {
                let kinds = self.kinds();
                kinds.is_empty() || kinds.iter().any(|kind| kind.fits(node))
            }
            own => own.iter().any(|kind| kind.fits(node)),
        }
    }
}

impl Kind {
    fn fits(self, node: &Node) -> bool {
        match (self, &node.value) {
            (Kind::Null, Value::Null) | (Kind::Boolean, Value::Bool(_)) | (Kind::String, Value::Text(_)) => true,
            (Kind::Integer | Kind::Number, Value::Int(_)) | (Kind::Array, Value::List(_)) => true,
            (Kind::Object, Value::Map(_)) | (Kind::Number, Value::Float(_)) => true,
            (Kind::Integer, Value::Float(value)) => value.fract() == 0.0,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(rule: &Rule) {
        if let Some(reference) = &rule.reference {
            assert!(rule.target().is_some(), "{reference} is not defined");
        }
        let inner = rule.forms.iter().chain(rule.items.as_deref());
        let named = rule.properties.iter().chain(&rule.patterns).flat_map(|all| all.values());
        inner.chain(named).for_each(walk);
    }

    #[test]
    fn the_schema_reads_whole_and_refers_to_what_it_has() {
        let schema: Schema = serde_json::from_str(SCHEMA).expect("the schema is of the shape that is read");
        walk(&schema.root);
        schema.definitions.values().for_each(walk);
        assert!(schema.definitions.contains_key("service"));
        assert!(schema.root.properties.as_ref().is_some_and(|keys| keys.contains_key("services")));
    }

    #[test]
    fn no_word_of_the_schema_is_passed_over() {
        const READ: [&str; 14] = [
            "$ref",
            "oneOf",
            "type",
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "items",
            "uniqueItems",
            "enum",
            "pattern",
            "minimum",
            "maximum",
            "definitions",
        ];
        fn words(rule: &serde_json::Value, unread: &mut Vec<String>) {
            for (word, value) in rule.as_object().into_iter().flatten() {
                if !READ.contains(&word.as_str()) && !word.starts_with("$") {
                    unread.push(word.clone());
                }
                match word.as_str() {
                    "properties" | "patternProperties" | "definitions" => {
                        value.as_object().into_iter().flatten().for_each(|(_, rule)| words(rule, unread));
                    }
                    "oneOf" => value.as_array().into_iter().flatten().for_each(|rule| words(rule, unread)),
                    "items" => words(value, unread),
                    _ => {}
                }
            }
        }
        let mut unread = Vec::new();
        words(&serde_json::from_str(SCHEMA).expect("JSON"), &mut unread);
        assert!(unread.is_empty(), "{unread:?}");
    }
}
