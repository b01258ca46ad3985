//! Files to one merged tree: parse, interpolate, extends, include, merge, check, long forms; document after document.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::changed::Changed;
use super::environment::Known;
use super::interpolate::Interpolation;
use super::path::Path as ModelPath;
use super::tree::Node;
use super::{LoadOptions, Loaded, Warned, canonical, discover, merge, parse, paths, read, schema};
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::{FileId, Sources, Span};

/// A document of a file.
pub(super) struct Document {
    pub file: PathBuf,
    pub root: Node,
}

/// What is kept of a file that was asked for. Most are asked for once: their documents are given away.
enum Parsed {
    /// Its fault has been told.
    Faulty,
    Given(FileId),
    Kept(Vec<Node>),
}

/// The state of one load.
pub(super) struct Loader<'a> {
    pub options: &'a LoadOptions,
    pub environment: &'a Environment,
    pub variables: BTreeMap<String, String>,
    variable_places: BTreeMap<String, Span>,
    /// Whether a file of variables is at fault: a variable that is not set may stand in it.
    pub lacks_variables: bool,
    reached: BTreeMap<FileId, (Span, &'static str)>,
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// The project directory, or that of the include being read.
    pub project_directory: PathBuf,
    /// The project directory and those of the files that the command line names.
    own_directories: Vec<PathBuf>,
    pub warned: Warned,
    /// Files asked for so far: each is read once.
    cache: BTreeMap<PathBuf, Parsed>,
    /// How many files were included or extended from.
    pub file_count: usize,
}

impl<'a> Loader<'a> {
    pub(super) fn new(options: &'a LoadOptions, environment: &'a Environment, loaded: &mut Loaded) -> Self {
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
            warned: Warned::new(),
            cache: BTreeMap::new(),
            file_count: 0,
        }
    }

    /// Gives what was found.
    pub(super) fn finish(self, loaded: &mut Loaded) {
        loaded.diagnostics.extend(self.diagnostics);
        loaded.sources = self.sources;
        loaded.variables = self.variables;
        loaded.variable_places = self.variable_places;
        loaded.reached = self.reached;
    }

    /// Returns the variables, for env files to add to.
    pub(super) fn known(&mut self) -> (Known<'_>, &mut Sources) {
        let known = Known { variables: &mut self.variables, places: &mut self.variable_places };
        (known, &mut self.sources)
    }

    /// Parses the project's files.
    pub(super) fn documents(&mut self, files: &[PathBuf]) -> Vec<Document> {
        let mut documents = Vec::new();
        for file in files {
            for root in self.parsed(file, read::Named::OnCommandLine, Span::NONE).unwrap_or_default() {
                documents.push(Document { file: file.clone(), root });
            }
        }
        documents
    }

    /// Returns a file's documents; a fault is told once.
    pub(super) fn parsed(&mut self, file: &Path, named: read::Named, span: Span) -> Option<Vec<Node>> {
        let (documents, kept) = match self.cache.get(file) {
            Some(Parsed::Kept(documents)) => return Some(documents.clone()),
            Some(Parsed::Faulty) => return None,
            Some(Parsed::Given(id)) => {
                // It was sound the first time.
                let text = self.sources.get(*id).map(|source| source.text.clone())?;
                let documents = parse::parse(*id, &text, &mut Vec::new()).ok()?;
                (Some(documents.clone()), Parsed::Kept(documents))
            }
            None => match self.parse(file, named, span) {
                Ok((id, documents)) => (Some(documents), Parsed::Given(id)),
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    (None, Parsed::Faulty)
                }
            },
        };
        self.cache.insert(file.to_owned(), kept);
        documents
    }

    /// Makes the paths that a file of `folder` says absolute, or lets them start at the project directory as those of its own
    /// files do.
    pub(super) fn resolve_from(&self, folder: &Path, root: &mut Node, is_relative: bool) {
        let home = self.environment.home();
        if is_relative {
            let relative = paths::relative(&self.project_directory, folder);
            paths::Base { directory: &relative, home }.resolve(root);
        } else {
            paths::Base { directory: folder, home }.resolve(root);
        }
    }

    fn parse(&mut self, file: &Path, named: read::Named, span: Span) -> Result<(FileId, Vec<Node>), Diagnostic> {
        let is_stdin = file == Path::new("-");
        let text = if is_stdin { read::read_stdin()? } else { read::read(file, named, span)? };
        let id = self.sources.add_file(file, text);
        match named {
            read::Named::Included => self.reached.insert(id, (span, "included from here")),
            read::Named::Extended => self.reached.insert(id, (span, "extended from here")),
            read::Named::OnCommandLine | read::Named::InFile => None,
        };
        let is_foreign = matches!(named, read::Named::Included | read::Named::Extended);
        if !is_foreign || self.own_directories.iter().any(|own| file.starts_with(own)) {
            self.sources.show(id);
        }
        let text = self.sources.get(id).map(|source| source.text.clone()).unwrap_or_default();
        let documents = parse::parse(id, &text, &mut self.diagnostics)?;
        // A file that names `/etc/shadow` must not have it told key by key.
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

    /// Returns the project's name: option, environment, last `name:`, directory.
    pub(super) fn name(&mut self, documents: &[Document], directory: &Path) -> String {
        let variable = self.variables.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()).cloned();
        if let Some((name, from)) = self
            .options
            .project_name
            .clone()
            .filter(|name| !name.is_empty())
            .map(|name| (name, "--project-name"))
            .or(variable.map(|name| (name, "COMPOSE_PROJECT_NAME")))
        {
            if !discover::is_project_name(&name) {
                let shown = crate::text::escape_controls(&name).into_owned();
                self.diagnostics.push(
                    Diagnostic::error("bad-project-name", Span::NONE, format!("invalid project name `{shown}` ({from}): it must consist of lower-case letters, digits, `-` and `_`, and start with a letter or digit"))
                        .help(format!("such as `{}`", discover::project_name_of(Path::new(&name)))),
                );
            }
            return name;
        }
        let mut named =
            documents.iter().rev().filter_map(|document| document.root.get("name")).filter(|name| !name.is_null());
        if let Some(node) = named.next() {
            let mut node = node.clone();
            let is_meant = node.scalar_text().is_some_and(|text| !text.is_empty());
            if !self.options.no_interpolate {
                // The warnings come when the file itself is interpolated.
                let (mut silent, mut warned) = (Vec::new(), self.warned.clone());
                Interpolation {
                    variables: &self.variables,
                    diagnostics: &mut silent,
                    warned: &mut warned,
                    lacks_variables: self.lacks_variables,
                }
                .run(&mut node, &ModelPath::default().next("name"));
            }
            // Compat: a name in a file is made valid without a word.
            let written = node.scalar_text().unwrap_or_default();
            let name = if self.options.no_normalize { written } else { discover::normalized(&written) };
            if !name.is_empty() {
                return name;
            }
            // Compat: an empty text is no name; what becomes nothing is a mistake.
            if is_meant {
                let message =
                    "the project's name is blank once variables are in place and what no name may have is left out";
                self.diagnostics.push(
                    Diagnostic::error("no-project-name", node.span, message)
                        .at("name")
                        .help("use lower-case letters, digits, `-` and `_`, beginning with a letter or digit"),
                );
                return discover::project_name_of(directory);
            }
        }
        let name = discover::project_name_of(directory);
        if name.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("no-project-name", Span::NONE, "project name must not be empty")
                    .help("give one with `--project-name`"),
            );
        }
        name
    }

    /// Merges documents over each other. `included` are the files that led here by `include`.
    pub(super) fn merge(&mut self, documents: Vec<Document>, directory: &Path, included: &[PathBuf]) -> Node {
        let mut model = Node::map(Span::NONE);
        for document in documents {
            self.add(&mut model, document, directory, included);
        }
        model.remove("include");
        model
    }

    fn add(&mut self, model: &mut Node, document: Document, directory: &Path, included: &[PathBuf]) {
        let Document { file, mut root } = document;
        if !self.options.no_interpolate {
            self.interpolate(&mut root);
        }
        empty_not_null(&mut root);
        // Those of the file itself: what is extended has tags of its own, for its own file.
        let tags = merge::tags(&root);
        self.extends(&mut root, &file, directory);
        if let Some(tags) = tags {
            merge::apply_tags(model, &tags);
        }
        merge::drop_resets(&mut root);
        let mut chain = included.to_vec();
        chain.push(file);
        self.include(&mut root, directory, &chain);
        self.put(model, root);
    }

    /// Merges one document into the model, checks the result and puts it into its long form.
    pub(super) fn put(&mut self, model: &mut Node, mut root: Node) {
        if let Some(version) = root.remove("version").filter(|version| version.as_text().is_none()) {
            let message = format!("version must be a string, but is {}", version.kind());
            self.diagnostics.push(
                Diagnostic::error("wrong-type", version.span, message).at("version").help("remove it: it is obsolete"),
            );
        }
        let changed = Changed::by(&root, model);
        let base = std::mem::replace(model, Node::map(Span::NONE));
        *model = merge::merge(base, root, &ModelPath::default(), &mut self.diagnostics);
        merge::unique(model, &changed);
        // Later stages pass over what has not the shape they know, so one fault hides no other.
        self.tell_once(schema::check(model, &changed));
        let mut found = Vec::new();
        canonical::canonical(model, &changed, self.options.no_interpolate, &mut found);
        self.tell_once(found);
        merge::unique(model, &changed);
    }

    /// The model is checked again with each file: what was told stays told.
    fn tell_once(&mut self, faults: Vec<Diagnostic>) {
        if faults.is_empty() {
            return;
        }
        let key = |one: &Diagnostic| (one.code, one.primary.span, one.message.clone());
        let mut told: HashSet<_> = self.diagnostics.iter().map(key).collect();
        self.diagnostics.extend(faults.into_iter().filter(|fault| told.insert(key(fault))));
    }

    pub(super) fn interpolate(&mut self, root: &mut Node) {
        if let Some(version) = root.get("version") {
            let span = version.span;
            if self.warned.insert("\0version".to_owned()) {
                self.diagnostics.push(
                    Diagnostic::warning("obsolete-version", span, "the attribute `version` is obsolete, it is ignored")
                        .help("remove it"),
                );
            }
        }
        Interpolation {
            variables: &self.variables,
            diagnostics: &mut self.diagnostics,
            warned: &mut self.warned,
            lacks_variables: self.lacks_variables,
        }
        .run(root, &ModelPath::default());
    }
}

/// Whether a document has a key of a compose file, or one that may be meant as such.
fn is_compose(document: &Node) -> bool {
    const KEYS: [&str; 9] =
        ["services", "networks", "volumes", "secrets", "configs", "models", "include", "name", "version"];
    let is_key = |key: &str| key.starts_with("x-") || schema::nearest(key, KEYS).is_some();
    document.as_map().is_some_and(|map| map.is_empty() || map.keys().any(|key| is_key(key)))
}

/// Compat: a section that says nothing is an empty mapping.
fn empty_not_null(root: &mut Node) {
    for kind in ["networks", "volumes", "secrets", "configs"] {
        if root.get(kind).is_some_and(Node::is_null) {
            let span = root.span;
            root.set(kind, Node::map(span));
        }
    }
}
