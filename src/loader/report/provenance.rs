//! Adds the provenance of values to diagnostics: the variables of a value, and the files that include or extend its
//! file.
//!
//! This happens once, after all stages, so that no stage has to know about provenance.

use std::collections::{BTreeMap, BTreeSet};

use super::masking;
use crate::diag::{Diagnostic, Label};
use crate::loader::loaded::Loaded;
use crate::loader::syntax::template;
use crate::loader::variables::UNSET_IN_ENV_FILE;
use crate::model::{FileId, Span};

/// The longest value that is searched for variables, in bytes.
const LONGEST: usize = 4096;

/// Adds the provenance to the diagnostics from index `first` on, masks them, and sorts all by their places.
pub fn add_provenance(loaded: &mut Loaded, first: usize) {
    let mut list = std::mem::take(&mut loaded.diagnostics);
    let mut seen = BTreeMap::new();
    for diagnostic in list.iter_mut().skip(first) {
        masking::mask(diagnostic, loaded);
        variables(diagnostic, loaded);
        hops(diagnostic, loaded);
        narrow(diagnostic, loaded, &mut seen);
    }
    // In the order of the files, for a user who corrects a file from top to bottom. Diagnostics without a place come
    // last.
    list.sort_by_key(|one| (one.primary.span.file, one.primary.span.start));
    loaded.diagnostics = list;
}

/// Adds "interpolated from": the places where the variables of a value are set. The values may be secret and are not
/// shown.
fn variables(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    // These messages are about a variable or a key, not about the value of a variable.
    let is_plain = matches!(
        diagnostic.code,
        "unset-variable" | "required-variable" | "bad-interpolation" | "unknown-key" | "duplicate-key"
    ) || diagnostic.code == UNSET_IN_ENV_FILE;
    let text = loaded.sources.text(diagnostic.primary.span);
    if is_plain || text.len() > LONGEST || !text.contains('$') || text.contains('\n') {
        return;
    }
    let mut from_outside = Vec::new();
    let mut seen = BTreeSet::new();
    for name in template::mentions(text).into_iter().map(|mention| mention.name) {
        if !seen.insert(name.clone()) {
            continue;
        }
        match loaded.variable_places.get(&name) {
            Some(span) => {
                diagnostic.related.push(Label { span: *span, text: format!("`{name}` is interpolated from here") });
            }
            None if loaded.variables.contains_key(&name) => from_outside.push(format!("`{name}`")),
            None => {}
        }
    }
    if !from_outside.is_empty() && diagnostic.cause.is_none() {
        diagnostic.cause = Some(format!("interpolated from the environment: {}", from_outside.join(", ")));
    }
}

/// Narrows the place of a diagnostic about a variable from the whole text to that variable.
///
/// A text may have several bad variables: `seen` counts the diagnostics of each text so far.
fn narrow(diagnostic: &mut Diagnostic, loaded: &Loaded, seen: &mut BTreeMap<Span, usize>) {
    let span = diagnostic.primary.span;
    let text = loaded.sources.text(span);
    let found = match diagnostic.code {
        "unset-variable" | "required-variable" => {
            diagnostic.message.split('`').nth(1).and_then(|name| template::place_of(text, name))
        }
        "bad-interpolation" => {
            let before = seen.entry(span).or_default();
            *before += 1;
            let places = template::places_of_faults(text, &|name| loaded.variables.get(name).cloned());
            // Two services that extend one file report the faults of its texts twice, so the count begins again.
            places.get((*before - 1) % places.len().max(1)).copied()
        }
        _ => None,
    };
    if let Some((start, end)) = found {
        let place = |at: usize| span.start + u32::try_from(at).unwrap_or(0);
        diagnostic.primary.span = Span { start: place(start), end: place(end), ..span };
    }
}

/// Adds "included from" and "extended from": the places that led to the file, one after the other.
fn hops(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    let mut span = diagnostic.primary.span;
    let mut seen: BTreeSet<FileId> = BTreeSet::new();
    while seen.insert(span.file)
        && let Some((from, words)) = loaded.reached.get(&span.file)
    {
        let label = Label { span: first_line(*from), text: (*words).to_owned() };
        if !diagnostic.related.contains(&label) {
            diagnostic.related.push(label);
        }
        span = *from;
    }
}

/// Returns the first bytes of a place, because an entry of `include` may be a mapping of many lines.
fn first_line(span: Span) -> Span {
    Span { end: span.end.min(span.start + 200), ..span }
}
