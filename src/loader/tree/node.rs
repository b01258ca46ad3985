//! The tree that every stage of the loader works on: values with their places.

use indexmap::IndexMap;

use crate::model::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The place of the value. A value from an anchor, an extended service or an included file keeps its place there.
    pub span: Span,
    /// `!reset` or `!override` until the merge has applied it, or a remark about how YAML 1.1 reads a plain text.
    pub tag: Tag,
}

/// The value of a node. Scalars are resolved as docker compose's YAML reader resolves them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null: `~`, `null` or nothing at all.
    Null,
    /// `true` or `false`. `yes` and `no` are texts.
    Bool(bool),
    /// A whole number in any notation of YAML 1.1 or 1.2, such as `0755`, `0o755` and `0x1ed`.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file. It is in a box because most values are scalars, and each value takes the
    /// space of the largest variant.
    Map(Box<Map>),
}

/// A mapping. Each key has a place of its own.
pub type Map = IndexMap<Box<str>, Entry, foldhash::fast::RandomState>;

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The place of the key.
    pub key: Span,
    /// The value.
    pub node: Node,
}

/// A merge tag of the Compose specification, or a remark of the parser about a plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tag {
    /// No tag.
    #[default]
    None,
    /// `!reset`: the values of earlier files are dropped, and this value, too.
    Reset,
    /// `!override`: the values of earlier files are dropped, and this value replaces them.
    Override,
    /// A plain text that YAML 1.1 reads as a date.
    Date,
    /// A plain text of digits: an integer too large for [`Value::Int`].
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

    /// Returns the mapping, or `None` for any other value.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the mapping, or `None` for any other value.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the list, or `None` for any other value.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the list, or `None` for any other value.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Returns the text, or `None` for any other value.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the value of a boolean, or of a word for a boolean such as `yes`.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) => truth(text),
            _ => None,
        }
    }

    /// Returns whether the value is null.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Returns the value of a key, or `None` where this is no mapping with that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|entry| &entry.node)
    }

    /// Returns the value of a key, or `None` where this is no mapping with that key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_map_mut()?.get_mut(key).map(|entry| &mut entry.node)
    }

    /// Returns the text of a key, or `None` where its value is no text.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_text()
    }

    /// Sets a key. Does nothing where this is no mapping.
    pub fn set(&mut self, key: &str, node: Node) {
        if let Some(map) = self.as_map_mut() {
            let span = map.get(key).map_or(node.span, |entry| entry.key);
            map.insert(key.into(), Entry { key: span, node });
        }
    }

    /// Removes a key and returns its value. The order of the other keys stays.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.as_map_mut()?.shift_remove(key).map(|entry| entry.node)
    }

    /// Returns the entries of a mapping, and no entries where this is no mapping.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.as_map().into_iter().flatten().map(|(key, entry)| (&**key, entry))
    }

    /// Returns the items of a list, and no items where this is no list.
    pub fn items(&self) -> &[Node] {
        self.as_list().unwrap_or_default()
    }

    /// Returns a scalar as Go's `fmt` prints it. Null is an empty text; a list or a mapping is `None`.
    pub fn scalar_text(&self) -> Option<String> {
        match &self.value {
            Value::Null => Some(String::new()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(super::number::print_float(*value)),
            Value::Text(text) => Some(text.to_string()),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Returns the kind of the value in words, for messages.
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

/// Reads a word for a boolean: `true`, `yes`, `y`, `on` and their opposites in any case (compose-go `toBoolean`).
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Returns the members of a section, such as the services of `services`: name and value.
pub fn children<'a>(root: &'a mut Node, key: &str) -> impl Iterator<Item = (&'a str, &'a mut Node)> + use<'a> {
    let map = root.get_mut(key).and_then(Node::as_map_mut);
    map.into_iter().flatten().map(|(key, entry)| (&**key, &mut entry.node))
}
