//! `extends`: a service over another service of this file or of another file, which may extend a further one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::state::Assembly;
use super::{merge, unique};
use crate::diag::Diagnostic;
use crate::loader::normalize;
use crate::loader::report::{MOST_TOLD, nearest};
use crate::loader::source::{self, NamedBy};
use crate::loader::tree::Changed;
use crate::loader::tree::{self, Entry, ModelPath, Node, Tag};
use crate::model::Span;

/// Services in one chain of `extends`.
const MOST_HOPS: usize = 100;

/// A step of a chain: the file, the service, and the place of its `extends`.
type Hop = (PathBuf, String, Span);

/// The service that an `extends` names.
struct Target {
    service: String,
    /// The place of the service's name.
    span: Span,
    /// The file and its place; `None` for a service of the same file.
    file: Option<(String, Span)>,
}

impl Target {
    /// Reads `extends: NAME` or `extends: { service: NAME, file: FILE }`. `None` for any other form.
    fn of(extends: &Node) -> Option<Self> {
        if let Some(service) = extends.as_text() {
            return Some(Self { service: service.to_owned(), span: extends.span, file: None });
        }
        let service = extends.get("service")?;
        let file = match extends.get("file") {
            Some(file) => Some((file.as_text()?.to_owned(), file.span)),
            None => None,
        };
        Some(Self {
            service: service.as_text()?.to_owned(),
            span: service.span,
            file: file.filter(|(file, _)| !file.is_empty()),
        })
    }
}

impl Assembly<'_> {
    /// Resolves the `extends` of every service of a document.
    pub fn extends(&mut self, root: &mut Node, file: &Path, directory: &Path) {
        let has_extends = |(_, entry): &(&str, &Entry)| entry.node.get("extends").is_some();
        let entries = root.get("services").into_iter().flat_map(Node::entries);
        let names: Vec<String> = entries.filter(has_extends).map(|(name, _)| name.to_owned()).collect();
        // Each service extends the other services as they stand in the file, so the order of the services does not
        // matter.
        let Some(services) = root.get("services").cloned().filter(|_| !names.is_empty()) else { return };
        for name in names {
            let extended = self.extended(&services, &name, file, directory, &mut Vec::new());
            if let (Some(extended), Some(services)) = (extended, root.get_mut("services")) {
                services.set(&name, extended);
            }
        }
    }

    /// Returns a service merged over the service that it extends. `None` after a fault. `chain` leads from the first
    /// service to this one; [`MOST_HOPS`] bounds its length.
    fn extended(
        &mut self,
        services: &Node,
        name: &str,
        file: &Path,
        directory: &Path,
        chain: &mut Vec<Hop>,
    ) -> Option<Node> {
        let mut service = services.get(name)?.clone();
        let Some(extends) = service.remove("extends") else { return Some(service) };
        let span = extends.span;
        if extends.is_null() {
            if extends.tag != Tag::Reset {
                self.diagnostics.push(is_nothing(name, span));
            }
            return Some(service);
        }
        if let Some(start) = chain.iter().position(|(at, other, _)| at == file && other == name) {
            self.tell_cycle(&chain[start..], name, span);
            return None;
        }
        if chain.len() >= MOST_HOPS {
            let message = format!("`extends` goes on over more than {MOST_HOPS} services");
            let fault = Diagnostic::error("too-deep", span, message).at(format!("services.{name}.extends"));
            self.diagnostics.push(fault.help("extend a service nearer to the end of the chain"));
            return None;
        }
        chain.push((file.to_owned(), name.to_owned(), span));
        // An `extends` in neither of the two forms stays in the service, and the schema reports it.
        let Some(target) = Target::of(&extends) else {
            service.set("extends", extends);
            return Some(service);
        };
        let base = match &target.file {
            Some(_) => self.base_from_file(&target, directory, name, chain)?,
            None => {
                if services.get(&target.service).is_none() {
                    self.no_such(services, name, &target, file);
                    return None;
                }
                self.extended(services, &target.service, file, directory, chain)?
            }
        };
        chain.pop();
        // Compat: a service without attributes gives nothing, and `extends` stays in the service.
        if base.is_null() {
            service.set("extends", extends);
            return Some(service);
        }
        Some(self.merge_over(base, service, name))
    }

    /// Returns the extended service of another file.
    fn base_from_file(&mut self, target: &Target, directory: &Path, name: &str, chain: &mut Vec<Hop>) -> Option<Node> {
        let (other, span) = target.file.as_ref()?;
        let base = source::Base { directory, home: self.environment.home() };
        if source::is_remote(other) {
            self.diagnostics.push(source::remote_file(*span, other));
            return None;
        }
        let path = PathBuf::from(base.absolute(other));
        let documents = self.parsed(&path, NamedBy::Extends, *span)?;
        let mut root = Node::map(*span);
        for mut document in documents {
            match self.options.no_interpolate {
                true => self.mark_open(&document),
                false => self.interpolate(&mut document),
            }
            // The long form replaces items, and with them their tags. So `!reset` items are dropped before.
            tree::drop_reset_items(&mut document);
            let base = std::mem::replace(&mut root, Node::map(*span));
            root = merge::merge(base, document, &ModelPath::default(), &mut self.diagnostics);
        }
        unique::unique(&mut root, &Changed::all());
        normalize::long_form(&mut root, &Changed::all(), self.options.no_interpolate, &mut self.diagnostics);
        // Paths of the other file are relative to that file. They are made relative to the project directory, so that
        // an env file that both files name has one path and is read once.
        let folder = path.parent().unwrap_or(directory).to_owned();
        self.resolve_from(&folder, &mut root);
        let empty = Node::map(*span);
        let services = root.get("services").unwrap_or(&empty);
        if services.get(&target.service).is_none() {
            self.no_such(services, name, target, &path);
            return None;
        }
        let (services, start) = (services.clone(), self.project_directory.clone());
        self.extended(&services, &target.service, &path, &start, chain)
    }

    /// Reports a cycle, unless it was reported before for another service on it.
    fn tell_cycle(&mut self, chain: &[Hop], name: &str, span: Span) {
        let fault = cycle(chain, name, span);
        if self.diagnostics.len() > MOST_TOLD {
            return self.diagnostics.push(fault);
        }
        let places = |told: &Diagnostic| -> BTreeSet<Span> {
            told.related.iter().chain([&told.primary]).map(|label| label.span).collect()
        };
        let here = places(&fault);
        if !self.diagnostics.iter().any(|told| told.code == fault.code && places(told) == here) {
            self.diagnostics.push(fault);
        }
    }

    /// Merges a service over the service that it extends.
    fn merge_over(&mut self, mut base: Node, mut service: Node, name: &str) -> Node {
        tree::untag(&mut base);
        base.remove("extends");
        tree::apply_tags(&mut base, &service);
        tree::drop_resets(&mut service);
        let top = ModelPath::default();
        let services = top.next("services");
        let path = services.next(name);
        merge::merge(base, service, &path, &mut self.diagnostics)
    }

    /// Reports that the file has no service of the name that `extends` gives.
    fn no_such(&mut self, services: &Node, name: &str, target: &Target, file: &Path) {
        let is_shown = self.diagnostics.len() < MOST_TOLD;
        let known: Vec<&str> = services.entries().filter(|_| is_shown).map(|(name, _)| name).collect();
        let shown = crate::text::escape_controls(&target.service).into_owned();
        let message = format!(
            "cannot extend service `{name}`: service `{shown}` not found in `{}`",
            crate::text::escape_controls(&file.to_string_lossy())
        );
        let diagnostic = Diagnostic::error("undefined", target.span, message).at(format!("services.{name}.extends"));
        self.diagnostics.push(match nearest(&target.service, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    }
}

/// Returns the diagnostic for services that extend each other.
fn cycle(chain: &[Hop], name: &str, span: Span) -> Diagnostic {
    let mut names: Vec<&str> = chain.iter().map(|(_, name, _)| name.as_str()).collect();
    names.push(name);
    let first = chain.first().map_or(span, |(_, _, span)| *span);
    let diagnostic = Diagnostic::error(
        "extends-cycle",
        first,
        format!("circular reference: services extend each other: {}", names.join(" -> ")),
    )
    .at(format!("services.{name}.extends"));
    chain
        .iter()
        .skip(1)
        .fold(diagnostic, |diagnostic, (_, name, span)| diagnostic.related(*span, format!("`{name}` goes on here")))
}

/// Returns the diagnostic for `extends:` without a value.
fn is_nothing(name: &str, span: Span) -> Diagnostic {
    let path = format!("services.{name}.extends");
    let message = format!("`{path}` must be a text or a mapping, but is nothing");
    Diagnostic::error("wrong-type", span, message).at(path).help("name a service, or remove it")
}
