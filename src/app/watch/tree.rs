//! Looks at the files of this machine that the rules are about. Contents decide; times only save reading a file again.

#![expect(
    clippy::disallowed_methods,
    reason = "reads the files that are watched; the clock tells which were just written"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::changes::{Digest, Node, Tree};
use super::rules::Rule;

/// A file whose inode changed within this time before a look may change again without a trace in its times.
const FRESH_NANOS: i128 = 2_000_000_000;

/// What a file's inode tells: size, times, number and device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: i128,
    changed: i128,
    inode: u64,
    device: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            device: metadata.dev(),
        }
    }
}

/// Digests of earlier looks.
#[derive(Debug, Default)]
pub(super) struct Memory {
    known: HashMap<PathBuf, (Stamp, Digest)>,
}

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The files of each rule.
    pub trees: Vec<Tree>,
    /// Of each rule, the paths that could not be read.
    pub unreadable: Vec<BTreeSet<String>>,
    /// Sentences about what could not be read, by path.
    pub faults: BTreeMap<PathBuf, String>,
    /// The directories in which something may change.
    pub directories: BTreeSet<PathBuf>,
}

impl Memory {
    /// Looks at the files of all rules.
    pub(super) fn look(&mut self, rules: &[Rule]) -> Seen {
        let mut seen = Seen::default();
        let mut next = HashMap::new();
        for rule in rules {
            let mut walk = Walk {
                rule,
                known: &self.known,
                next: &mut next,
                now: jiff::Timestamp::now().as_nanosecond(),
                tree: Tree::new(),
                unreadable: BTreeSet::new(),
                faults: &mut seen.faults,
                directories: &mut seen.directories,
            };
            walk.root();
            let Walk { tree, unreadable, .. } = walk;
            seen.trees.push(tree);
            seen.unreadable.push(unreadable);
        }
        self.known = next;
        seen
    }
}

struct Walk<'a> {
    rule: &'a Rule,
    known: &'a HashMap<PathBuf, (Stamp, Digest)>,
    next: &'a mut HashMap<PathBuf, (Stamp, Digest)>,
    now: i128,
    tree: Tree,
    unreadable: BTreeSet<String>,
    faults: &'a mut BTreeMap<PathBuf, String>,
    directories: &'a mut BTreeSet<PathBuf>,
}

impl Walk<'_> {
    /// Looks at the root. The directory above is watched, too: editors replace a file, and a root may come later.
    fn root(&mut self) {
        let root = &self.rule.root;
        if let Some(above) = root.ancestors().skip(1).find(|above| above.is_dir()) {
            self.directories.insert(above.to_owned());
        }
        match std::fs::metadata(root) {
            Ok(found) if found.is_dir() => self.directory(""),
            Ok(_) => self.entry(""),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.fault("", &error),
        }
    }

    fn directory(&mut self, path: &str) {
        let full = self.rule.source(path);
        let names = match std::fs::read_dir(&full).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.fault(path, &error),
        };
        self.directories.insert(full);
        for entry in names {
            match entry.file_name().to_str() {
                Some(name) if path.is_empty() => self.entry(name),
                Some(name) => self.entry(&format!("{path}/{name}")),
                None => {
                    self.faults.insert(entry.path(), "its name is not UTF-8, so it is left out".to_owned());
                }
            }
        }
    }

    fn entry(&mut self, path: &str) {
        let full = self.rule.source(path);
        let filter = &self.rule.filter;
        let metadata = match std::fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            // Gone since its directory was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.fault(path, &error),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            if filter.enters(path) {
                if filter.covers(path) {
                    self.tree.insert(path.to_owned(), Node::Directory);
                }
                self.directory(path);
            }
        } else if filter.covers(path) && (kind.is_file() || kind.is_symlink()) {
            match self.node(&full, &metadata) {
                Ok(node) => {
                    self.tree.insert(path.to_owned(), node);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.fault(path, &error),
            }
        }
    }

    fn node(&mut self, full: &Path, metadata: &Metadata) -> io::Result<Node> {
        if metadata.file_type().is_symlink() {
            let target = std::fs::read_link(full)?;
            return Ok(Node::Link { digest: digest_of(target.as_os_str().as_encoded_bytes())? });
        }
        let stamp = Stamp::of(metadata);
        let known = self.known.get(full).filter(|(known, _)| *known == stamp);
        let digest = match known {
            Some((_, digest)) => *digest,
            None => digest_of(std::fs::File::open(full)?)?,
        };
        if self.now - stamp.changed > FRESH_NANOS {
            self.next.insert(full.to_owned(), (stamp, digest));
        }
        Ok(Node::File { digest, is_executable: metadata.mode() & 0o111 != 0 })
    }

    fn fault(&mut self, path: &str, error: &io::Error) {
        self.unreadable.insert(path.to_owned());
        self.faults.insert(self.rule.source(path), error.to_string());
    }
}

/// Returns the digest of a content.
pub(super) fn digest_of(mut content: impl Read) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    let mut piece = [0; 64 * 1024];
    loop {
        match content.read(&mut piece) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(length) => hash.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::changes::Changes;
    use super::super::rules::Filter;
    use super::*;
    use crate::model::WatchAction;

    fn rule(root: &Path, ignore: &[&str]) -> Rule {
        let ignore: Vec<String> = ignore.iter().map(|text| (*text).to_owned()).collect();
        Rule {
            service: "web".into(),
            action: WatchAction::Sync,
            root: root.to_owned(),
            target: "/t".to_owned(),
            exec: None,
            initial_sync: false,
            filter: Filter::new(&[], &ignore),
        }
    }

    #[test]
    fn a_look_sees_contents_links_and_directories_but_nothing_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("sub/deep")).unwrap();
        std::fs::create_dir_all(root.join("skip/deep")).unwrap();
        std::fs::write(root.join("sub/a"), "1").unwrap();
        std::fs::write(root.join("skip/deep/b"), "1").unwrap();
        std::os::unix::fs::symlink("sub/a", root.join("link")).unwrap();
        let rules = [rule(root, &["skip"])];
        let seen = Memory::default().look(&rules);
        assert_eq!(seen.trees[0].keys().collect::<Vec<_>>(), ["link", "sub", "sub/a", "sub/deep"]);
        assert!(matches!(seen.trees[0]["link"], Node::Link { .. }));
        assert!(!seen.directories.contains(&root.join("skip")) && seen.directories.contains(&root.join("sub/deep")));
    }

    #[test]
    fn a_touch_changes_nothing_and_a_change_under_an_old_time_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "one").unwrap();
        let rules = [rule(folder.path(), &[])];
        let mut memory = Memory::default();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let set_time = || std::fs::File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
        let first = memory.look(&rules).trees;
        set_time();
        let second = memory.look(&rules).trees;
        assert!(Changes::between(&first[0], &second[0]).is_empty());
        std::fs::write(&file, "two").unwrap();
        set_time();
        let third = memory.look(&rules).trees;
        assert_eq!(Changes::between(&second[0], &third[0]).count(), 1);
    }

    #[test]
    fn a_root_that_is_a_file_or_is_not_there_is_seen_through_its_directory() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let rules = [rule(&file, &[])];
        let mut memory = Memory::default();
        let seen = memory.look(&rules);
        assert!(seen.trees[0].is_empty() && seen.faults.is_empty());
        assert_eq!(seen.directories, [folder.path().to_owned()].into());
        std::fs::write(&file, "x").unwrap();
        assert_eq!(memory.look(&rules).trees[0].keys().collect::<Vec<_>>(), [""]);
    }
}
