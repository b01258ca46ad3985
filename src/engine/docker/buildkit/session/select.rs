//! Which files of a directory the engine wants: the names that it follows, patterns of what it leaves out.
//!
//! Compat: the rules are those of BuildKit's own client (`tonistiigi/fsutil`, `followlinks.go`).

#![expect(clippy::disallowed_methods, reason = "follows links of a build context")]

use std::collections::BTreeSet;
use std::path::Path;

use super::super::grpc::server::Words;
use crate::text::Ignore;

/// The most links that are followed for one name.
const MOST_LINKS: u32 = 255;

/// What is sent of a directory.
pub(crate) struct Selection {
    /// Paths with wildcards; `None` is everything.
    wanted: Option<Vec<Vec<String>>>,
    ignore: Ignore,
}

/// How a path stands to a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Sent,
    /// It is not sent itself, but something below it may be.
    Above,
    /// Neither it nor anything below it is sent.
    Left,
}

#[cfg(test)]
impl Selection {
    pub(super) fn test(wanted: &[&str], ignored: &str) -> Self {
        let wanted = (!wanted.is_empty()).then(|| wanted.iter().map(|path| fixed(path)).collect());
        Self { wanted, ignore: Ignore::parse(ignored) }
    }
}

impl Selection {
    /// Selects everything but what a text like that of `.dockerignore` leaves out.
    pub(crate) fn without(ignored: &str) -> Self {
        Self { wanted: None, ignore: Ignore::parse(ignored) }
    }

    /// Reads what the engine says beside its call.
    pub(super) fn of(words: &Words, root: Option<&Path>) -> Self {
        let followed: Vec<String> = words.all("followpaths");
        let mut wanted: Vec<String> = words.all("include-patterns");
        match root {
            Some(root) => wanted.extend(follow(root, &followed)),
            None => wanted.extend(followed),
        }
        let is_all = wanted.iter().any(|path| fixed(path).is_empty());
        let is_asked = !wanted.is_empty() && !is_all;
        let wanted = is_asked.then(|| wanted.iter().map(|path| fixed(path)).collect());
        Self { wanted, ignore: Ignore::parse(&words.all("exclude-patterns").join("\n")) }
    }

    /// Judges a path, which is relative to the directory.
    pub(super) fn judge(&self, path: &str, is_directory: bool) -> Verdict {
        let is_excluded = self.ignore.excludes(path);
        let wanted = self.wanted.as_ref().map_or(Verdict::Sent, |wanted| among(wanted, path));
        match (wanted, is_excluded) {
            (Verdict::Sent, false) => Verdict::Sent,
            (Verdict::Left, _) => Verdict::Left,
            _ if !is_directory => Verdict::Left,
            (_, true) if !self.ignore.may_take_back_below(path) => Verdict::Left,
            (Verdict::Sent | Verdict::Above, _) => Verdict::Above,
        }
    }
}

/// Judges a path by the names that are wanted: one of them, or below one of them, or above one of them.
fn among(wanted: &[Vec<String>], path: &str) -> Verdict {
    let path: Vec<&str> = path.split('/').collect();
    let fits = |name: &&Vec<String>| name.iter().zip(&path).all(|(pattern, part)| Ignore::matches(pattern, part));
    let lengths = wanted.iter().filter(fits).map(Vec::len);
    lengths.fold(Verdict::Left, |verdict, length| match verdict {
        Verdict::Sent => Verdict::Sent,
        _ if length <= path.len() => Verdict::Sent,
        _ => Verdict::Above,
    })
}

/// Returns the parts of a wanted path up to the first `**`, which stands for any number of directories: all below is sent.
fn fixed(path: &str) -> Vec<String> {
    Ignore::parts(path).into_iter().take_while(|part| !part.contains("**")).collect()
}

/// Returns the paths that are needed for these names: the names, the links on the way, and what the links lead to. A
/// link that leads out of the directory counts from its root, as in a container.
fn follow(root: &Path, names: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in names {
        add(root, &Ignore::parts(name), &mut found, &mut MOST_LINKS.clone());
    }
    found
}

fn add(root: &Path, name: &[String], found: &mut BTreeSet<String>, budget: &mut u32) {
    if name.is_empty() {
        found.insert(".".to_owned());
        return;
    }
    for length in 1..=name.len() {
        let (current, rest) = name.split_at(length);
        let is_last = rest.is_empty();
        let links = links(root, current);
        let path = current.join("/");
        if !links.is_empty() {
            if *budget == 0 || (!found.insert(path) && is_last) {
                return;
            }
            *budget -= 1;
            for mut target in links {
                target.extend_from_slice(rest);
                add(root, &target, found, budget);
            }
            // Names with wildcards may also match what is no link.
            if !is_last && !current[length - 1].contains(['*', '?', '[']) {
                return;
            }
        } else if is_last {
            found.insert(path);
        }
    }
}

/// Returns what the links of this name lead to. The last part may have wildcards.
fn links(root: &Path, name: &[String]) -> Vec<Vec<String>> {
    let Some((last, above)) = name.split_last() else { return Vec::new() };
    let directory = above.iter().fold(root.to_owned(), |path, part| path.join(part));
    let target = |file: &str| {
        let link = std::fs::read_link(directory.join(file)).ok()?;
        let link = link.to_string_lossy().into_owned();
        Some(match link.starts_with('/') {
            true => Ignore::parts(&link),
            false => Ignore::parts(&format!("{}/{link}", above.join("/"))),
        })
    };
    if !last.contains(['*', '?', '[']) {
        return target(last).into_iter().collect();
    }
    let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| Ignore::matches(last, name)).filter_map(|name| target(&name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_sent() {
        use Verdict::*;
        let some = Selection::test(&["src/a", "*.txt"], "src/a/tmp\n**/*.log\n!src/a/tmp/keep");
        for (path, is_directory, expected) in [
            ("src", true, Above),
            ("src/a", true, Sent),
            ("src/a/b", false, Sent),
            ("src/b", true, Left),
            ("x.txt", false, Sent),
            ("x.md", false, Left),
            ("src/a/x.log", false, Left),
            ("src/a/tmp", true, Above),
            ("src/a/tmp/x", false, Left),
            ("src/a/tmp/keep", false, Sent),
        ] {
            assert_eq!(some.judge(path, is_directory), expected, "{path}");
        }
        assert_eq!(Selection::test(&[], "").judge("any/thing", false), Sent);
        assert_eq!(Selection::test(&[], "out").judge("out", true), Left);
    }

    #[test]
    fn all_below_a_double_star_is_sent() {
        let some = Selection::test(&["src/**/*.txt"], "");
        for (path, is_directory, expected) in [
            ("src", true, Verdict::Sent),
            ("src/x.txt", false, Verdict::Sent),
            ("src/a/b/c.txt", false, Verdict::Sent),
            ("other", true, Verdict::Left),
        ] {
            assert_eq!(some.judge(path, is_directory), expected, "{path}");
        }
    }

    #[test]
    fn links_are_followed_inside_the_directory_only() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        std::fs::write(root.join("real/deep/file"), "x").unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        std::os::unix::fs::symlink("/real/deep", root.join("up")).unwrap();
        std::os::unix::fs::symlink("../../etc", root.join("real/out")).unwrap();
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        let found = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            follow(root, &names).into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&["link/deep/file"]), "link real/deep/file");
        assert_eq!(found(&["up/file"]), "real/deep/file up");
        assert_eq!(found(&["real/out"]), "etc real/out");
        assert_eq!(found(&["loop"]), "loop");
        assert_eq!(found(&["gone/x"]), "gone/x");
        assert_eq!(found(&["."]), ".");
        assert_eq!(found(&["l*"]), "l* loop real");
    }
}
