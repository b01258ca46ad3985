//! Base images: which one, and which release.

use crate::diag::Severity;
use crate::diagnose::compose::{IMAGE_FLOATING, floats};
use crate::diagnose::contents::parsed;
use crate::diagnose::facts::Image;
use crate::diagnose::rule::{Finding, Rule};

static FOREIGN_BASE: Rule = Rule::subject(
    "foreign-base",
    Severity::Error,
    "subject D1",
    "ready-made images are forbidden, except Debian and Alpine",
    "begin with `FROM debian:bookworm`, and install what is needed",
);
static BASE_RELEASE: Rule = Rule::subject(
    "base-release",
    Severity::Error,
    "subject D2",
    "the base must be the penultimate stable release of Debian or Alpine",
    "begin with one of the releases that the message names; `--base NAME:TAG` says that another one is right",
);

/// The penultimate stable releases when this version was made: name, tags that mean the release. Debian 13 (August 2025)
/// and Alpine 3.23 (December 2025) are the last stable ones.
const PENULTIMATE: &[(&str, &[&str])] = &[("debian", &["bookworm", "12"]), ("alpine", &["3.22"])];

/// Applies the rules to every `FROM`.
pub fn findings(image: &Image, bases: &[String]) -> Vec<Finding> {
    let Some((file, text)) = parsed(image) else { return Vec::new() };
    let mut found = Vec::new();
    for stage in &file.stages {
        let Some(from) = stage.instructions.first().filter(|_| !file.is_stage(&stage.base)) else { continue };
        let start = from.rest.split_whitespace().find(|word| !word.starts_with("--"));
        let start = start.map_or(0, |word| word.as_ptr() as usize - from.rest.as_ptr() as usize);
        let end = start + from.rest[start..].find(char::is_whitespace).unwrap_or(from.rest.len() - start);
        let span = text.span(from.range(start..end));
        let base = stage.base.as_str();
        if base.contains('$') || base.is_empty() || base == "scratch" {
            continue;
        }
        let floating = floats(base);
        let judged = release(base, bases);
        // A tag that says no release says too little about an allowed image, and nothing about another one.
        let judged = judged.filter(|(rule, _)| floating.is_none() || rule.code == FOREIGN_BASE.code);
        found.extend(judged.map(|(rule, words)| Finding::new(rule, span, words)));
        found.extend(
            floating.map(|words| Finding::new(&IMAGE_FLOATING, span, format!("the base image `{base}` {words}"))),
        );
    }
    found
}

fn release(base: &str, bases: &[String]) -> Option<(&'static Rule, String)> {
    let whole = base.split('@').next()?;
    let (directory, last) = whole.rsplit_once('/').map_or(("", whole), |(directory, last)| (directory, last));
    let (last, tag) = last.split_once(':').map_or((last, None), |(last, tag)| (last, Some(tag)));
    let name = if directory.is_empty() { last.to_owned() } else { format!("{directory}/{last}") };
    let name = name.as_str();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    if bases.iter().any(|one| one == base) {
        return None;
    }
    let Some((_, tags)) = PENULTIMATE.iter().find(|(known, _)| *known == name) else {
        return Some((&FOREIGN_BASE, format!("the base image is `{base}`")));
    };
    let tag = tag?;
    let tag = tag.strip_suffix("-slim").unwrap_or(tag);
    let is_right =
        |right: &&str| tag == *right || tag.strip_prefix(*right).is_some_and(|rest| rest.starts_with(['.', '-']));
    let right = tags.iter().map(|tag| format!("`{name}:{tag}`")).collect::<Vec<_>>().join(" or ");
    (!tags.iter().any(is_right)).then(|| (&BASE_RELEASE, format!("the base image is `{base}`, not {right}")))
}
