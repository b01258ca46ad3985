//! The tree every stage of the loader works on: values with the place they came from.

use indexmap::IndexMap;

use crate::model::Span;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands; of a value taken over by merge, extends or include: where it stands there.
    pub span: Span,
    /// `!reset` or `!override`, until the merge has heeded it; or that it looks like a date.
    pub tag: Tag,
}

/// What a node is. Scalars are resolved as docker compose's YAML reader does.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`; nothing else.
    Bool(bool),
    /// A whole number, in any of the notations of YAML 1.1 and 1.2.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file. In a box: most values are scalars, and each takes the room of the largest.
    Map(Box<Map>),
}

/// A mapping; each key knows its place.
pub type Map = IndexMap<Box<str>, Entry, foldhash::fast::RandomState>;

/// A mapping's entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// Its value.
    pub node: Node,
}

/// What is to be known of a value beside its kind: a merge tag of the Compose specification, mostly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tag {
    /// None.
    #[default]
    None,
    /// `!reset`: what earlier files say is dropped, and so is this.
    Reset,
    /// `!override`: what earlier files say is dropped.
    Override,
    /// A plain text that YAML 1.1 reads as a point in time.
    Date,
    /// A plain text of digits: a whole number that no [`Value::Int`] holds.
    Large,
}

impl Node {
    /// Makes a node without a tag.
    pub fn new(value: Value, span: Span) -> Self {
        Self { value, span, tag: Tag::None }
    }

    /// Makes a text.
    pub fn text(text: impl Into<Box<str>>, span: Span) -> Self {
        Self::new(Value::Text(text.into()), span)
    }

    /// Makes a mapping.
    pub fn mapping(map: Map, span: Span) -> Self {
        Self::new(Value::Map(Box::new(map)), span)
    }

    /// Makes an empty mapping.
    pub fn map(span: Span) -> Self {
        Self::new(Value::Map(Box::default()), span)
    }

    /// Returns the mapping, where it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the mapping, where it is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the list, where it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the list, where it is one.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value, also of the words that compose files use for it.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) => truth(text),
            _ => None,
        }
    }

    /// Returns whether it is nothing.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Returns the value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// Returns the value of a key, where this is a mapping that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_map_mut()?.get_mut(key).map(|entry| &mut entry.node)
    }

    /// Returns a key's text.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Sets a key; does nothing where this is no mapping.
    pub fn set(&mut self, key: &str, node: Node) {
        if let Some(map) = self.as_map_mut() {
            let span = map.get(key).map_or(node.span, |entry| entry.key);
            map.insert(key.into(), Entry { key: span, node });
        }
    }

    /// Removes a key and returns its value; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.as_map_mut()?.shift_remove(key).map(|entry| entry.node)
    }

    /// Returns the entries of a mapping; none where it is no mapping.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.as_map().into_iter().flatten().map(|(key, entry)| (&**key, entry))
    }

    /// Returns the items of a list; none where it is no list.
    pub fn items(&self) -> &[Node] {
        self.as_list().unwrap_or_default()
    }

    /// Returns a scalar as Go's `fmt` prints it; `None` for lists and mappings, nothing for null.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Null => Some(String::new()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(super::scalar::print_float(*value)),
            Value::Text(text) => Some(text.to_string()),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Returns what kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Reads the words that compose files use for truth values (compose-go `toBoolean`).
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}
