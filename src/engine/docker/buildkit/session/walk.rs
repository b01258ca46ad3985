//! Goes through a directory in the order that the engine expects: parents before children, names by their bytes.

#![expect(clippy::disallowed_methods, reason = "reads the directory of a build")]

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::fsutil::types::Stat;

use super::select::{Selection, Verdict};

/// Kinds of files, in the bits of Go's `fs.FileMode`.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const SETUID: u32 = 1 << 23;
const SETGID: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;

/// Goes through a directory.
pub(crate) struct Walk<'a, F> {
    root: &'a Path,
    selection: &'a Selection,
    /// Directories that are sent once something below them is.
    pending: Vec<Stat>,
    /// Where files with several names were first met.
    linked: BTreeMap<(u64, u64), String>,
    tell: F,
}

impl<'a, F: FnMut(Stat) -> io::Result<()>> Walk<'a, F> {
    /// Tells the entries of a directory that are selected.
    pub(crate) fn run(root: &'a Path, selection: &'a Selection, tell: F) -> io::Result<()> {
        let mut walk = Self { root, selection, pending: Vec::new(), linked: BTreeMap::new(), tell };
        walk.directory(Path::new(""))
    }

    fn directory(&mut self, relative: &Path) -> io::Result<()> {
        let path = self.root.join(relative);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
        let mut names = std::fs::read_dir(&path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>())
            .map_err(named)?;
        names.sort();
        names.into_iter().try_for_each(|name| self.entry(relative.join(name)))
    }

    fn entry(&mut self, relative: PathBuf) -> io::Result<()> {
        let path = self.root.join(&relative);
        let metadata = match std::fs::symlink_metadata(&path) {
            // A file that goes while the directory is read was never there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let kind = metadata.file_type();
        // A build cannot use sockets, pipes and devices.
        if !(kind.is_dir() || kind.is_file() || kind.is_symlink()) {
            return Ok(());
        }
        let text = relative.to_string_lossy().into_owned();
        let verdict = self.selection.judge(&text, kind.is_dir());
        if verdict == Verdict::Left {
            return Ok(());
        }
        let mut stat = stat(text, &metadata);
        if kind.is_symlink() {
            stat.linkname = std::fs::read_link(&path)?.to_string_lossy().into_owned();
        }
        if kind.is_dir() {
            return self.subdirectory(&relative, stat, verdict);
        }
        if kind.is_file() && metadata.nlink() > 1 {
            let first = self.linked.entry((metadata.dev(), metadata.ino())).or_insert_with(|| stat.path.clone());
            if *first != stat.path {
                stat.linkname.clone_from(first);
                stat.size = 0;
            }
        }
        self.send(stat)
    }

    fn subdirectory(&mut self, relative: &Path, stat: Stat, verdict: Verdict) -> io::Result<()> {
        if verdict == Verdict::Sent {
            self.send(stat)?;
            return self.directory(relative);
        }
        self.pending.push(stat);
        let depth = self.pending.len();
        self.directory(relative)?;
        // Still there where nothing below was sent.
        if self.pending.len() >= depth {
            self.pending.truncate(depth - 1);
        }
        Ok(())
    }

    fn send(&mut self, stat: Stat) -> io::Result<()> {
        for parent in std::mem::take(&mut self.pending) {
            (self.tell)(parent)?;
        }
        (self.tell)(stat)
    }
}

/// Describes an entry. The owner is root, as with every client of the engine, so that an image does not depend on who
/// builds it.
fn stat(path: String, metadata: &std::fs::Metadata) -> Stat {
    let bits = metadata.mode();
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => DIRECTORY,
        kind if kind.is_symlink() => LINK,
        _ => 0,
    };
    let special = [(0o4000, SETUID), (0o2000, SETGID), (0o1000, STICKY)];
    let special = special.iter().filter(|(bit, _)| bits & bit != 0).fold(0, |all, (_, bit)| all | bit);
    Stat {
        path,
        mode: kind | special | (bits & 0o777),
        size: if metadata.is_dir() { 0 } else { metadata.len().cast_signed() },
        mod_time: metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()),
        ..Stat::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::docker::buildkit::session::select::Selection;

    #[test]
    fn parents_come_before_children_and_only_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        ["a/b/c", "a/b.txt", "a-b", "other/x", "z/y"].into_iter().for_each(make);
        std::fs::hard_link(folder.path().join("a-b"), folder.path().join("z/same")).unwrap();
        let told = |selection: &Selection| {
            let mut told = Vec::new();
            Walk::run(folder.path(), selection, |stat| {
                told.push(if stat.linkname.is_empty() {
                    stat.path
                } else {
                    format!("{}={}", stat.path, stat.linkname)
                });
                Ok(())
            })
            .unwrap();
            told.join(" ")
        };
        assert_eq!(told(&Selection::test(&[], "")), "a a/b a/b/c a/b.txt a-b other other/x z z/same=a-b z/y");
        assert_eq!(told(&Selection::test(&["a/b/c", "other/nothing"], "")), "a a/b a/b/c");
        assert_eq!(told(&Selection::test(&[], "*\n!a/b.txt")), "a a/b.txt");
    }
}
