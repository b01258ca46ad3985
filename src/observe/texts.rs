//! Texts of a project that are judged without an engine: Dockerfiles, scripts, configurations, what git tracks.
//!
//! A stranger's project may name any path, so only regular files of a moderate size are read, and a path that leads out of
//! its directory is not followed.

#![expect(clippy::disallowed_methods, reason = "reads the files of a project that are judged")]

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 10;
/// The most files of one directory and the directories below it.
const MOST: usize = 400;
/// How deep directories are looked into.
const DEPTH: usize = 6;

/// Returns the content of a regular file; `None` where it is missing, too large, not a text, or no regular file.
pub fn read(path: &Path) -> Option<String> {
    let file =
        std::fs::metadata(path).ok().filter(|it| it.is_file() && it.len() <= LARGEST).and(File::open(path).ok())?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

/// Returns whether a path is a regular file.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Returns whether a path is a directory.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Returns whether a path, with its links followed, is one of some directories or below it.
pub fn is_within(path: &Path, directories: &[&Path]) -> bool {
    let Ok(real) = path.canonicalize() else { return false };
    directories.iter().filter_map(|one| one.canonicalize().ok()).any(|one| real.starts_with(one))
}

/// Returns the files at a path of a directory: the file itself, or those of the directory, relative to the path. Nothing
/// outside the directory is returned. `*` in the last part of the path stands for any text.
pub fn files(directory: &Path, source: &str) -> Vec<(PathBuf, String)> {
    let source = source.trim_start_matches('/').trim_start_matches("./");
    let (folder, pattern) = match source.rsplit_once('/') {
        Some((folder, last)) if last.contains('*') => (directory.join(folder), Some(last)),
        None if source.contains('*') => (directory.to_owned(), Some(source)),
        _ => (directory.join(source), None),
    };
    let mut found = Vec::new();
    match pattern {
        _ if !is_within(&folder, &[directory]) => {}
        None if folder.is_file() => {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((folder, name));
        }
        None => walk(&folder, "", DEPTH, &mut found),
        Some(pattern) => {
            walk(&folder, "", 0, &mut found);
            found.retain(|(_, name)| matches(pattern, name));
        }
    }
    found.retain(|(path, _)| is_within(path, &[directory]));
    found
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if found.len() >= MOST {
            return;
        }
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => walk(&entry.path(), &format!("{name}/"), depth - 1, found),
            Ok(kind) if kind.is_file() || kind.is_symlink() => found.push((entry.path(), name)),
            _ => {}
        }
    }
}

/// Returns whether a name fits a pattern with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = "";
    for part in parts {
        last = part;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || name.ends_with(last) && !last.is_empty() || last.is_empty()
}

/// Returns the env files, keys and secrets that git tracks in a folder; `None` where the folder is no repository, or git is
/// missing.
pub fn tracked(folder: &Path) -> Option<Vec<String>> {
    let patterns = ["*.env", "*.key", "*.pem", "*id_rsa", "*id_ed25519", "secrets/*", "*/secrets/*"];
    // The folder may be a stranger's: its own configuration must start no program.
    let output = Command::new("git")
        .args(["-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit", "-C"])
        .arg(folder)
        .args(["ls-files", "-z", "--"])
        .args(patterns)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, is_so) in [
            ("*.sh", "a.sh", true),
            ("*.sh", "a.sh.x", false),
            ("a*c", "abc", true),
            ("*", "x", true),
            ("b*", "abc", false),
        ] {
            assert_eq!(matches(pattern, name), is_so, "{pattern} {name}");
        }
    }

    #[test]
    fn a_path_out_of_the_directory_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("in");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::fs::write(inner.join("a.sh"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), inner.join("b.sh")).unwrap();
        let names = |source: &str| files(&inner, source).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names("."), ["a.sh"]);
        assert_eq!(names("../secret"), Vec::<String>::new());
    }
}
