//! Finds the compose files of a project, and makes a project name from a directory's name.

use std::path::{Path, PathBuf};

use super::read::is_file;
use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::loader::syntax::clean_path::clean_path;
use crate::model::Span;

/// Names of compose files, in the order of preference.
const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Names of override files, in the directory of the compose file.
const OVERRIDE_FILES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Returns whether a text is a valid project name: `[a-z0-9][a-z0-9_-]*`.
pub fn is_project_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().next().is_some_and(fits) && text.bytes().all(|byte| fits(byte) || matches!(byte, b'_' | b'-'))
}

/// Makes a project name from a directory's name: `_My.App-1` becomes `myapp-1`.
pub fn project_name_of(directory: &Path) -> String {
    normalized(&directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

/// Makes a project name from any text: lower case, invalid characters dropped, no `_` or `-` in front. The result may
/// be empty.
pub fn normalized(text: &str) -> String {
    let name = text.to_lowercase();
    let kept: String = name
        .chars()
        .filter(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The compose files of a project; `-` is standard input.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    pub paths: Vec<PathBuf>,
    pub warnings: Vec<Diagnostic>,
}

/// Returns the compose files: the files given by `-f`; else the files of `COMPOSE_FILE`; else the first default file in
/// `start` or a directory above, with its override file.
pub fn discover(
    given: &[PathBuf],
    compose_file: Option<&str>,
    separator: &str,
    start: &Path,
    environment: &Environment,
) -> Result<Discovered, Diagnostic> {
    let absolute = |path: &Path| {
        if path == Path::new("-") { path.to_owned() } else { clean(&environment.current_dir().join(path)) }
    };
    if !given.is_empty() {
        return Ok(Discovered { paths: given.iter().map(|path| absolute(path)).collect(), warnings: Vec::new() });
    }
    if let Some(list) = compose_file.filter(|list| !list.is_empty()) {
        let paths =
            list.split(separator).filter(|path| !path.is_empty()).map(|path| absolute(Path::new(path))).collect();
        return Ok(Discovered { paths, warnings: Vec::new() });
    }
    let mut directory = Some(start);
    while let Some(at) = directory {
        let found: Vec<PathBuf> = DEFAULT_FILES.iter().map(|name| at.join(name)).filter(|path| is_file(path)).collect();
        if let Some(first) = found.first() {
            return Ok(with_override(at, first.clone(), &found));
        }
        directory = at.parent();
    }
    Err(Diagnostic::error("no-compose-file", Span::NONE, "no configuration file provided: not found")
        .cause(format!(
            "there is no {} here or in a directory above",
            DEFAULT_FILES.map(|name| format!("`{name}`")).join(", ")
        ))
        .help("name one with `-f FILE`"))
}

/// Adds the override file. Warns if the directory has several compose files or several override files.
fn with_override(directory: &Path, first: PathBuf, found: &[PathBuf]) -> Discovered {
    let mut files = Discovered { paths: vec![first.clone()], warnings: Vec::new() };
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|path| format!("`{}`", path.display())).collect();
        files.warnings.push(
            Diagnostic::warning(
                "several-files",
                Span::NONE,
                format!("found multiple config files with supported names: {}", names.join(", ")),
            )
            .help(format!("using `{}`; name another with `-f`", first.display())),
        );
    }
    let overrides: Vec<PathBuf> =
        OVERRIDE_FILES.iter().map(|name| directory.join(name)).filter(|path| is_file(path)).collect();
    if overrides.len() > 1 {
        let names: Vec<String> = overrides.iter().map(|path| format!("`{}`", path.display())).collect();
        files.warnings.push(Diagnostic::warning(
            "several-files",
            Span::NONE,
            format!("found multiple override files with supported names: {}", names.join(", ")),
        ));
    }
    files.paths.extend(overrides.into_iter().next());
    files
}

/// Removes `.`, `..` and doubled slashes from an absolute path, without access to the disk.
pub fn clean(path: &Path) -> PathBuf {
    PathBuf::from(clean_path(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_names_follow_the_directory() {
        assert_eq!(project_name_of(Path::new("/a/_My.App-1")), "myapp-1");
        assert!(is_project_name("a-b_c1"));
        assert!(!is_project_name("A") && !is_project_name("") && !is_project_name("-a"));
    }
}
