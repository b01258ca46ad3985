//! What has changed, and what is to be done about it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Rule;
use crate::model::{ServiceName, WatchAction};

/// The SHA-256 of a file's content, or of where a link leads.
pub(super) type Digest = [u8; 32];

/// A file as far as it counts. Times do not: a `touch` changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File { digest: Digest, is_executable: bool },
    Link { digest: Digest },
    Directory,
}

/// The files of a rule by their paths relative to its root; blank is the root itself, where it is a file.
pub(super) type Tree = BTreeMap<String, Node>;

/// How a tree differs from the tree of before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub written: BTreeSet<String>,
    /// Files and directories that are gone; of a directory that is gone only the directory.
    pub removed: BTreeSet<String>,
}

impl Changes {
    /// Compares two looks at a rule's files.
    pub(super) fn between(before: &Tree, after: &Tree) -> Self {
        let written = after.iter().filter(|(path, node)| before.get(*path) != Some(node));
        let removed: BTreeSet<String> = before.keys().filter(|path| !after.contains_key(*path)).cloned().collect();
        Self { written: written.map(|(path, _)| path.clone()).collect(), removed: outermost(&removed) }
    }

    /// Returns what brings a container to a tree that may lack what changed at these paths.
    pub(super) fn of_paths<'a>(paths: impl IntoIterator<Item = &'a String>, tree: &Tree) -> Self {
        let (written, removed) = paths.into_iter().cloned().partition(|path| tree.contains_key(path));
        Self { written, removed: outermost(&removed) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    /// Returns how many files are concerned.
    pub(super) fn count(&self) -> usize {
        self.written.len() + self.removed.len()
    }

    /// Returns the changes in words: `3 files (a, b, c)`.
    pub(super) fn told(&self) -> String {
        const SHOWN: usize = 3;
        let all = || self.written.iter().chain(&self.removed);
        let shown: Vec<&str> = all().take(SHOWN).map(|path| if path.is_empty() { "." } else { path }).collect();
        let rest = if self.count() > SHOWN { ", ..." } else { "" };
        let noun = if self.count() == 1 { "file" } else { "files" };
        crate::text::escape_controls(&format!("{} {noun} ({}{rest})", self.count(), shown.join(", "))).into_owned()
    }
}

/// Returns the paths that are not below another path of the set.
fn outermost(paths: &BTreeSet<String>) -> BTreeSet<String> {
    let is_below_another = |path: &str| path.match_indices('/').any(|(at, _)| paths.contains(&path[..at]));
    paths.iter().filter(|path| !is_below_another(path)).cloned().collect()
}

/// Keeps what was known of files below paths that cannot be read now: that they cannot be seen does not mean they are gone.
pub(super) fn keep_unreadable(before: &Tree, after: &mut Tree, unreadable: &BTreeSet<String>) {
    let is_hidden = |path: &str| {
        unreadable.contains(path) || path.match_indices('/').any(|(at, _)| unreadable.contains(&path[..at]))
    };
    for (path, node) in before.iter().filter(|(path, _)| is_hidden(path)) {
        after.entry(path.clone()).or_insert(*node);
    }
}

/// Something to do about a batch of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Build the images of services and replace their containers.
    Rebuild(BTreeSet<ServiceName>),
    /// Put the changes of a rule (by its index) into the containers.
    Sync(usize),
    /// Run the command of a rule in the containers.
    Exec(usize),
    /// Restart the containers of services.
    Restart(BTreeSet<ServiceName>),
}

/// Decides what to do about a batch: `changes` are those of each rule. A service that is rebuilt gets nothing else: its new
/// containers are made of the new files, and what was synced before is synced again once they run.
pub(super) fn decide(rules: &[Rule], changes: &[Changes]) -> Vec<Act> {
    let changed =
        || rules.iter().enumerate().filter(|(index, _)| changes.get(*index).is_some_and(|one| !one.is_empty()));
    let of = |actions: &[WatchAction]| -> BTreeSet<ServiceName> {
        changed().filter(|(_, rule)| actions.contains(&rule.action)).map(|(_, rule)| rule.service.clone()).collect()
    };
    let rebuilt = of(&[WatchAction::Rebuild]);
    let kept = || changed().filter(|(_, rule)| !rebuilt.contains(&rule.service));
    let syncs = kept().filter(|(_, rule)| rule.action.syncs()).map(|(index, _)| Act::Sync(index));
    let commands = kept().filter(|(_, rule)| rule.action == WatchAction::SyncExec).map(|(index, _)| Act::Exec(index));
    let mut restarted = of(&[WatchAction::Restart, WatchAction::SyncRestart]);
    restarted.retain(|service| !rebuilt.contains(service));
    let mut acts: Vec<Act> = syncs.chain(commands).collect();
    if !rebuilt.is_empty() {
        acts.insert(0, Act::Rebuild(rebuilt));
    }
    if !restarted.is_empty() {
        acts.push(Act::Restart(restarted));
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::super::rules::Filter;
    use super::*;

    fn file(digit: u8) -> Node {
        Node::File { digest: [digit; 32], is_executable: false }
    }

    fn tree(files: &[(&str, Node)]) -> Tree {
        files.iter().map(|(path, node)| ((*path).to_owned(), *node)).collect()
    }

    fn paths(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn only_what_differs_in_content_kind_or_the_right_to_run_has_changed() {
        let before = tree(&[("a", file(1)), ("b", file(2)), ("run", file(3)), ("l", Node::Link { digest: [1; 32] })]);
        assert!(Changes::between(&before, &before).is_empty());
        let after = tree(&[
            ("a", file(9)),
            ("b", file(2)),
            ("run", Node::File { digest: [3; 32], is_executable: true }),
            ("l", file(1)),
            ("new", Node::Directory),
        ]);
        let changes = Changes::between(&before, &after);
        assert_eq!(changes, Changes { written: paths(&["a", "run", "l", "new"]), removed: paths(&[]) });
    }

    #[test]
    fn of_a_directory_that_is_gone_only_the_directory_is_removed() {
        let before = tree(&[
            ("d", Node::Directory),
            ("d/a", file(1)),
            ("d/e", Node::Directory),
            ("d/e/b", file(1)),
            ("d-x", file(1)),
        ]);
        assert_eq!(Changes::between(&before, &Tree::new()).removed, paths(&["d", "d-x"]));
        let mut after = Tree::new();
        keep_unreadable(&before, &mut after, &paths(&["d/e"]));
        assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), paths(&["d/e", "d/e/b"]));
    }

    #[test]
    fn changes_are_told_with_the_first_names() {
        let changes = Changes { written: paths(&["a", "b"]), removed: paths(&["c", "d"]) };
        assert_eq!(changes.told(), "4 files (a, b, c, ...)");
        assert_eq!(Changes { written: paths(&[""]), removed: paths(&[]) }.told(), "1 file (.)");
    }

    fn rules(list: &[(&str, WatchAction)]) -> Vec<Rule> {
        let rule = |(service, action): &(&str, WatchAction)| Rule {
            service: (*service).into(),
            action: *action,
            root: "/p".into(),
            target: "/t".into(),
            exec: None,
            initial_sync: false,
            filter: Filter::default(),
        };
        list.iter().map(rule).collect()
    }

    fn services(list: &[&str]) -> BTreeSet<ServiceName> {
        list.iter().map(|name| (*name).into()).collect()
    }

    #[test]
    fn a_service_is_rebuilt_or_synced_and_restarted_once_a_batch() {
        let rules = rules(&[
            ("web", WatchAction::Sync),
            ("web", WatchAction::SyncRestart),
            ("web", WatchAction::SyncExec),
            ("web", WatchAction::Rebuild),
            ("db", WatchAction::Restart),
            ("db", WatchAction::SyncRestart),
        ]);
        let changed = |which: &[usize]| -> Vec<Changes> {
            let one = |index| if which.contains(&index) { paths(&["x"]) } else { paths(&[]) };
            (0..rules.len()).map(|index| Changes { written: one(index), removed: paths(&[]) }).collect()
        };
        let acts = |which: &[usize]| decide(&rules, &changed(which));
        assert_eq!(acts(&[]), []);
        assert_eq!(acts(&[0]), [Act::Sync(0)]);
        assert_eq!(
            acts(&[0, 1, 2, 4, 5]),
            [
                Act::Sync(0),
                Act::Sync(1),
                Act::Sync(2),
                Act::Sync(5),
                Act::Exec(2),
                Act::Restart(services(&["db", "web"]))
            ]
        );
        assert_eq!(
            acts(&[0, 1, 3, 5]),
            [Act::Rebuild(services(&["web"])), Act::Sync(5), Act::Restart(services(&["db"]))]
        );
    }

    #[test]
    fn what_changed_since_the_beginning_is_brought_to_a_new_container() {
        let now = tree(&[("a", file(1)), ("d", Node::Directory), ("d/x", file(1))]);
        let changes = Changes::of_paths(&["a", "d/x", "gone", "gone/y"].map(str::to_owned), &now);
        assert_eq!(changes, Changes { written: paths(&["a", "d/x"]), removed: paths(&["gone"]) });
    }
}
