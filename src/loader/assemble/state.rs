//! The state of one load: variables, texts, diagnostics, and the files read so far.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::loader::loaded::Loaded;
use crate::loader::options::LoadOptions;
use crate::loader::report;
use crate::loader::source::{self, NamedBy};
use crate::loader::syntax::template;
use crate::loader::tree::{self, ModelPath, Node, Value};
use crate::loader::variables::{Interpolation, ProjectVariables};
use crate::model::{FileId, Sources, Span};

/// One YAML document of a file.
pub struct Document {
    pub file: PathBuf,
    pub root: Node,
}

/// The parsed documents of a file. Most files are needed only once, so the documents are kept only from the second
/// request on.
enum Parsed {
    /// The file has a fault, which has been reported.
    Faulty,
    /// The first request has taken the documents.
    Once(FileId),
    /// There was a second request; the documents are kept for further requests.
    Kept(Vec<Node>),
}

/// The state of one load.
pub struct Assembly<'a> {
    pub options: &'a LoadOptions,
    pub environment: &'a Environment,
    /// Variables for interpolation. While an `include` is read, its env files are among them.
    pub variables: BTreeMap<String, String>,
    variable_places: BTreeMap<String, Span>,
    /// Whether an env file could not be read (see [`Loaded`]).
    pub lacks_variables: bool,
    reached: BTreeMap<FileId, (Span, &'static str)>,
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// The project directory, or the directory of the `include` that is being read.
    pub project_directory: PathBuf,
    /// The project directory and the directories of the files that the command line names.
    own_directories: Vec<PathBuf>,
    /// Unset variables for which a warning exists already.
    pub warned: BTreeSet<String>,
    /// Whether the warning about an obsolete `version` exists already.
    has_warned_of_version: bool,
    /// Files read so far. Each file is read once.
    cache: BTreeMap<PathBuf, Parsed>,
    /// How many files were included.
    pub file_count: usize,
}

impl<'a> Assembly<'a> {
    /// Takes variables and texts out of `loaded`; [`Assembly::finish`] gives them back.
    pub fn new(options: &'a LoadOptions, environment: &'a Environment, loaded: &mut Loaded) -> Self {
        Self {
            options,
            environment,
            variables: std::mem::take(&mut loaded.variables),
            variable_places: std::mem::take(&mut loaded.variable_places),
            lacks_variables: loaded.lacks_variables,
            reached: BTreeMap::new(),
            sources: std::mem::take(&mut loaded.sources),
            diagnostics: Vec::new(),
            project_directory: loaded.working_dir.clone(),
            own_directories: loaded
                .config_files
                .iter()
                .filter_map(|file| file.parent())
                .filter(|directory| directory.is_absolute())
                .chain([loaded.working_dir.as_path()])
                .map(Path::to_owned)
                .collect(),
            warned: BTreeSet::new(),
            has_warned_of_version: false,
            cache: BTreeMap::new(),
            file_count: 0,
        }
    }

    /// Gives variables, texts and diagnostics to `loaded`.
    pub fn finish(self, loaded: &mut Loaded) {
        loaded.diagnostics.extend(self.diagnostics);
        loaded.sources = self.sources;
        loaded.variables = self.variables;
        loaded.variable_places = self.variable_places;
        loaded.reached = self.reached;
    }

    /// Returns the variables, to which env files add, and the texts.
    pub fn project_variables(&mut self) -> (ProjectVariables<'_>, &mut Sources) {
        let known = ProjectVariables { values: &mut self.variables, places: &mut self.variable_places };
        (known, &mut self.sources)
    }

    /// Parses the compose files of the command line.
    pub fn documents(&mut self, files: &[PathBuf]) -> Vec<Document> {
        let mut documents = Vec::new();
        for file in files {
            for root in self.parsed(file, NamedBy::CommandLine, Span::NONE).unwrap_or_default() {
                documents.push(Document { file: file.clone(), root });
            }
        }
        documents
    }

    /// Returns the documents of a file, or `None` if the file has a fault. The fault is reported once, however many
    /// services extend from the file.
    pub fn parsed(&mut self, file: &Path, named: NamedBy, span: Span) -> Option<Vec<Node>> {
        let (documents, kept) = match self.cache.get(file) {
            Some(Parsed::Kept(documents)) => return Some(documents.clone()),
            Some(Parsed::Faulty) => return None,
            Some(Parsed::Once(id)) => {
                // The first parse found no fault, so this one finds none, either.
                let text = self.sources.get(*id).map(|source| source.text.clone())?;
                let documents = tree::parse(*id, &text, &mut Vec::new()).ok()?;
                (Some(documents.clone()), Parsed::Kept(documents))
            }
            None => match self.parse(file, named, span) {
                Ok((id, documents)) => (Some(documents), Parsed::Once(id)),
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    (None, Parsed::Faulty)
                }
            },
        };
        self.cache.insert(file.to_owned(), kept);
        documents
    }

    /// Reads and parses a file.
    fn parse(&mut self, file: &Path, named: NamedBy, span: Span) -> Result<(FileId, Vec<Node>), Diagnostic> {
        let is_stdin = file == Path::new("-");
        let text = if is_stdin { source::read_stdin()? } else { source::read(file, named, span)? };
        let id = self.sources.add_file(file, text);
        match named {
            NamedBy::Include => self.reached.insert(id, (span, "included from here")),
            NamedBy::Extends => self.reached.insert(id, (span, "extended from here")),
            NamedBy::CommandLine | NamedBy::Attribute => None,
        };
        let is_foreign = matches!(named, NamedBy::Include | NamedBy::Extends);
        if !is_foreign || self.own_directories.iter().any(|own| file.starts_with(own)) {
            self.sources.show(id);
        }
        let text = self.sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
        let documents = tree::parse(id, &text, &mut self.diagnostics)?;
        // `include: /etc/shadow` must not print that file line by line as unknown keys.
        if is_foreign && !documents.is_empty() && !documents.iter().any(is_compose) {
            let shown = crate::text::escape_controls(&file.to_string_lossy()).into_owned();
            let message = format!("`{shown}` is no compose file: it has none of the keys that one has");
            let help = "name a file with `services:`, `networks:`, `volumes:` or the like";
            return Err(Diagnostic::error("not-a-compose-file", span, message).help(help));
        }
        if let Some(bad) = documents.iter().find(|document| document.as_map().is_none()) {
            return Err(Diagnostic::error(
                "wrong-type",
                bad.span,
                format!("top-level object must be a mapping, but is {}", bad.kind()),
            ));
        }
        Ok((id, documents))
    }

    /// Makes the paths of a tree relative to the project directory. Before, they are relative to `directory`, the
    /// directory of the tree's file.
    pub fn resolve_from(&self, directory: &Path, root: &mut Node) {
        let relative = source::relative(&self.project_directory, directory);
        source::Base { directory: &relative, home: self.environment.home() }.resolve(root);
    }

    /// Replaces the variables of a document, and warns of an obsolete `version` in the first document that has one.
    pub fn interpolate(&mut self, root: &mut Node) {
        if let Some(version) = root.get("version")
            && !self.has_warned_of_version
        {
            self.has_warned_of_version = true;
            let message = "the attribute `version` is obsolete, it is ignored";
            let warning = Diagnostic::warning("obsolete-version", version.span, message);
            self.diagnostics.push(warning.help("remove it"));
        }
        Interpolation {
            variables: &self.variables,
            diagnostics: &mut self.diagnostics,
            warned: &mut self.warned,
            lacks_variables: self.lacks_variables,
        }
        .run(root, &ModelPath::default());
    }

    /// Marks the values of a document that contain variables which stay unreplaced. Errors about such a value mean
    /// nothing, because the value is not known yet. A file of `include` is read at once, so its path must be known.
    pub fn mark_open(&mut self, root: &Node) {
        let sections = root.entries().filter(|(key, _)| *key != "include");
        let nodes: Vec<&Node> = sections.map(|(_, entry)| &entry.node).collect();
        nodes.into_iter().for_each(|node| self.mark_open_values(node));
    }

    /// The depth of the tree bounds the recursion.
    fn mark_open_values(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) if !template::references(text, false).is_empty() => {
                let mark = Diagnostic::error(report::NOT_KNOWN, node.span, "the variables are not replaced");
                self.diagnostics.push(mark);
            }
            Value::List(items) => items.iter().for_each(|item| self.mark_open_values(item)),
            Value::Map(map) => map.values().for_each(|entry| self.mark_open_values(&entry.node)),
            _ => {}
        }
    }

    /// Adds faults that are not among the diagnostics yet. The model is checked again after each file, so the same
    /// fault is found several times.
    pub fn tell_once(&mut self, faults: Vec<Diagnostic>) {
        if faults.is_empty() {
            return;
        }
        let key = |one: &Diagnostic| (one.code, one.primary.span, one.message.clone());
        let mut told: HashSet<_> = self.diagnostics.iter().map(key).collect();
        self.diagnostics.extend(faults.into_iter().filter(|fault| told.insert(key(fault))));
    }
}

/// Returns whether a document has a key of a compose file, or a key that looks like a misspelt one.
fn is_compose(document: &Node) -> bool {
    const KEYS: [&str; 9] =
        ["services", "networks", "volumes", "secrets", "configs", "models", "include", "name", "version"];
    let is_key = |key: &str| key.starts_with("x-") || report::nearest(key, KEYS).is_some();
    document.as_map().is_some_and(|map| map.is_empty() || map.keys().any(|key| is_key(key)))
}
