//! The places that messages about the corpus' invalid cases point at. Each place was checked by a person.
//!
//! `tests/loader/pointing.tsv` has a line for each error of each case: case, code, place. The place is `-` when the
//! command line or the environment is wrong. A case without a line fails, and so does a line without a case.
#![allow(clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};

use inception::diag::Diagnostic;

use crate::peer::{self, Case, for_each};

/// Cases that docker compose refuses and inception loads; `tests/loader/conformance.rs` names the rows with the
/// reasons.
const LOADED: [&str; 2] = ["336-quirks-command-string-with-parens-rejected", "343-quirks-yaml-directive-1-2-rejected"];

/// Returns a line of the table for each error.
fn told(case: &Case) -> Vec<String> {
    let place = case.place();
    let mut loaded = place.load();
    let _ = loaded.project();
    let line = |one: &Diagnostic| {
        let at = loaded.sources.place(one.primary.span).unwrap_or_else(|| "-".to_owned());
        format!("{}\t{}\t{}", case.name, one.code, place.without_folder(&at))
    };
    loaded.diagnostics.iter().filter(|one| one.is_error()).map(line).collect()
}

#[test]
fn every_broken_case_of_the_corpus_is_told_at_its_place() {
    let Some(cases) = peer::corpus() else { return };
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.is_error && !LOADED.contains(&&*case.name)).collect();
    let lines = for_each(&cases, told);
    let named: BTreeSet<&str> = lines.iter().filter_map(|line| line.split('\t').next()).collect();
    let silent: Vec<&str> = cases.iter().map(|case| &*case.name).filter(|name| !named.contains(name)).collect();
    assert!(silent.is_empty(), "nothing is told of {silent:?}");
    eprintln!("pointing: {} errors in {} cases", lines.len(), cases.len());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loader/pointing.tsv");
    expect_test::expect_file![path].assert_eq(&(lines.join("\n") + "\n"));
}

/// The corpus says for each case which word must be mentioned.
#[test]
fn the_word_at_fault_is_on_the_line_pointed_at_or_in_the_message() {
    let Some(cases) = peer::corpus() else { return };
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.is_error && !LOADED.contains(&&*case.name)).collect();
    let wrong = for_each(&cases, |case| {
        let place = case.place();
        let mut loaded = place.load();
        let _ = loaded.project();
        let mut found: BTreeMap<&str, bool> = case.must_mention.iter().map(|word| (word.as_str(), false)).collect();
        for one in loaded.diagnostics.iter().filter(|one| one.is_error()) {
            let line = loaded.sources.line_column(one.primary.span).map_or(0, |at| at.line);
            let source = loaded.sources.get(one.primary.span.file).map(|source| &*source.text);
            let text = source.unwrap_or_default().lines().nth(line.max(1) - 1).unwrap_or_default();
            for (word, is_found) in &mut found {
                *is_found |= text.contains(word) || one.message.contains(word) || one.path.contains(word);
            }
        }
        let missing: Vec<String> = found
            .iter()
            .filter(|(_, is_found)| !**is_found)
            .map(|(word, _)| format!("{}: {word}", case.name))
            .collect();
        missing
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}
