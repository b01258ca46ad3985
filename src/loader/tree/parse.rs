//! Parses YAML text into trees. Only this file knows the parser. Anchors, aliases and merge keys (`<<`) are expanded
//! here, and duplicate keys are reported.
//!
//! Nesting is limited to 128 levels. The number of nodes and their bytes are limited, with aliases expanded, so that a
//! small file cannot become a large tree.

use std::collections::HashMap;

use base64::Engine as _;
use granit_parser::{Event, Parser, ScalarStyle};

use super::merge_tags;
use super::node::{Entry, Map, Node, Tag, Value};
use super::scalar;
use crate::diag::Diagnostic;
use crate::loader::report::{MOST_TOLD, nearest};
use crate::model::{FileId, Span};

/// The most levels of lists and mappings inside each other. Every recursive walk through a tree relies on this limit.
const DEEPEST: usize = 128;
/// The most nodes of all documents of a file together, with aliases expanded.
const MOST_NODES: usize = 1_000_000;
/// The most bytes in scalars of all documents of a file together, with aliases expanded; the same limit as for a whole
/// file.
const MOST_BYTES: usize = 16 << 20;

/// Parses a text into its documents, without empty ones.
///
/// A syntax error ends the parsing and is returned. A fault after which the rest can still be parsed, such as a
/// duplicate key, is added to `faults`.
pub fn parse(file: FileId, text: &str, faults: &mut Vec<Diagnostic>) -> Result<Vec<Node>, Diagnostic> {
    let text_without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offset = text.len() - text_without_mark.len();
    let mut reader = Reader {
        file,
        text: text_without_mark,
        offset,
        parser: Parser::new_from_str(text_without_mark),
        anchors: HashMap::new(),
        read: Size::default(),
        open: Vec::new(),
        keys: Vec::new(),
        faults: Vec::new(),
    };
    let documents = reader.documents();
    faults.append(&mut reader.faults);
    documents
}

struct Reader<'a> {
    file: FileId,
    /// The text without its byte order mark.
    text: &'a str,
    /// Bytes of the byte order mark.
    offset: usize,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    /// The value of each anchor of this document, and its size.
    anchors: HashMap<usize, (Node, Size)>,
    /// Size of all values read so far.
    read: Size,
    /// The brackets `[` and `{` that are not closed yet.
    open: Vec<Span>,
    /// The keys that lead to the value being read.
    keys: Vec<Span>,
    /// Faults that do not end the parsing.
    faults: Vec<Diagnostic>,
}

type Found<'a> = (Event<'a>, Span);

/// Size of values with their aliases expanded.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    /// The deepest level so far; for an anchored value the number of levels inside it.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) -> Result<Vec<Node>, Diagnostic> {
        let mut documents = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(documents),
                Event::DocumentStart(..) => self.anchors.clear(),
                Event::StreamStart | Event::DocumentEnd => {}
                event => {
                    let node = self.node(event, span, 0)?;
                    if !node.is_null() {
                        documents.push(node);
                    }
                }
            }
        }
    }

    /// Returns the next event that matters for the tree.
    fn next(&mut self) -> Result<Found<'a>, Diagnostic> {
        loop {
            match self.parser.next_event() {
                None => return Ok((Event::StreamEnd, self.span(self.text.len(), self.text.len()))),
                Some(Ok((Event::Anchor(..) | Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => {
                    let start = span.start.byte_offset().unwrap_or(0);
                    let end = span.end.byte_offset().unwrap_or(start);
                    return Ok((event, self.span(start, end)));
                }
                Some(Err(error)) => {
                    let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
                    return Err(self.fault(at, &crate::text::one_line(&error.info())));
                }
            }
        }
    }

    /// Keeps a fault. Not more faults are kept than a command reports.
    fn tell(&mut self, fault: Diagnostic) {
        if self.faults.len() <= MOST_TOLD {
            self.faults.push(fault);
        }
    }

    /// Returns the diagnostic for a syntax error at a byte of the text.
    fn fault(&self, at: usize, what: &str) -> Diagnostic {
        let fault = |at: usize, words: &str| {
            Diagnostic::error("yaml-syntax", self.span(at, at), format!("this is not YAML: {words}"))
        };
        let help = "check indentation, quotes and brackets just before this place";
        if what.contains("unknown anchor") {
            return self.unknown_anchor(at);
        }
        // The parser reports the byte after the tab.
        if what.contains("tab") && at > 0 && self.text.as_bytes().get(at - 1) == Some(&b'\t') {
            return fault(at - 1, what).help("indent with blanks");
        }
        if what.contains("EOF") && !self.text.get(at..).is_some_and(|rest| rest.trim().is_empty()) {
            return fault(at, "a value is missing here").help(help);
        }
        let is_of_brackets = ["EOF", "flow", "expected", "placement"].iter().any(|word| what.contains(word));
        let diagnostic = fault(at, what).help(help);
        match self.open.last().filter(|_| is_of_brackets) {
            Some(bracket) => diagnostic.related(*bracket, "this bracket is not closed"),
            None => diagnostic,
        }
    }

    /// Returns the diagnostic for an alias `*name` without an anchor `&name` before it.
    fn unknown_anchor(&self, at: usize) -> Diagnostic {
        let name_at = |start: usize| {
            let rest = self.text.get(start..).unwrap_or_default();
            let end = rest.find(|char: char| char.is_whitespace() || ",[]{}".contains(char)).unwrap_or(rest.len());
            &rest[..end]
        };
        let name = name_at(at + 1);
        let known = self.text.match_indices('&').map(|(start, _)| name_at(start + 1)).filter(|name| !name.is_empty());
        let shown = crate::text::escape_controls(name);
        let span = self.span(at, at + 1 + name.len());
        let fault = Diagnostic::error("yaml-alias", span, format!("there is no anchor `{shown}` before this alias"));
        fault.help(match nearest(name, known) {
            Some(near) if near != name => format!("did you mean `*{}`?", crate::text::escape_controls(near)),
            Some(_) => "an anchor must come before its aliases".to_owned(),
            None => format!("define it before: `&{shown}`"),
        })
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let place = |at: usize| u32::try_from(at + self.offset).unwrap_or(u32::MAX);
        Span { file: self.file, start: place(start), end: place(end.max(start)) }
    }

    /// Reads the value that an event begins.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        let before = self.read;
        self.read.nodes += 1;
        self.read.depth = depth;
        self.check_bounds(span, depth)?;
        let mut implicit = Tag::None;
        let (mut node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.read.bytes += text.len();
                let tag = tag.map(|tag| tag.to_string());
                let value = match is_binary(tag.as_deref()) {
                    true => self.binary(&text, span),
                    false => scalar_value(&text, style, tag.as_deref()),
                };
                if tag.is_none() && style == ScalarStyle::Plain {
                    implicit = tag_of_plain(&value);
                }
                if let Some(kind) = tag.as_deref().and_then(|tag| misnamed(&value, tag)) {
                    let message = format!("`{}` is {kind}", crate::text::escape_controls(&text));
                    let fault = Diagnostic::error("wrong-type", span, message).at(self.path());
                    self.tell(fault.help("correct the value, or remove the tag before it"));
                }
                (Node::new(value, span), anchor, tag)
            }
            Event::SequenceStart(_, anchor, tag) => (self.list(span, depth)?, anchor, tag.map(|tag| tag.to_string())),
            Event::MappingStart(_, anchor, tag) => (self.mapping(span, depth)?, anchor, tag.map(|tag| tag.to_string())),
            Event::Alias(anchor) => {
                let node = self.alias(anchor, span, depth);
                self.read.depth = self.read.depth.max(before.depth);
                return node;
            }
            _ => return Err(Diagnostic::error("yaml-syntax", span, "this is not YAML: a value is missing")),
        };
        node.tag = match tag.as_deref() {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => implicit,
        };
        if anchor != 0 {
            let size = Size {
                nodes: self.read.nodes - before.nodes,
                bytes: self.read.bytes - before.bytes,
                depth: self.read.depth - depth,
            };
            // Compat: an alias does not get the `!reset` values of the anchored mapping.
            let mut anchored = node.clone();
            merge_tags::drop_resets(&mut anchored);
            self.anchors.insert(anchor, (anchored, size));
        }
        self.read.depth = self.read.depth.max(before.depth);
        Ok(node)
    }

    /// Decodes a `!!binary` scalar. Bytes that are not UTF-8 are kept.
    fn binary(&mut self, text: &str, span: Span) -> Value {
        let base64: String = text.chars().filter(|char| !matches!(char, '\n' | '\r')).collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok();
        let decoded = bytes.map(|bytes| crate::text::from_bytes(bytes).0);
        if decoded.is_none() {
            let message = "this is not base64, as `!!binary` says";
            let fault = Diagnostic::error("wrong-type", span, message).at(self.path());
            self.tell(fault.help("correct the value, or remove the tag before it"));
        }
        Value::Text(decoded.unwrap_or_default().into())
    }

    fn check_bounds(&self, span: Span, depth: usize) -> Result<(), Diagnostic> {
        if depth > DEEPEST {
            let message = format!("lists and mappings are nested more than {DEEPEST} deep");
            return Err(
                Diagnostic::error("too-deep", span, message).help("no compose file needs this; split the value")
            );
        }
        if self.read.nodes > MOST_NODES || self.read.bytes > MOST_BYTES {
            let message =
                format!("the file has more than {MOST_NODES} values or 16 MiB of text once its aliases are expanded");
            return Err(Diagnostic::error("too-large", span, message).help("use fewer or smaller anchors"));
        }
        Ok(())
    }

    /// Returns the path to the value being read, with the keys as they are written.
    fn path(&self) -> String {
        let key = |span: &Span| {
            let place = |at: u32| (at as usize).saturating_sub(self.offset);
            self.text.get(place(span.start)..place(span.end)).unwrap_or_default()
        };
        let keys: Vec<&str> = self.keys.iter().map(key).collect();
        crate::text::escape_controls(&keys.join(".")).into_owned()
    }

    /// Returns a copy of the anchored value. The copy keeps the places of the anchored value.
    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            let path = self.path();
            let message = format!("the alias at `{path}` refers to the value that it is part of");
            return Err(Diagnostic::error("yaml-alias", span, message)
                .at(path)
                .help("name another anchor, or copy what is meant"));
        };
        self.read = Size {
            nodes: self.read.nodes + size.nodes,
            bytes: self.read.bytes + size.bytes,
            depth: depth + size.depth,
        };
        self.check_bounds(span, self.read.depth)?;
        Ok(node.clone())
    }

    /// Remembers the opening bracket of a list or mapping. Returns false for a list or mapping without brackets.
    fn open(&mut self, start: Span) -> bool {
        let at = (start.start as usize).saturating_sub(self.offset);
        let is_bracket = matches!(self.text.as_bytes().get(at), Some(b'[' | b'{'));
        if is_bracket {
            self.open.push(Span { end: start.start + 1, ..start });
        }
        is_bracket
    }

    fn list(&mut self, start: Span, depth: usize) -> Result<Node, Diagnostic> {
        let mut items = Vec::new();
        let is_bracket = self.open(start);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                if is_bracket {
                    self.open.pop();
                }
                return Ok(Node::new(Value::List(items), self.joined(start, span)));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn joined(&self, start: Span, end: Span) -> Span {
        Span { end: end.end.max(start.end), ..start }
    }

    /// Returns a key as text. A key that is no text is a fault, and its entry is left out.
    ///
    /// Compat: at the top of a document, a number, a boolean or null is a key, which the schema then refuses.
    fn key(&mut self, key: &Node, depth: usize) -> Option<String> {
        let is_null = key.is_null();
        if (is_null || matches!(key.value, Value::Int(_) | Value::Float(_) | Value::Bool(_))) && depth > 0 {
            let text = if is_null { "null".to_owned() } else { key.scalar_text().unwrap_or_default() };
            let fault = Diagnostic::error("bad-key", key.span, format!("non-string key: {text}"));
            self.tell(fault.help(format!("quote it: `\"{text}\"`")));
            return None;
        }
        let name = key_text(key);
        if name.is_none() {
            let message = format!("a key must be a text, but this is {}", key.kind());
            self.tell(Diagnostic::error("bad-key", key.span, message));
        }
        name
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<Node, Diagnostic> {
        let mut map = Map::default();
        let mut merged: Option<(Span, Node)> = None;
        let is_bracket = self.open(start);
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                if is_bracket {
                    self.open.pop();
                }
                if let Some((key, node)) = merged
                    && let Err(fault) = merge_key(&mut map, node)
                {
                    self.tell(fault.related(key, "merged here"));
                }
                return Ok(Node::mapping(map, self.joined(start, span)));
            }
            let is_plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, span, depth + 1)?;
            let (event, value_span) = self.next()?;
            self.keys.push(span);
            let value = self.node(event, value_span, depth + 1)?;
            self.keys.pop();
            let Some(name) = self.key(&key, depth) else { continue };
            if name == "<<" && is_plain {
                if let Some((first, _)) = merged {
                    let fault = duplicate(&name, span, first);
                    self.tell(fault.help("merge both at once: `<<: [*one, *other]`"));
                    continue;
                }
                merged = Some((span, value));
                continue;
            }
            if let Some(first) = map.get(name.as_str()) {
                let fault = duplicate(&name, span, first.key);
                self.tell(fault.help("remove one of them, or give it another name"));
                continue;
            }
            map.insert(name.into_boxed_str(), Entry { key: span, node: value });
        }
    }
}

/// Returns the diagnostic for a key that its mapping already has.
fn duplicate(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("key `{}` is already defined", crate::text::escape_controls(name));
    Diagnostic::error("duplicate-key", span, message).related(first, "first defined here")
}

fn key_text(key: &Node) -> Option<String> {
    match &key.value {
        Value::Null => Some("null".to_owned()),
        _ => key.scalar_text(),
    }
}

/// Merges the value of `<<` into a mapping. Keys of the mapping itself have priority; of several merged mappings the
/// first one.
fn merge_key(map: &mut Map, from: Node) -> Result<(), Diagnostic> {
    let span = from.span;
    match from.value {
        Value::Map(entries) => {
            // Compat: a `!reset` value is not part of the merged mapping.
            for (key, entry) in (*entries).into_iter().filter(|(_, entry)| entry.node.tag != Tag::Reset) {
                map.entry(key).or_insert(entry);
            }
            Ok(())
        }
        Value::List(items) => items.into_iter().try_for_each(|item| merge_key(map, item)),
        _ => Err(Diagnostic::error("bad-merge-key", span, "`<<` takes a mapping or a list of mappings")
            .help("refer to an anchor: `<<: *name`")),
    }
}

/// Returns the fault of a value that does not fit its tag, such as `!!int x`.
fn misnamed(value: &Value, tag: &str) -> Option<&'static str> {
    let kind = tag.strip_prefix("tag:yaml.org,2002:").or_else(|| tag.strip_prefix("!!"))?;
    match kind {
        "int" if !matches!(value, Value::Int(_)) => Some("no whole number, as `!!int` says"),
        "float" if !matches!(value, Value::Int(_) | Value::Float(_)) => Some("no number, as `!!float` says"),
        "bool" if !matches!(value, Value::Bool(_)) => Some("neither true nor false, as `!!bool` says"),
        "null" if !matches!(value, Value::Null) => Some("not nothing, as `!!null` says"),
        _ => None,
    }
}

fn is_binary(tag: Option<&str>) -> bool {
    tag.is_some_and(|tag| matches!(tag, "tag:yaml.org,2002:binary" | "!!binary"))
}

/// Returns the tag of a plain scalar that became a text although YAML 1.1 reads a date or a number.
fn tag_of_plain(value: &Value) -> Tag {
    match value {
        Value::Text(text) if scalar::is_timestamp(text) => Tag::Date,
        Value::Text(text) if text.starts_with(|char: char| char.is_ascii_digit()) && text.parse::<u64>().is_ok() => {
            Tag::Large
        }
        _ => Tag::None,
    }
}

/// Returns the value of a scalar.
///
/// Compat: a plain scalar with an unknown tag becomes a text, unless it is null.
fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&str>) -> Value {
    let is_plain = style == ScalarStyle::Plain;
    let kind = tag.map(|tag| tag.strip_prefix("tag:yaml.org,2002:").or_else(|| tag.strip_prefix("!!")).unwrap_or(tag));
    match kind {
        Some("int" | "float" | "bool" | "null") => scalar::resolve(text),
        None | Some("!" | "timestamp") if is_plain => scalar::resolve(text),
        Some(kind) if is_plain && kind != "str" && scalar::resolve(text) == Value::Null => Value::Null,
        _ => Value::Text(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_do_not_nest_deeper_than_brackets() {
        let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        let parsed = |text: &str| parse(FileId(0), text, &mut Vec::new());
        let code = |text: &str| parsed(text).err().map(|fault| fault.code);
        assert_eq!(code(&format!("a: &a {}\nb: {}", nested(60, "1"), nested(60, "*a"))), None);
        assert_eq!(code(&format!("a: &a {}\nb: {}", nested(70, "1"), nested(70, "*a"))), Some("too-deep"));
        let mut chain = format!("a0: &a0 {}\n", nested(100, "1"));
        for number in 1..100 {
            chain.push_str(&format!("a{number}: &a{number} {}\n", nested(100, &format!("*a{}", number - 1))));
        }
        assert_eq!(code(&chain), Some("too-deep"));
        // The depth of `a` does not count for `c`, which exceeds the limit only together with `a`.
        assert_eq!(code(&format!("a: &a {}\nb: &b 1\nc: {}", nested(100, "1"), nested(100, "*b"))), None);
    }
}
