//! Files outside the project directory whose contents services get: env files, label files, secrets and configs.
//!
//! A stranger's compose file may name any file of this machine, so such files are listed for the user. Symbolic links
//! are followed: a link inside the project directory may lead out of it.

use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::loader::source::real_path;
use crate::loader::tree::Node;
use crate::model::Span;
use crate::text::escape_controls;

/// The most files that the message names; of the others only the number is shown.
const MOST_NAMED: usize = 10;

/// The files outside the project directory that were found so far.
pub struct Outside {
    /// The project directory, and its real path.
    directory: PathBuf,
    real: PathBuf,
    /// A text for each file, in the order of the tree.
    found: Vec<String>,
}

impl Outside {
    /// Begins a search for files outside a directory.
    pub fn new(directory: &Path) -> Self {
        let real = real_path(directory).unwrap_or_else(|| directory.to_owned());
        Self { directory: directory.to_owned(), real, found: Vec::new() }
    }

    /// Checks the env files and label files of services.
    pub fn look_at_services(&mut self, root: &Node) {
        for (_, service) in root.get("services").into_iter().flat_map(Node::entries) {
            let items = |key: &str| service.node.get(key).map(Node::items).unwrap_or_default();
            items("env_file")
                .iter()
                .filter_map(|item| item.get_text("path"))
                .for_each(|path| self.look("env file", path));
            items("label_file").iter().filter_map(Node::as_text).for_each(|path| self.look("label file", path));
        }
    }

    /// Checks the files of secrets and configs.
    pub fn look_at_resources(&mut self, root: &Node) {
        for (section, kind) in [("secrets", "secret"), ("configs", "config")] {
            for (key, resource) in root.get(section).into_iter().flat_map(Node::entries) {
                let Some(path) = resource.node.get_text("file") else { continue };
                self.look(&format!("{kind} `{}` from", escape_controls(key)), path);
            }
        }
    }

    /// Notes a file that exists outside the directory. Missing files are reported elsewhere.
    fn look(&mut self, kind: &str, written: &str) {
        let Some(real) = real_path(Path::new(written)).filter(|real| !real.starts_with(&self.real)) else { return };
        let shown = escape_controls(written);
        let words = match Path::new(written).starts_with(&self.directory) {
            false => format!("{kind} `{shown}`"),
            true => format!("{kind} `{shown}` (a link to `{}`)", escape_controls(&real.to_string_lossy())),
        };
        if !self.found.contains(&words) {
            self.found.push(words);
        }
    }

    /// Returns the note about the files, in one line.
    pub fn note(mut self) -> Option<Diagnostic> {
        let more = self.found.len().saturating_sub(MOST_NAMED);
        self.found.truncate(MOST_NAMED);
        if more > 0 {
            self.found.push(format!("and {more} more"));
        }
        let message = format!("files outside the project directory are used: {}", self.found.join(", "));
        (!self.found.is_empty()).then(|| Diagnostic::note("outside-project", Span::NONE, message))
    }
}
