//! All compose files to one tree.
//!
//! Start at [`assemble`]. Each document passes through the same stages in turn: interpolate, extends, include, merge
//! over the documents before, schema, long forms. An `include` assembles a model of its own by the same stages.

use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::loader::loaded::Loaded;
use crate::loader::options::LoadOptions;
use crate::loader::tree::{self, Changed, ModelPath, Node};
use crate::loader::{normalize, schema};
use crate::model::Span;

mod extends;
mod include;
mod merge;
mod project_name;
mod state;
mod unique;

pub use project_name::check_project_name;
use state::{Assembly, Document};

/// Reads, merges and checks all files. `None` where no tree is left for the later stages.
pub fn assemble(options: &LoadOptions, environment: &Environment, loaded: &mut Loaded) -> Option<Node> {
    let files = loaded.config_files.clone();
    let working_dir = loaded.working_dir.clone();
    let mut assembly = Assembly::new(options, environment, loaded);
    let documents = assembly.documents(&files);
    let name = assembly.name(&documents, &working_dir);
    assembly.variables.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let root = assembly.merge(documents, &working_dir, &[]);
    assembly.finish(loaded);
    loaded.name = name;
    let is_empty = root.as_map().is_none_or(|map| map.is_empty());
    if is_empty && !loaded.has_errors() {
        let fault = Diagnostic::error("empty-file", Span::NONE, "empty compose file");
        loaded.diagnostics.push(fault.help("add `services:`"));
    }
    (!is_empty).then_some(root)
}

impl Assembly<'_> {
    /// Merges documents over each other. `chain` are the files that led to these documents by `include`.
    fn merge(&mut self, documents: Vec<Document>, directory: &Path, chain: &[PathBuf]) -> Node {
        let mut model = Node::map(Span::NONE);
        for document in documents {
            self.add(&mut model, document, directory, chain);
        }
        model.remove("include");
        model
    }

    /// Puts one document through all stages and merges it into the model.
    fn add(&mut self, model: &mut Node, document: Document, directory: &Path, chain: &[PathBuf]) {
        let Document { file, mut root } = document;
        match self.options.no_interpolate {
            true => self.mark_open(&root),
            false => self.interpolate(&mut root),
        }
        empty_not_null(&mut root);
        // The tags of this file are taken before `extends`: the tags of an extended file speak about that file only.
        let tags = tree::tags(&root);
        self.extends(&mut root, &file, directory);
        if let Some(tags) = tags {
            tree::apply_tags(model, &tags);
        }
        tree::drop_resets(&mut root);
        let mut chain = chain.to_vec();
        chain.push(file);
        self.include(&mut root, directory, &chain);
        self.put(model, root);
    }

    /// Assembles the models that a document includes, and imports their resources into the document.
    /// [`include::DEEPEST`] bounds the depth of includes inside includes.
    fn include(&mut self, root: &mut Node, directory: &Path, chain: &[PathBuf]) {
        let Some(list) = root.remove("include").filter(|list| !list.is_null()) else { return };
        let Some(items) = list.as_list() else {
            let message = format!("`include` must be a list, but is {}", list.kind());
            self.diagnostics.push(Diagnostic::error("wrong-type", list.span, message).at("include"));
            return;
        };
        for (index, item) in items.iter().enumerate() {
            if let Some(entry) = self.read_entry(item, &format!("include[{index}]"))
                && let Some(mut opened) = self.open_entry(&entry, directory, chain)
            {
                let documents = std::mem::take(&mut opened.documents);
                let model = self.merge(documents, &opened.directory, chain);
                let imported = self.close_entry(opened, model);
                self.import(root, imported, entry.span);
            }
        }
    }

    /// Merges one document into the model, checks the result against the schema, and puts it into its long form.
    fn put(&mut self, model: &mut Node, mut root: Node) {
        if let Some(version) = root.remove("version").filter(|version| version.as_text().is_none()) {
            let message = format!("version must be a string, but is {}", version.kind());
            self.diagnostics.push(
                Diagnostic::error("wrong-type", version.span, message).at("version").help("remove it: it is obsolete"),
            );
        }
        let changed = Changed::by(&root, model);
        let base = std::mem::replace(model, Node::map(Span::NONE));
        *model = merge::merge(base, root, &ModelPath::default(), &mut self.diagnostics);
        unique::unique(model, &changed);
        // Later stages skip a value of an unknown shape, so a fault of the schema hides no other fault.
        self.tell_once(schema::check(model, &changed));
        let mut found = Vec::new();
        normalize::long_form(model, &changed, self.options.no_interpolate, &mut found);
        self.tell_once(found);
        unique::unique(model, &changed);
    }
}

/// Compat: a section without a value, such as `networks:` alone, is an empty mapping.
fn empty_not_null(root: &mut Node) {
    for kind in ["networks", "volumes", "secrets", "configs"] {
        if root.get(kind).is_some_and(Node::is_null) {
            let span = root.span;
            root.set(kind, Node::map(span));
        }
    }
}
