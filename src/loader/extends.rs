//! `extends`: a service over another one of this file or of another file, as often as it goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changed::Changed;
use super::files::Loader;
use super::path::Path as ModelPath;
use super::tree::{Node, Tag};
use super::{canonical, merge, paths, read, schema::nearest};
use crate::diag::Diagnostic;
use crate::model::Span;

/// Services that extend each other in a row.
const MOST_HOPS: usize = 100;

/// A step of a chain: file, service, where it is said.
type Hop = (PathBuf, String, Span);

impl Loader<'_> {
    /// Resolves the `extends` of every service of a document.
    pub(super) fn extends(&mut self, root: &mut Node, file: &Path, directory: &Path) {
        let has_extends = |(_, entry): &(&str, &super::tree::Entry)| entry.node.get("extends").is_some();
        let entries = root.get("services").into_iter().flat_map(Node::entries);
        let names: Vec<String> = entries.filter(has_extends).map(|(name, _)| name.to_owned()).collect();
        // A service is extended as it stands in the file, whatever the order.
        let Some(services) = root.get("services").cloned().filter(|_| !names.is_empty()) else { return };
        for name in names {
            let extended = self.extended(&services, &name, file, directory, &mut Vec::new());
            if let (Some(extended), Some(services)) = (extended, root.get_mut("services")) {
                services.set(&name, extended);
            }
        }
    }

    /// Returns a service with what it extends merged below it.
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
                self.diagnostics.push(says_nothing(name, span));
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
        // What does not say it in one of the two forms is told of by the schema.
        let is_text = |key: &str| extends.get(key).is_none_or(|node| node.as_text().is_some());
        let is_long = extends.get("service").is_some() && is_text("service") && is_text("file");
        if extends.as_text().is_none() && !is_long {
            service.set("extends", extends);
            return Some(service);
        }
        let span_of = |key: &str| extends.get(key).map_or(span, |node| node.span);
        let (file_span, target_span) = (span_of("file"), span_of("service"));
        let target = extends.as_text().or_else(|| extends.get_text("service")).unwrap_or_default().to_owned();
        let other = extends.get_text("file").filter(|file| !file.is_empty()).map(str::to_owned);
        let base = match other {
            Some(other) => self.base_from_file(&other, &target, directory, name, (file_span, target_span), chain)?,
            None => {
                if services.get(&target).is_none() {
                    self.no_such(services, name, &target, file, target_span);
                    return None;
                }
                self.extended(services, &target, file, directory, chain)?
            }
        };
        chain.pop();
        // Compat: of a service that says nothing there is nothing to take over, and `extends` stays.
        if base.is_null() {
            service.set("extends", extends);
            return Some(service);
        }
        Some(self.over(base, service, name))
    }

    fn base_from_file(
        &mut self,
        other: &str,
        target: &str,
        directory: &Path,
        name: &str,
        (span, target_span): (Span, Span),
        chain: &mut Vec<Hop>,
    ) -> Option<Node> {
        let base = paths::Base { directory, home: self.environment.home() };
        if paths::is_remote(other) {
            self.diagnostics.push(remote(span, other));
            return None;
        }
        let path = PathBuf::from(base.absolute(other));
        let documents = self.parsed(&path, read::Named::Extended, span)?;
        let mut root = Node::map(span);
        for mut document in documents {
            if !self.options.no_interpolate {
                self.interpolate(&mut document);
            }
            // Items are no longer what they were in the long form.
            merge::drop_reset_items(&mut document);
            let base = std::mem::replace(&mut root, Node::map(span));
            root = merge::merge(base, document, &ModelPath::default(), &mut self.diagnostics);
        }
        merge::unique(&mut root, &Changed::all());
        canonical::canonical(&mut root, &Changed::all(), self.options.no_interpolate, &mut self.diagnostics);
        let folder = path.parent().unwrap_or(directory).to_owned();
        // What the other file says relatively is relative to it. One file must have the same path here and there, so that an
        // env file of both is one.
        self.resolve_from(&folder, &mut root, true);
        let empty = Node::map(span);
        let services = root.get("services").unwrap_or(&empty);
        if services.get(target).is_none() {
            self.no_such(services, name, target, &path, target_span);
            return None;
        }
        let (services, start) = (services.clone(), self.project_directory.clone());
        self.extended(&services, target, &path, &start, chain)
    }

    /// A circle is told once, wherever it was entered.
    fn tell_cycle(&mut self, chain: &[Hop], name: &str, span: Span) {
        let fault = cycle(chain, name, span);
        if self.diagnostics.len() > super::MOST_TOLD {
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

    fn over(&mut self, mut base: Node, mut service: Node, name: &str) -> Node {
        merge::untag(&mut base);
        base.remove("extends");
        merge::apply_tags(&mut base, &service);
        merge::drop_resets(&mut service);
        let top = ModelPath::default();
        let services = top.next("services");
        let path = services.next(name);
        merge::merge(base, service, &path, &mut self.diagnostics)
    }

    fn no_such(&mut self, services: &Node, name: &str, target: &str, file: &Path, span: Span) {
        let is_shown = self.diagnostics.len() < super::MOST_TOLD;
        let known: Vec<&str> = services.entries().filter(|_| is_shown).map(|(name, _)| name).collect();
        let shown = crate::text::escape_controls(target).into_owned();
        let message = format!(
            "cannot extend service `{name}`: service `{shown}` not found in `{}`",
            crate::text::escape_controls(&file.to_string_lossy())
        );
        let diagnostic = Diagnostic::error("undefined", span, message).at(format!("services.{name}.extends"));
        self.diagnostics.push(match nearest(target, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    }
}

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

fn says_nothing(name: &str, span: Span) -> Diagnostic {
    let path = format!("services.{name}.extends");
    let message = format!("`{path}` must be a text or a mapping, but is nothing");
    Diagnostic::error("wrong-type", span, message).at(path).help("name a service, or remove it")
}

/// Remote files are told from local ones and refused: loading a file opens no network connection.
pub(super) fn remote(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error(
        "remote-file",
        span,
        format!("remote file `{}` is not supported", crate::text::escape_controls(path)),
    )
    .help("fetch it first and name the local copy")
}
