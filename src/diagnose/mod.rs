//! Judges a stack by rules: facts in, findings out.
//!
//! Pure: the caller gathers the facts ([`Facts`]), from the loader's tree and from files. Start at [`check`].
//!
//! | file | what it holds |
//! |---|---|
//! | `rule` | rules and findings |
//! | `facts` | what the rules look at |
//! | `contents` | instructions and packages of an image |
//! | `compose/` | rules about compose files |
//! | `image/` | rules about Dockerfiles, scripts and configurations |
//! | `folder` | rules about the folder that is handed in |
//! | `role` | which service is nginx, WordPress, MariaDB |
//! | `smoke` | the checks under `x-smoke` |
//! | `waiver` | `# inception: allow(CODE) reason` |
//! | `parse/` | readers of Dockerfiles, shell scripts, and configurations |

mod compose;
mod contents;
mod facts;
mod folder;
mod image;
mod parse;
mod role;
mod rule;
mod smoke;
mod waiver;
mod wanted;

use std::collections::BTreeSet;
use std::path::Path;

pub use facts::{Facts, Folder, Image, ImageFile, Text};
pub use rule::{Finding, Rule, Set};
pub use smoke::{Kind, Smoke, smoke_checks};
pub use wanted::{Wanted, wanted};

use crate::loader::Node;
use crate::model::Sources;

/// The findings of a check, and how many more were waived in place.
#[derive(Debug, Default)]
pub struct Judged {
    /// What was found, in the order of the places.
    pub findings: Vec<Finding>,
    /// How many findings a comment waives.
    pub waived: usize,
}

/// Applies the rules of a set to a stack.
pub fn check(facts: &Facts, root: &Node, sources: &Sources, set: Set) -> Judged {
    let mut found = compose::findings(root, &facts.directory, sources);
    let healthy: BTreeSet<&str> =
        facts.images.iter().filter(|one| checks_health(one)).map(|one| one.service.as_str()).collect();
    let is_answered = |one: &Finding| {
        *one.rule == compose::NO_HEALTHCHECK && one.service.as_deref().is_some_and(|name| healthy.contains(name))
    };
    found.retain(|one| !is_answered(one));
    found.extend(image::findings(facts, root, sources));
    let is_subject = match set {
        Set::Security => false,
        Set::Subject => true,
        Set::All => role::is_subject(facts, root),
    };
    if is_subject {
        found.extend(compose::structure::findings(facts, root, sources));
    }
    if let Some(folder) = facts.folder.as_ref() {
        found.extend(folder::findings(folder));
    }
    let is_asked = |rule: &Rule| match rule.set {
        Set::All => true,
        Set::Subject => is_subject,
        Set::Security => set != Set::Subject,
    };
    found.retain(|one| is_asked(one.rule));
    sift(found, sources)
}

/// Returns the services that hand over this machine, each with the codes of its findings.
pub fn hands_over(root: &Node, directory: &Path, sources: &Sources) -> Vec<(String, &'static str)> {
    let mut found = compose::access::findings(root);
    found.extend(compose::mounts::findings(root, directory));
    found.retain(|one| compose::access::HANDS_OVER.contains(&one.rule.code));
    // Services that share one line are all named, so repetitions stay.
    found.retain(|one| !waiver::is_waived(one, sources));
    found.sort_by_key(|one| one.span);
    let mut seen = BTreeSet::new();
    let named = found.into_iter().filter_map(|one| Some((one.service?, one.rule.code)));
    named.filter(|one| seen.insert(one.clone())).collect()
}

/// Drops waived findings, and those of one rule at one place: an anchor or `extends` brings one line into several
/// services, which is one cause.
fn sift(found: Vec<Finding>, sources: &Sources) -> Judged {
    let (waived, mut findings): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| waiver::is_waived(one, sources));
    findings.sort_by(|one, other| {
        (one.span, one.rule.code, &one.message).cmp(&(other.span, other.rule.code, &other.message))
    });
    findings.dedup_by(|one, other| !one.span.is_none() && (one.span, one.rule.code) == (other.span, other.rule.code));
    Judged { findings, waived: waived.len() }
}

fn checks_health(image: &Image) -> bool {
    let all = contents::instructions(image);
    let last = all.iter().rev().find(|one| one.keyword == "HEALTHCHECK");
    last.is_some_and(|one| one.rest.trim() != "NONE")
}
