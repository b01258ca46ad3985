//! The last step for the diagnostics of a load.

use std::collections::HashSet;

use super::provenance::add_provenance;
use crate::diag::Diagnostic;
use crate::loader::loaded::Loaded;
use crate::model::Span;

/// The most errors and warnings that a command shows.
pub const MOST_TOLD: usize = 100;

/// Code of a marker that is never shown: the value needs a variable that may be set in an env file which could not be
/// read. Errors about such a value mean nothing, so [`finish`] drops them together with the marker.
pub const NOT_KNOWN: &str = "not-known";

/// Drops consequences and repeats, and adds the places that led to each value.
pub fn finish(loaded: &mut Loaded) {
    drop_consequences(&mut loaded.diagnostics);
    // Several bad variables of one text have the same place until provenance narrows it, so they are not repeats yet.
    drop_repeats(&mut loaded.diagnostics, |one| one.code == "bad-interpolation");
    shorten(&mut loaded.diagnostics);
    add_provenance(loaded, 0);
    drop_repeats(&mut loaded.diagnostics, |_| false);
}

/// Drops errors about a value that also has a more basic fault: a missing variable, or the wrong type. With a missing
/// `PORT`, `${PORT:?}:80` is no port, but only the variable must be reported.
fn drop_consequences(diagnostics: &mut Vec<Diagnostic>) {
    let is_root = |one: &Diagnostic| {
        let codes = ["required-variable", "bad-interpolation", "wrong-type", NOT_KNOWN];
        codes.contains(&one.code) && one.primary.span != Span::NONE
    };
    let is_open = |one: &&Diagnostic| one.code == NOT_KNOWN;
    let open: HashSet<Span> = diagnostics.iter().filter(is_open).map(|one| one.primary.span).collect();
    // A variable with invalid syntax is a fault whatever the values are.
    let stays = |one: &Diagnostic| matches!(one.code, NOT_KNOWN | "bad-interpolation") || !one.is_error();
    diagnostics.retain(|one| stays(one) || !open.contains(&one.primary.span));
    let roots: HashSet<Span> = diagnostics.iter().filter(|one| is_root(one)).map(|one| one.primary.span).collect();
    diagnostics.retain(|one| !one.is_error() || is_root(one) || !roots.contains(&one.primary.span));
    diagnostics.retain(|one| one.code != NOT_KNOWN);
}

/// Keeps the first of several diagnostics that differ only in the name of the service. If `web` and `db` extend `base`,
/// a fault of `base` is found three times at one place.
fn drop_repeats(diagnostics: &mut Vec<Diagnostic>, is_exempt: impl Fn(&Diagnostic) -> bool) {
    let mut told = HashSet::new();
    diagnostics.retain(|one| {
        let is_kept = one.primary.span == Span::NONE || is_exempt(one);
        is_kept || told.insert((one.code, one.primary.span, without_service(one)))
    });
}

/// Returns a message without the name of its service.
fn without_service(one: &Diagnostic) -> String {
    let name = one.path.strip_prefix("services.").and_then(|rest| rest.split('.').next()).unwrap_or_default();
    match name {
        "" => one.message.clone(),
        name => one.message.replacen(&format!("services.{name}"), "", 1).replacen(&format!("service `{name}`"), "", 1),
    }
}

/// Keeps [`MOST_TOLD`] diagnostics, errors before warnings, and adds the number of the others.
fn shorten(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() <= MOST_TOLD {
        return;
    }
    let rest = diagnostics.len() - MOST_TOLD;
    diagnostics.sort_by_key(|one| !one.is_error());
    diagnostics.truncate(MOST_TOLD);
    let message = format!("there are {rest} more errors and warnings");
    diagnostics.push(Diagnostic::warning("more", Span::NONE, message).help("mend these first"));
}
