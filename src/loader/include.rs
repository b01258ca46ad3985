//! `include`: whole models from other files, each with its own directory and variables.

use std::path::{Path, PathBuf};

use super::files::{Document, Loader};
use super::schema::nearest;
use super::tree::{Node, Value};
use super::{environment, extends, merge, paths, read};
use crate::diag::Diagnostic;
use crate::model::Span;

/// Includes inside includes.
const DEEPEST: usize = 32;
/// Files of one project.
const MOST_FILES: usize = 1000;

/// One entry of `include`.
struct Include {
    paths: Vec<(String, Span)>,
    directory: Option<String>,
    env_files: Vec<(String, Span)>,
    span: Span,
}

impl Loader<'_> {
    /// Loads what a document includes and puts it into the document.
    pub(super) fn include(&mut self, root: &mut Node, directory: &Path, chain: &[PathBuf]) {
        let Some(list) = root.remove("include").filter(|list| !list.is_null()) else { return };
        let Some(items) = list.as_list() else {
            self.diagnostics.push(
                Diagnostic::error("wrong-type", list.span, format!("`include` must be a list, but is {}", list.kind()))
                    .at("include"),
            );
            return;
        };
        for (index, item) in items.iter().enumerate() {
            if let Some(include) = self.read_include(item, &format!("include[{index}]"))
                && let Some(imported) = self.imported(&include, directory, chain)
            {
                self.import(root, imported, include.span);
            }
        }
    }

    /// Reads an entry; `None` where it names no file.
    ///
    /// Compat: docker compose passes over such an entry, and over keys that it does not know; here that is told.
    fn read_include(&mut self, item: &Node, at: &str) -> Option<Include> {
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

    /// Returns the texts of a key that takes one or a list; `None` after a fault.
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

    fn warn_of_keys(&mut self, item: &Node, is_passed_over: bool, at: &str) {
        const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];
        let unknown = item.entries().filter(|(key, _)| !KEYS.contains(key) && !key.starts_with("x-"));
        let mut has_told = false;
        for (key, entry) in unknown {
            has_told = true;
            let shown = crate::text::escape_controls(key).into_owned();
            let result = if is_passed_over { "; the entry names no file, and nothing is included" } else { "" };
            let message = format!("unknown key `{shown}` in `{at}`{result}");
            let diagnostic = Diagnostic::warning("unknown-key", entry.key, message).at(format!("{at}.{shown}"));
            self.diagnostics.push(match nearest(key, KEYS) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("known keys are `{}`", KEYS.join("`, `"))),
            });
        }
        if is_passed_over && !has_told {
            let message = format!("`{at}` names no file, and nothing is included");
            self.diagnostics.push(
                Diagnostic::warning("missing-key", item.span, message)
                    .at(at)
                    .help("name a file: `path: other.yaml`, or remove the entry"),
            );
        }
    }

    fn imported(&mut self, include: &Include, directory: &Path, chain: &[PathBuf]) -> Option<Node> {
        let base = paths::Base { directory, home: self.environment.home() };
        let mut files = Vec::new();
        for (path, span) in &include.paths {
            if paths::is_remote(path) {
                self.diagnostics.push(extends::remote(*span, path));
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
        let folder = match &include.directory {
            Some(directory) => PathBuf::from(base.absolute(directory)),
            None => files.first().and_then(|(path, _)| path.parent()).unwrap_or(directory).to_owned(),
        };
        let outer = (self.variables.clone(), self.lacks_variables);
        let env_files: Vec<(PathBuf, Span)> =
            include.env_files.iter().map(|(path, span)| (PathBuf::from(base.absolute(path)), *span)).collect();
        let result = self.with_variables(&env_files, &folder, files, chain);
        (self.variables, self.lacks_variables) = outer;
        result
    }

    fn with_variables(
        &mut self,
        env_files: &[(PathBuf, Span)],
        folder: &Path,
        files: Vec<(PathBuf, Span)>,
        chain: &[PathBuf],
    ) -> Option<Node> {
        let (mut known, sources) = self.known();
        let faults = environment::read_included(env_files, folder, &mut known, sources);
        self.lacks_variables |= !faults.is_empty();
        self.diagnostics.extend(faults);
        let mut documents = Vec::new();
        for (path, span) in files {
            for root in self.parsed(&path, read::Named::Included, span)? {
                documents.push(Document { file: path.clone(), root });
            }
        }
        // Compat: where the project directory does not exist, its parent counts.
        let start = if folder.is_dir() { folder } else { folder.parent().unwrap_or(folder) };
        let outer = std::mem::replace(&mut self.project_directory, start.to_owned());
        let mut model = self.merge(documents, folder, chain);
        self.project_directory = outer;
        // They were for the files of this entry, not for those before the one that includes them.
        merge::untag(&mut model);
        super::normalize::defaults(&mut model);
        self.resolve_from(start, &mut model, true);
        if !self.options.no_interpolate {
            environment::inherit(&mut model, &self.variables);
        }
        Some(model)
    }

    /// Puts resources in; the same name with another meaning is refused.
    fn import(&mut self, root: &mut Node, mut imported: Node, span: Span) {
        for kind in ["services", "volumes", "networks", "secrets", "configs", "models"] {
            let Some(section) = imported.remove(kind) else { continue };
            if root.get(kind).is_none_or(Node::is_null) {
                root.set(kind, Node::map(span));
            }
            let Some(own) = root.get_mut(kind).and_then(Node::as_map_mut) else { continue };
            let Value::Map(entries) = section.value else { continue };
            for (name, entry) in *entries {
                match own.get(&name) {
                    Some(existing) if !same(&existing.node, &entry.node) => self.diagnostics.push(
                        Diagnostic::error("include-conflict", existing.key, format!("{kind}.{name} conflicts with imported resource"))
                            .at(format!("{kind}.{name}"))
                            .related(entry.key, "imported from here")
                            .help("change it in an override file named beside the included one: `path: [included.yml, override.yml]`"),
                    ),
                    Some(_) => {}
                    None => {
                        own.insert(name, entry);
                    }
                }
            }
        }
    }
}

/// Whether two values are the same wherever they stand.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, entry)| b.get(key).is_some_and(|other| same(&entry.node, &other.node)))
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (a, b) => a == b,
    }
}

fn cycle(chain: &[PathBuf], path: &Path, span: Span) -> Diagnostic {
    let start = chain.iter().position(|at| at == path).unwrap_or(0);
    let mut hops: Vec<String> =
        chain[start..].iter().map(|at| crate::text::escape_controls(&at.to_string_lossy()).into_owned()).collect();
    hops.push(crate::text::escape_controls(&path.to_string_lossy()).into_owned());
    Diagnostic::error("include-cycle", span, format!("include cycle detected: {}", hops.join(" -> ")))
        .at("include")
        .help("remove one of these includes")
}
