//! The project's name: `--project-name`, else `COMPOSE_PROJECT_NAME`, else the last `name:` of the files, else the name
//! of the project directory.

use std::path::Path;

use super::state::{Assembly, Document};
use crate::diag::Diagnostic;
use crate::loader::source::{is_project_name, normalized, project_name_of};
use crate::loader::tree::{ModelPath, Node};
use crate::loader::variables::Interpolation;
use crate::model::Span;

impl Assembly<'_> {
    /// Returns the project's name, which is empty after a fault.
    pub fn name(&mut self, documents: &[Document], directory: &Path) -> String {
        if let Some(name) = self.given_name() {
            return name;
        }
        let mut written =
            documents.iter().rev().filter_map(|document| document.root.get("name")).filter(|name| !name.is_null());
        if let Some(node) = written.next() {
            let name = self.written_name(node.clone());
            if !name.is_empty() {
                return name;
            }
            // Compat: an empty `name:` counts as no name. But a name without any valid character, such as `ÄÖ`, is an
            // error.
            if node.scalar_text().is_some_and(|text| !text.is_empty()) {
                let message = "the project's name is blank once variables are replaced and characters that no name may \
                               have are dropped";
                self.diagnostics.push(
                    Diagnostic::error("no-project-name", node.span, message)
                        .at("name")
                        .help("use lower-case letters, digits, `-` and `_`, beginning with a letter or digit"),
                );
                return project_name_of(directory);
            }
        }
        let name = project_name_of(directory);
        if name.is_empty() {
            self.diagnostics.push(
                Diagnostic::error("no-project-name", Span::NONE, "project name must not be empty")
                    .help("give one with `--project-name`"),
            );
        }
        name
    }

    /// Returns the name of the command line or the environment. These names must be valid as they are.
    fn given_name(&mut self) -> Option<String> {
        let variable = self.variables.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()).cloned();
        let flag = self.options.project_name.clone().filter(|name| !name.is_empty());
        let (name, from) =
            flag.map(|name| (name, "--project-name")).or(variable.map(|name| (name, "COMPOSE_PROJECT_NAME")))?;
        self.diagnostics.extend(check_project_name(&name, from).err());
        Some(name)
    }

    /// Returns the name that a `name:` gives.
    ///
    /// Compat: invalid characters are dropped without a warning.
    fn written_name(&self, mut node: Node) -> String {
        if !self.options.no_interpolate {
            // Unset variables are reported when the whole file is interpolated.
            let (mut unreported, mut warned) = (Vec::new(), self.warned.clone());
            Interpolation {
                variables: &self.variables,
                diagnostics: &mut unreported,
                warned: &mut warned,
                lacks_variables: self.lacks_variables,
            }
            .run(&mut node, &ModelPath::default().next("name"));
        }
        let written = node.scalar_text().unwrap_or_default();
        if self.options.no_normalize { written } else { normalized(&written) }
    }
}

/// Checks a name that the command line or the environment gives. `from` names the option or the variable.
pub fn check_project_name(name: &str, from: &str) -> Result<(), Diagnostic> {
    if is_project_name(name) {
        return Ok(());
    }
    let shown = crate::text::escape_controls(name);
    let message = format!(
        "invalid project name `{shown}` ({from}): it must consist of lower-case letters, digits, `-` and `_`, and start \
         with a letter or digit"
    );
    Err(Diagnostic::error("bad-project-name", Span::NONE, message)
        .help(format!("such as `{}`", project_name_of(Path::new(name)))))
}
