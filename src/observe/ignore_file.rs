//! Checks `.dockerignore` before a build. A pattern that the builder cannot parse would let files into the image that
//! the author wanted to exclude.
//!
//! A message shows the place of a pattern and not its text: the file may be a link to any file of this machine.

#![expect(clippy::disallowed_methods, reason = "reads the file beside the context")]

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::model::{Build, Service};
use crate::text::escape_controls;

/// The most bytes that are read; real files are far smaller.
const MOST: u64 = 1 << 20;
const ESCAPE: &str = "a backslash has no character behind it";

/// Checks the patterns by which the build of a service excludes files.
pub(super) fn check(service: &Service, build: &Build) -> Option<Diagnostic> {
    let path = file(build)?;
    let shown = escape_controls(&path.to_string_lossy()).into_owned();
    let (at, what) = match read(&path) {
        Err(what) => (shown.clone(), what),
        Ok(bytes) => {
            let (line, column, what) = first_fault(&String::from_utf8_lossy(&bytes))?;
            (format!("{shown}:{line}:{column}"), what.to_owned())
        }
    };
    let message = format!("the build of service `{}` cannot understand `{shown}`", service.name);
    Some(
        Diagnostic::error("ignore-pattern", build.span, message)
            .cause(format!("{at}: {what}"))
            .help("mend the pattern or the file; a backslash before `[` or `*` makes it an ordinary character"),
    )
}

/// Returns the path of the file with the patterns, if there is one. As in the build itself, `NAME.dockerignore` beside
/// the Dockerfile `NAME` has priority over the `.dockerignore` of the context.
fn file(build: &Build) -> Option<PathBuf> {
    let dockerfile = match &build.dockerfile_inline {
        Some(_) => None,
        None => Some(build.dockerfile.as_deref().unwrap_or("Dockerfile")),
    };
    let names = dockerfile.map(|name| format!("{name}.dockerignore")).into_iter().chain([".dockerignore".to_owned()]);
    names.map(|name| Path::new(&build.context).join(name)).find(|path| path.exists())
}

/// Reads the file, or returns why it cannot be read. Only a regular file is read: a pipe might never end.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    if !path.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(bytes) }
}

/// Returns line, column and fault of the first invalid pattern.
///
/// Compat: the rules are those of Go's `filepath.Match`, which docker uses.
fn first_fault(text: &str) -> Option<(usize, usize, &'static str)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let line = line.trim_start_matches('\u{feff}');
        let pattern = line.trim();
        if pattern.starts_with('#') {
            return None;
        }
        let start = line.chars().take_while(|char| char.is_whitespace()).count();
        let (pattern, skipped) = match pattern.strip_prefix('!') {
            Some("") => return Some((number, start + 1, "`!` stands alone, without a pattern to take back")),
            Some(rest) => (rest.trim_start(), pattern.chars().count() - rest.trim_start().chars().count()),
            None => (pattern, 0),
        };
        let (at, what) = fault(pattern)?;
        Some((number, start + skipped + at + 1, what))
    })
}

/// Returns the position of the invalid character in a pattern, from 0, and the fault.
fn fault(pattern: &str) -> Option<(usize, &'static str)> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        at = match char {
            '\\' if at + 1 == chars.len() => return Some((at, ESCAPE)),
            '\\' => at + 2,
            '[' => match class_end(&chars, at) {
                Ok(end) => end,
                Err(fault) => return Some(fault),
            },
            _ => at + 1,
        };
    }
    None
}

/// Returns the position behind a class such as `[a-z]` that begins at `start`, or the position of a fault and the
/// fault.
fn class_end(chars: &[char], start: usize) -> Result<usize, (usize, &'static str)> {
    let unended = (start, "the class that begins here does not end");
    // The position behind one character of the class. The last character of the pattern cannot be inside a class.
    let one = |at: usize| match chars.get(at) {
        None => Err(unended),
        Some('-' | ']') => Err((at, "a class needs a character here")),
        Some('\\') if at + 1 == chars.len() => Err((at, ESCAPE)),
        Some('\\') if at + 2 < chars.len() => Ok(at + 2),
        Some(char) if *char != '\\' && at + 1 < chars.len() => Ok(at + 1),
        Some(_) => Err(unended),
    };
    let mut at = start + 1;
    if chars.get(at) == Some(&'^') {
        at += 1;
    }
    loop {
        at = one(at)?;
        if chars.get(at) == Some(&'-') {
            at = one(at + 1)?;
        }
        if chars.get(at) == Some(&']') {
            return Ok(at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(usize, usize)>) {
        assert_eq!(first_fault(text).map(|(line, column, _)| (line, column)), expected, "{text:?}");
    }

    #[test]
    fn patterns_that_can_be_understood_pass() {
        let good = [
            "",
            "# [",
            "*.md\n!README.md",
            "a[0-9]b",
            "[^a-c]x",
            "[ab]",
            "\\[x",
            "{a,b}",
            "a]b",
            "[a\\]]",
            "\u{feff}x",
        ];
        for text in good {
            check(text, None);
        }
    }

    #[test]
    fn what_is_no_file_or_too_large_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()), Err("it is no ordinary file".to_owned()));
        assert_eq!(read(Path::new("/dev/zero")), Err("it is no ordinary file".to_owned()));
        let large = folder.path().join("large");
        std::fs::write(&large, vec![b'#'; (1 << 20) + 1]).expect("it can be written");
        assert_eq!(read(&large), Err("it is larger than 1 MiB".to_owned()));
        std::fs::write(&large, b"# caf\xe9\n*.md\n").expect("it can be written");
        assert_eq!(read(&large).map(|bytes| bytes.len()), Ok(12), "bytes that are no UTF-8 are no fault");
    }

    #[test]
    fn the_place_of_the_first_fault_is_told() {
        check("ok\n  [abc\n[", Some((2, 3)));
        check("x[", Some((1, 2)));
        check("![a-", Some((1, 2)));
        check("[]a]", Some((1, 2)));
        check("[-]", Some((1, 2)));
        check("[a-]", Some((1, 4)));
        check("a\\", Some((1, 2)));
        check("a[\\b", Some((1, 2)));
        check("x\n! \n", Some((2, 1)));
    }
}
