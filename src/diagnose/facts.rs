//! What the rules look at: the tree of the compose files, the files behind its services, and the folder around them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::loader::Node;
use crate::model::{FileId, Source, Sources, Span};

/// Everything that is known without an engine.
#[derive(Debug, Default)]
pub struct Facts {
    /// The project directory.
    pub directory: PathBuf,
    /// A built image for each service with `build`.
    pub images: Vec<Image>,
    /// Configuration files that the compose file itself mounts into containers, by service.
    pub mounted: Vec<(String, ImageFile)>,
    /// The folder of the whole hand-in, with `srcs/` and the Makefile; `None` where only a compose file is judged.
    pub folder: Option<Folder>,
    /// Base images that count as the right ones, such as `debian:bookworm`, instead of the program's own table.
    pub bases: Vec<String>,
}

/// The image that a service builds.
#[derive(Debug)]
pub struct Image {
    /// The service.
    pub service: String,
    /// The place of `build`.
    pub span: Span,
    /// The Dockerfile; `None` where it cannot be read.
    pub dockerfile: Option<Text>,
    /// `build.args` that the compose file sets.
    pub arguments: BTreeMap<String, String>,
    /// `build.target`.
    pub target: Option<String>,
    /// Files that `COPY` and `ADD` put into the image, as far as they are scripts and configurations.
    pub files: Vec<ImageFile>,
}

/// A file in an image or a container.
#[derive(Debug)]
pub struct ImageFile {
    /// Path in the image.
    pub target: String,
    /// The content.
    pub text: Text,
}

/// The folder around the compose file.
#[derive(Debug, Default)]
pub struct Folder {
    /// `Makefile`.
    pub makefile: Option<Text>,
    /// The documents at the top by name: `README.md`, `USER_DOC.md`, `DEV_DOC.md`.
    pub documents: BTreeMap<String, Text>,
    /// Whether the compose file is in `srcs/`.
    pub has_srcs: bool,
    /// Files that git tracks, relative to the folder; `None` where the folder is no repository.
    pub tracked: Option<Vec<String>>,
    /// The tracked env files, to see whether they hold passwords.
    pub env_files: Vec<Text>,
}

/// A text whose offsets lead to places in a file. An inline Dockerfile is a text inside a compose file.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text itself.
    pub text: Arc<str>,
    file: FileId,
    /// For a text inside another one: the offset in the file of each line. `None`: the text is the whole file.
    lines: Option<Vec<Option<u32>>>,
    /// The place of the whole text.
    whole: Span,
}

impl Text {
    /// Makes the text of a whole file.
    pub fn of_file(file: FileId, text: Arc<str>) -> Self {
        let whole = Span { file, start: 0, end: 0 };
        Self { text, file, lines: None, whole }
    }

    /// Makes a text of a YAML value. Each line is searched in the source, because a block scalar is indented there.
    pub fn of_value(text: &str, span: Span, sources: &Sources) -> Self {
        let source = sources.get(span.file).map(|source: &Source| &*source.text).unwrap_or_default();
        let mut at = span.start as usize;
        let mut find = |line: &str| {
            let words = line.trim();
            let found = source.get(at..).and_then(|rest| rest.find(words)).filter(|_| !words.is_empty())?;
            let begin = at + found;
            at = begin + words.len();
            u32::try_from(begin - (line.len() - line.trim_start().len()).min(begin)).ok()
        };
        let lines = text.split('\n').map(&mut find).collect();
        Self { text: text.into(), file: span.file, lines: Some(lines), whole: span }
    }

    /// Returns the place of a range of bytes.
    pub fn span(&self, range: Range<usize>) -> Span {
        let point = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let Some(lines) = &self.lines else {
            return Span { file: self.file, start: point(range.start), end: point(range.end) };
        };
        let before = self.text.get(..range.start).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().len();
        match lines.get(before.matches('\n').count()).copied().flatten() {
            Some(line) => {
                let start = line + point(column);
                Span { file: self.file, start, end: start + point(range.end.saturating_sub(range.start)) }
            }
            None => self.whole,
        }
    }

    /// Returns the place of the beginning.
    pub fn begin(&self) -> Span {
        match self.lines {
            Some(_) => self.whole,
            None => Span { file: self.file, start: 0, end: 0 },
        }
    }
}

/// Returns the services of a tree, with the place of each key.
pub fn services(root: &Node) -> impl Iterator<Item = (&str, Span, &Node)> {
    let entries = root.get("services").into_iter().flat_map(Node::entries);
    entries.map(|(name, entry)| (name, entry.key, &entry.node))
}

/// Returns the entries of a mapping, or of a list of `KEY=value`: key, value, and the place of the value or the item.
pub fn pairs(node: Option<&Node>) -> Vec<(String, Option<String>, Span)> {
    let Some(node) = node else { return Vec::new() };
    let entries = node.entries().map(|(key, entry)| {
        let value = if entry.node.is_null() { None } else { entry.node.scalar_text() };
        (key.to_owned(), value, if entry.node.span.is_none() { entry.key } else { entry.node.span })
    });
    let items = node.items().iter().filter_map(|item| {
        let text = item.scalar_text()?;
        Some(match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned()), item.span),
            None => (text, None, item.span),
        })
    });
    entries.chain(items).collect()
}

/// Returns the texts of a list of scalars, or of one scalar, each with its place.
pub fn texts(node: Option<&Node>) -> Vec<(String, Span)> {
    let Some(node) = node else { return Vec::new() };
    match node.as_list() {
        Some(items) => items.iter().filter_map(|item| Some((item.scalar_text()?, item.span))).collect(),
        None => node.scalar_text().filter(|text| !text.is_empty()).map(|text| (text, node.span)).into_iter().collect(),
    }
}

/// Returns whether a value stands in a compose file as it is: not in an env file, and not by a variable.
pub fn is_literal(sources: &Sources, span: Span) -> bool {
    let is_shown = sources.get(span.file).is_some_and(|source| {
        let name = source.path.as_deref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
        // The loader shows no lines of env files, and a file outside the project may be a compose file.
        source.is_shown || name.is_some_and(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
    });
    is_shown && !sources.text(span).replace("$$", "").contains('$')
}
