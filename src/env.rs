//! The process environment, read once at start. Nothing below `main` asks the process again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables, current directory and home as they were when the program started.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current_dir: PathBuf,
}

impl Environment {
    /// Makes an environment from parts; tests use it to be independent of the machine.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, current_dir: impl Into<PathBuf>) -> Self {
        Self { variables: variables.into_iter().collect(), current_dir: current_dir.into() }
    }

    /// Reads the process environment. Variables that are not UTF-8 are left out: compose files cannot name them.
    ///
    /// `PWD` is believed where it names the current directory, so that paths keep the links the user typed.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the process")]
    pub fn from_process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let physical = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let current_dir = match variables.get("PWD").map(PathBuf::from) {
            Some(logical) if logical.is_absolute() && same_directory(&logical, &physical) => logical,
            _ => physical,
        };
        Self { variables, current_dir }
    }

    /// Returns a variable's value; an empty value is a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns a variable's value where it is set and not empty.
    pub fn get_non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns all variables in order of their names.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Returns the directory the program was started in (absolute).
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// Returns the home directory (`HOME`), where it is set.
    pub fn home(&self) -> Option<&Path> {
        self.get_non_empty("HOME").map(Path::new)
    }
}

fn same_directory(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
