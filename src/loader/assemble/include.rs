//! `include`: whole models from other files, each with its own directory and variables.
//!
//! For each entry: [`Assembly::read_entry`], [`Assembly::open_entry`], then the caller merges the documents, then
//! [`Assembly::close_entry`] and [`Assembly::import`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::state::{Assembly, Document};
use crate::diag::Diagnostic;
use crate::loader::report::nearest;
use crate::loader::source::{self, NamedBy};
use crate::loader::tree::{self, Node, Value};
use crate::loader::{normalize, variables};
use crate::model::Span;

/// Levels of includes inside includes.
pub const DEEPEST: usize = 32;
/// Included files of one project.
const MOST_FILES: usize = 1000;

/// How to change an included resource.
const OVERRIDE: &str =
    "change it in an override file named beside the included one: `path: [included.yml, override.yml]`";

/// One entry of `include`.
pub struct Include {
    paths: Vec<(String, Span)>,
    directory: Option<String>,
    env_files: Vec<(String, Span)>,
    /// The place of the entry.
    pub span: Span,
}

/// An entry whose files have been read. Its variables replace those of the load until the entry is closed.
pub struct Opened {
    /// The documents to merge.
    pub documents: Vec<Document>,
    /// `project_directory`, or the directory of the first file.
    pub directory: PathBuf,
    outer: Outer,
}

/// The state of the including file, which is restored at the end.
struct Outer {
    variables: BTreeMap<String, String>,
    lacks_variables: bool,
    project_directory: PathBuf,
}

impl Assembly<'_> {
    /// Reads an entry. `None` where the entry names no file.
    ///
    /// Compat: docker compose ignores such an entry and unknown keys. Here both are warnings.
    pub fn read_entry(&mut self, item: &Node, at: &str) -> Option<Include> {
        let include = match &item.value {
            Value::Text(text) => Include {
                paths: vec![(text.to_string(), item.span)],
                directory: None,
                env_files: Vec::new(),
                span: item.span,
            },
            Value::Map(_) => Include {
                paths: self.texts(item, "path", at)?,
                directory: item.get("project_directory").and_then(Node::scalar_text).filter(|text| !text.is_empty()),
                env_files: self.texts(item, "env_file", at)?,
                span: item.span,
            },
            Value::Null => Include { paths: Vec::new(), directory: None, env_files: Vec::new(), span: item.span },
            _ => {
                let message = format!("an entry of `include` must be a text or a mapping, but is {}", item.kind());
                self.diagnostics.push(Diagnostic::error("wrong-type", item.span, message).at(at));
                return None;
            }
        };
        self.warn_of_keys(item, include.paths.is_empty(), at);
        (!include.paths.is_empty()).then_some(include)
    }

    /// Returns the texts of a key that takes a text or a list of texts. `None` after a fault.
    fn texts(&mut self, item: &Node, key: &str, at: &str) -> Option<Vec<(String, Span)>> {
        let Some(node) = item.get(key).filter(|node| !node.is_null()) else { return Some(Vec::new()) };
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if let Some(bad) = items.iter().find(|item| item.as_text().is_none()) {
            let message = format!("`{at}.{key}` must be a text or a list of texts, but has {}", bad.kind());
            self.diagnostics.push(Diagnostic::error("wrong-type", bad.span, message).at(format!("{at}.{key}")));
            return None;
        }
        Some(items.iter().filter_map(|item| Some((item.as_text()?.to_owned(), item.span))).collect())
    }

    /// Warns of unknown keys of an entry, and of an entry without a file.
    fn warn_of_keys(&mut self, item: &Node, names_no_file: bool, at: &str) {
        const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];
        let unknown = item.entries().filter(|(key, _)| !KEYS.contains(key) && !key.starts_with("x-"));
        let mut has_told = false;
        for (key, entry) in unknown {
            has_told = true;
            let shown = crate::text::escape_controls(key).into_owned();
            let result = if names_no_file { "; the entry names no file, and nothing is included" } else { "" };
            let message = format!("unknown key `{shown}` in `{at}`{result}");
            let diagnostic = Diagnostic::warning("unknown-key", entry.key, message).at(format!("{at}.{shown}"));
            self.diagnostics.push(match nearest(key, KEYS) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known keys are `{}`", KEYS.join("`, `"))),
            });
        }
        if names_no_file && !has_told {
            let message = format!("`{at}` names no file, and nothing is included");
            self.diagnostics.push(
                Diagnostic::warning("missing-key", item.span, message)
                    .at(at)
                    .help("name a file: `path: other.yaml`, or remove the entry"),
            );
        }
    }

    /// Reads the files and env files of an entry. `None` after a fault; the variables are then as before.
    pub fn open_entry(&mut self, include: &Include, directory: &Path, chain: &[PathBuf]) -> Option<Opened> {
        let base = source::Base { directory, home: self.environment.home() };
        let files = self.included_files(include, &base, chain)?;
        let directory = match &include.directory {
            Some(directory) => PathBuf::from(base.absolute(directory)),
            None => files.first().and_then(|(path, _)| path.parent()).unwrap_or(directory).to_owned(),
        };
        let env_files: Vec<(PathBuf, Span)> =
            include.env_files.iter().map(|(path, span)| (PathBuf::from(base.absolute(path)), *span)).collect();
        let mut outer = Outer {
            variables: self.variables.clone(),
            lacks_variables: self.lacks_variables,
            project_directory: PathBuf::new(),
        };
        let (mut known, sources) = self.project_variables();
        let faults = variables::read_included(&env_files, &directory, &mut known, sources);
        self.lacks_variables |= faults.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(faults);
        let mut documents = Vec::new();
        for (path, span) in files {
            let Some(roots) = self.parsed(&path, NamedBy::Include, span) else {
                (self.variables, self.lacks_variables) = (outer.variables, outer.lacks_variables);
                return None;
            };
            documents.extend(roots.into_iter().map(|root| Document { file: path.clone(), root }));
        }
        // Compat: if the project directory does not exist, its parent directory is used.
        let start = if source::is_directory(&directory) {
            directory.as_path()
        } else {
            directory.parent().unwrap_or(&directory)
        };
        outer.project_directory = std::mem::replace(&mut self.project_directory, start.to_owned());
        Some(Opened { documents, directory, outer })
    }

    /// Returns the absolute paths of an entry. `None` for a remote file, a cycle, or too many files.
    fn included_files(
        &mut self,
        include: &Include,
        base: &source::Base<'_>,
        chain: &[PathBuf],
    ) -> Option<Vec<(PathBuf, Span)>> {
        let mut files = Vec::new();
        for (path, span) in &include.paths {
            if source::is_remote(path) {
                self.diagnostics.push(source::remote_file(*span, path));
                return None;
            }
            let path = PathBuf::from(base.absolute(path));
            if chain.contains(&path) {
                self.diagnostics.push(cycle(chain, &path, *span));
                return None;
            }
            files.push((path, *span));
        }
        self.file_count += files.len();
        if chain.len() > DEEPEST || self.file_count > MOST_FILES {
            self.diagnostics.push(Diagnostic::error(
                "too-many-files",
                include.span,
                format!("more than {DEEPEST} includes inside each other, or more than {MOST_FILES} files"),
            ));
            return None;
        }
        Some(files)
    }

    /// Finishes the model of an entry, and returns to the variables and the directory of the including file.
    pub fn close_entry(&mut self, opened: Opened, mut model: Node) -> Node {
        let start = std::mem::replace(&mut self.project_directory, opened.outer.project_directory);
        // The tags are about the files of this entry, not about the files before the including file.
        tree::untag(&mut model);
        normalize::defaults(&mut model);
        self.resolve_from(&start, &mut model);
        if !self.options.no_interpolate {
            variables::inherit(&mut model, &self.variables);
        }
        (self.variables, self.lacks_variables) = (opened.outer.variables, opened.outer.lacks_variables);
        model
    }

    /// Adds the resources of an included model to a document. A resource of the same name must be the same resource.
    pub fn import(&mut self, root: &mut Node, mut imported: Node, span: Span) {
        for kind in ["services", "volumes", "networks", "secrets", "configs", "models"] {
            let Some(section) = imported.remove(kind) else { continue };
            if root.get(kind).is_none_or(Node::is_null) {
                root.set(kind, Node::map(span));
            }
            let Some(own) = root.get_mut(kind).and_then(Node::as_map_mut) else { continue };
            let Value::Map(entries) = section.value else { continue };
            for (name, entry) in *entries {
                match own.get(&name) {
                    Some(existing) if !is_same(&existing.node, &entry.node) => {
                        let message = format!("{kind}.{name} conflicts with imported resource");
                        let fault = Diagnostic::error("include-conflict", existing.key, message);
                        let fault = fault.at(format!("{kind}.{name}")).related(entry.key, "imported from here");
                        self.diagnostics.push(fault.help(OVERRIDE));
                    }
                    Some(_) => {}
                    None => {
                        own.insert(name, entry);
                    }
                }
            }
        }
    }
}

/// Returns whether two values are equal, whatever their places.
fn is_same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, entry)| b.get(key).is_some_and(|other| is_same(&entry.node, &other.node)))
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (a, b) => a == b,
    }
}

/// Returns the diagnostic for a file that includes itself, through the files of the chain.
fn cycle(chain: &[PathBuf], path: &Path, span: Span) -> Diagnostic {
    let start = chain.iter().position(|at| at == path).unwrap_or(0);
    let mut hops: Vec<String> =
        chain[start..].iter().map(|at| crate::text::escape_controls(&at.to_string_lossy()).into_owned()).collect();
    hops.push(crate::text::escape_controls(&path.to_string_lossy()).into_owned());
    Diagnostic::error("include-cycle", span, format!("include cycle detected: {}", hops.join(" -> ")))
        .at("include")
        .help("remove one of these includes")
}
