//! Which files, which directory, which name: what holds before a file is parsed.

use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::env::Environment;
use crate::model::Span;

/// Names looked for, best first.
const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// Names of overrides beside them.
const OVERRIDE_FILES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Returns whether a text is a project name: `[a-z0-9][a-z0-9_-]*`.
pub fn is_project_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().next().is_some_and(fits) && text.bytes().all(|byte| fits(byte) || matches!(byte, b'_' | b'-'))
}

/// Makes a project name of a directory's: lower case, other characters dropped, no `_` or `-` in front.
pub fn project_name_of(directory: &Path) -> String {
    normalized(&directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

/// Makes a project name of any text; may come out empty.
pub(super) fn normalized(text: &str) -> String {
    let name = text.to_lowercase();
    let kept: String = name
        .chars()
        .filter(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '-'))
        .collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The files of a project; `-` is standard input.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub paths: Vec<PathBuf>,
    pub warnings: Vec<Diagnostic>,
}

/// Returns the files: those given, those of `COMPOSE_FILE`, or the first default ones upward from the start.
pub(super) fn files(
    given: &[PathBuf],
    compose_file: Option<&str>,
    separator: &str,
    start: &Path,
    environment: &Environment,
) -> Result<Files, Diagnostic> {
    let absolute = |path: &Path| {
        if path == Path::new("-") { path.to_owned() } else { clean(&start_of(path, environment).join(path)) }
    };
    if !given.is_empty() {
        return Ok(Files { paths: given.iter().map(|path| absolute(path)).collect(), warnings: Vec::new() });
    }
    if let Some(list) = compose_file.filter(|list| !list.is_empty()) {
        let paths =
            list.split(separator).filter(|path| !path.is_empty()).map(|path| absolute(Path::new(path))).collect();
        return Ok(Files { paths, warnings: Vec::new() });
    }
    let mut directory = Some(start);
    while let Some(at) = directory {
        let found: Vec<PathBuf> =
            DEFAULT_FILES.iter().map(|name| at.join(name)).filter(|path| path.is_file()).collect();
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

fn start_of<'a>(_path: &Path, environment: &'a Environment) -> &'a Path {
    environment.current_dir()
}

fn with_override(directory: &Path, first: PathBuf, found: &[PathBuf]) -> Files {
    let mut files = Files { paths: vec![first.clone()], warnings: Vec::new() };
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
        OVERRIDE_FILES.iter().map(|name| directory.join(name)).filter(|path| path.is_file()).collect();
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

/// Cleans an absolute path without looking at the disk.
pub(super) fn clean(path: &Path) -> PathBuf {
    PathBuf::from(super::canonical::clean_path(&path.to_string_lossy()))
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
