//! Places in source texts: the file and the bytes. Each value keeps its place from the parser to the last message.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Number of a text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one source text. `start == end` is a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last byte.
    pub end: u32,
}

impl Span {
    /// The place of values that stand in no file: defaults, flags, implicit resources.
    pub const NONE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    /// Returns whether the value stands in no file.
    pub fn is_none(&self) -> bool {
        self.file.0 == u32::MAX
    }
}

impl Default for Span {
    fn default() -> Self {
        Span::NONE
    }
}

/// One text that was read: a compose file, an env file, standard input.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name for messages: the path, relative to the current directory where the file lies below it, or `<stdin>`.
    pub name: String,
    /// Path of the file; `None` for standard input.
    pub path: Option<PathBuf>,
    /// The whole text.
    pub text: Arc<str>,
    /// Whether messages may show lines of the text. Lines of env files are not shown, because they hold secrets. Lines
    /// of files outside the project are not shown either: `include: /etc/shadow` must not print that file.
    pub is_shown: bool,
}

/// Every text that was read in this run, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
    /// The current directory. Files below this directory have relative names.
    directory: PathBuf,
}

/// A place as line and column, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Sources {
    /// Makes an empty collection. Files below `directory` get names relative to that directory.
    pub fn seen_from(directory: &Path) -> Self {
        Self { list: Vec::new(), directory: directory.to_owned() }
    }

    /// Adds the text of a file and returns its id; `-` is standard input. Messages show no lines of the text before
    /// [`Sources::show`].
    pub fn add_file(&mut self, path: &Path, text: impl Into<Arc<str>>) -> FileId {
        let shown = match path.strip_prefix(&self.directory) {
            _ if path == Path::new("-") => "<stdin>".into(),
            Ok(relative) if !self.directory.as_os_str().is_empty() => relative.to_string_lossy(),
            _ => path.to_string_lossy(),
        };
        let name = crate::text::escape_controls(&shown).into_owned();
        let file = self.add(name, Some(path), text);
        if let Some(source) = self.list.get_mut(file.0 as usize) {
            source.is_shown = false;
        }
        file
    }

    /// Lets messages show lines of a file.
    pub fn show(&mut self, file: FileId) {
        if let Some(source) = self.list.get_mut(file.0 as usize) {
            source.is_shown = true;
        }
    }

    /// Returns the id of a copy of a text whose lines messages do not show, because a line holds a secret.
    pub fn hidden_copy(&mut self, file: FileId) -> FileId {
        let Some(source) = self.get(file).filter(|source| source.is_shown).cloned() else { return file };
        let copy = |one: &Source| !one.is_shown && one.name == source.name && Arc::ptr_eq(&one.text, &source.text);
        if let Some(known) = self.list.iter().position(copy) {
            return FileId(known as u32);
        }
        self.list.push(Source { is_shown: false, ..source });
        FileId(u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds a text and returns its id.
    pub fn add(&mut self, name: impl Into<String>, path: Option<&Path>, text: impl Into<Arc<str>>) -> FileId {
        self.list.push(Source { name: name.into(), path: path.map(Path::to_owned), text: text.into(), is_shown: true });
        FileId(u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX))
    }

    /// Returns the text with an id.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.list.get(file.0 as usize)
    }

    /// Returns the texts in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.list.iter().enumerate().map(|(index, source)| (FileId(index as u32), source))
    }

    /// Returns the text of a place. Empty where the place is in no file.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|source| source.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Returns line and column of the first byte of a place.
    pub fn line_column(&self, span: Span) -> Option<LineColumn> {
        let text = &self.get(span.file)?.text;
        let before = text.get(..(span.start as usize).min(text.len()))?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        // A byte order mark does not count as a character of the first line.
        let line = before[line_start..].trim_start_matches(|char| line_start == 0 && char == '\u{feff}');
        Some(LineColumn {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: line.chars().count() + 1,
        })
    }

    /// Returns `file:line:column`, or `None` for a place in no file.
    pub fn place(&self, span: Span) -> Option<String> {
        let position = self.line_column(span)?;
        Some(format!("{}:{}:{}", self.get(span.file)?.name, position.line, position.column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", None, "ä: 1\nbé: x\n");
        let start = "ä: 1\nbé: ".len() as u32;
        let span = Span { file, start, end: start + 1 };
        assert_eq!(sources.place(span).as_deref(), Some("a.yml:2:5"));
        assert_eq!(sources.text(span), "x");
        assert_eq!(sources.place(Span::NONE), None);
    }
}
