//! How a value got where it is: the file that includes its file, the variables that were put into it.
//!
//! Added to diagnostics once loading has ended, so that no stage need think of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Loaded, masking, template};
use crate::diag::{Diagnostic, Label};
use crate::model::{FileId, Span};

/// Longer values are not searched for variables.
const LONGEST: usize = 4096;

/// Adds to every diagnostic where its value came from.
pub(super) fn add(loaded: &mut Loaded) {
    add_from(loaded, 0);
}

/// As [`add`], for the diagnostics from an index on.
pub(super) fn add_from(loaded: &mut Loaded, first: usize) {
    let mut list = std::mem::take(&mut loaded.diagnostics);
    let mut seen = BTreeMap::new();
    for diagnostic in list.iter_mut().skip(first) {
        masking::mask(diagnostic, loaded);
        variables(diagnostic, loaded);
        hops(diagnostic, loaded);
        narrow(diagnostic, loaded, &mut seen);
    }
    // By place, for whoever mends the files from top to bottom; what stands in no file comes last.
    list.sort_by_key(|one| (one.primary.span.file, one.primary.span.start));
    loaded.diagnostics = list;
}

/// "interpolated from": where the variables of the value are set. Their values may be secret and are not shown.
fn variables(diagnostic: &mut Diagnostic, loaded: &Loaded) {
    // These speak of a variable or a key themselves.
    let is_plain = matches!(
        diagnostic.code,
        "unset-variable" | "required-variable" | "bad-interpolation" | "unknown-key" | "duplicate-key"
    );
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

/// Of a long text, or of one with several variables, only the variable that is spoken of is marked.
///
/// A text may have several faults that are no variables: `seen` counts how many there were before.
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
            // Of a file that several services extend each fault is there as often.
            places.get((*before - 1) % places.len().max(1)).copied()
        }
        _ => None,
    };
    if let Some((start, end)) = found {
        let place = |at: usize| span.start + u32::try_from(at).unwrap_or(0);
        diagnostic.primary.span = Span { start: place(start), end: place(end), ..span };
    }
}

/// "included from": how the file was reached, hop by hop.
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

/// The place of a mapping is where it begins.
fn first_line(span: Span) -> Span {
    Span { end: span.end.min(span.start + 200), ..span }
}
