//! The process environment, read once at the start. No other file reads the environment of the process.

#![expect(clippy::disallowed_methods, reason = "compares `PWD` with the current directory")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables and current directory at the start of the program.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    current_dir: PathBuf,
}

impl Environment {
    /// Makes an environment of variables and a directory, for tests that must not depend on the machine.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, current_dir: impl Into<PathBuf>) -> Self {
        let variables = variables.into_iter().collect();
        Self { variables, defaults: BTreeMap::new(), current_dir: current_dir.into() }
    }

    /// Returns this environment with values for variables that are not set, from the env files of the project.
    #[must_use]
    pub fn with_defaults(self, defaults: BTreeMap<String, String>) -> Self {
        Self { defaults, ..self }
    }

    /// Reads the process environment. Variables that are not UTF-8 are left out, because no compose file can name them.
    ///
    /// `PWD` is the current directory where it leads to the same directory as the kernel's answer. `PWD` keeps symbolic
    /// links, so that messages show the path that the user knows.
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
        Self { variables, defaults: BTreeMap::new(), current_dir }
    }

    /// Returns the value of a variable, which may be empty: that of the process, else the default. `None` where the
    /// variable has neither.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).or_else(|| self.defaults.get(name)).map(String::as_str)
    }

    /// Returns the value of a variable. `None` where the variable is not set or empty.
    pub fn get_non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns all variables of the process, in order of their names, without defaults.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Returns the absolute path of the directory in which the program was started.
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// Returns the home directory (`HOME`). `None` where the variable is not set or empty.
    pub fn home(&self) -> Option<&Path> {
        self.get_non_empty("HOME").map(Path::new)
    }
}

fn same_directory(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
