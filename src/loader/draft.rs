//! The usable parts of a project whose files have faults.
//!
//! A missing `env_file` does not affect the ports of its service, so planning can report taken ports in the same run.
//! But if the `image` of a service is misspelt, a later fault of that service may be only a consequence of the mistake.

use std::collections::BTreeSet;

use super::decode;
use super::loaded::Loaded;
use crate::diag::Diagnostic;
use crate::model::Project;

/// Codes of faults that do not affect the rest of their service or resource.
const LOCAL: [&str; 11] = [
    "bad-env-file",
    "bad-port",
    "bad-value",
    "duplicate-item",
    "exclusive",
    "file-not-found",
    "file-unreadable",
    "not-a-file",
    "not-text",
    "out-of-range",
    "too-large",
];
/// The sections whose members a fault can be about.
const SECTIONS: [&str; 5] = ["configs", "networks", "secrets", "services", "volumes"];

/// The services and resources that a fault of the files makes uncertain, as `services.web`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts(BTreeSet<String>);

impl Doubts {
    /// Returns whether a later fault may be a consequence of an earlier one.
    pub fn cover(&self, later: &Diagnostic) -> bool {
        member(&later.path).is_some_and(|member| self.0.contains(&member))
    }
}

impl Loaded {
    /// Returns the project of files with faults, to search for further faults, and its uncertain parts. `None` if no
    /// part of the project is reliable. The project must never be run.
    pub fn draft(&mut self) -> Option<(Project, Doubts)> {
        self.tree.as_ref()?;
        let mut doubts = BTreeSet::new();
        for fault in self.diagnostics.iter().filter(|one| one.is_error()) {
            let member = member(&fault.path).filter(|_| fault.code != "dependency-cycle")?;
            if !LOCAL.contains(&fault.code) {
                doubts.insert(member);
            }
        }
        Some((decode::project(self), Doubts(doubts)))
    }
}

/// Returns the member of a section for a path: `services.web` for `services.web.ports[0]`.
fn member(path: &str) -> Option<String> {
    let (section, rest) = path.split_once('.').filter(|(section, _)| SECTIONS.contains(section))?;
    let name = rest.split('.').next().unwrap_or_default();
    Some(format!("{section}.{name}"))
}
