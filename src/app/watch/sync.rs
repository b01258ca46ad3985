//! Puts changed files into a container.

#![expect(clippy::disallowed_methods, reason = "packs the files that are synced")]

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use futures_util::{StreamExt, TryStreamExt};
use tokio_util::io::{ReaderStream, SyncIoBridge};

use super::changes::{Changes, Node, Tree};
use super::container::{self, Owner, Picture};
use super::rules::Rule;
use crate::engine::{EngineError, EngineHandle, EngineResult, ErrorKind, ExecSpec, PutOptions};
use crate::model::ContainerId;

/// So many paths are removed by one command.
const AT_ONCE: usize = 500;
/// Bytes of the archive that wait for the engine.
const QUEUE: usize = 256 * 1024;

/// A file to put into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    /// Its path below the directory that the archive is put into.
    name: String,
    /// Its path on this machine; `None` for a directory that only leads to the target.
    source: Option<PathBuf>,
    owner: Owner,
}

/// Brings a container to what a rule's tree has at the changed paths. Files that the container has already, with the same
/// content, are left alone. Returns how many files were written or removed.
pub(super) async fn sync(
    engine: &EngineHandle,
    id: &ContainerId,
    rule: &Rule,
    tree: &Tree,
    changes: &Changes,
) -> EngineResult<usize> {
    remove(engine, id, rule, &changes.removed).await?;
    if changes.written.is_empty() {
        return Ok(changes.removed.len());
    }
    let directory = rule.directory(tree.contains_key(""));
    let picture = container::look(engine, id, &directory, &concerned(rule, changes)).await?;
    let items = items(rule, tree, changes, &directory, &picture);
    let count = items.iter().filter(|item| item.source.is_some()).count();
    if !items.is_empty() {
        put(engine, id, &picture.base, items).await?;
    }
    Ok(count + changes.removed.len())
}

/// Returns the paths in the container that matter for a change: the files, and the directories that lead to them.
fn concerned(rule: &Rule, changes: &Changes) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for path in &changes.written {
        paths.extend(path.match_indices('/').map(|(at, _)| rule.destination(&path[..at])));
        paths.insert(rule.destination(path));
    }
    paths
}

/// Returns what to put into the container. Directories that exist are left out: an archive would change their owner, and put a
/// directory in the place of a link to one.
fn items(rule: &Rule, tree: &Tree, changes: &Changes, directory: &str, picture: &Picture) -> Vec<Item> {
    let name = |path: &str| path.strip_prefix(&*picture.base).unwrap_or(path).trim_start_matches('/').to_owned();
    let mut items: Vec<Item> = Vec::new();
    // The directories from one that exists down to the target.
    let missing = directory.match_indices('/').map(|(at, _)| &directory[..at]).chain([directory]);
    for path in missing.filter(|path| path.len() > picture.base.len()) {
        items.push(Item { name: name(path), source: None, owner: picture.owner });
    }
    let mut done = BTreeSet::new();
    let above = |path: &str| path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
    let wanted = changes.written.iter().flat_map(|path| above(path).into_iter().chain([path.clone()]));
    for path in wanted.filter(|path| done.insert(path.clone())) {
        let destination = rule.destination(&path);
        let found = picture.found.get(&destination);
        // A directory above that `include` leaves out of the tree.
        let node = tree.get(&path).copied().unwrap_or(Node::Directory);
        let is_there = match (node, found.map(|found| found.node)) {
            // A link to a directory leads to the files as well.
            (Node::Directory, Some(there)) => matches!(there, Some(Node::Directory | Node::Link { .. })),
            (node, Some(there)) => there == Some(node),
            (_, None) => false,
        };
        if !is_there {
            let owner = picture.owner_of(&destination);
            items.push(Item { name: name(&destination), source: Some(rule.source(&path)), owner });
        }
    }
    items
}

/// Puts files into a container as one archive, which is packed while it is sent.
async fn put(engine: &EngineHandle, id: &ContainerId, base: &str, items: Vec<Item>) -> EngineResult<()> {
    let (sender, receiver) = tokio::io::duplex(QUEUE);
    let writer = SyncIoBridge::new(sender);
    let packing = tokio::task::spawn_blocking(move || pack(&items, io::BufWriter::new(writer)));
    let stream = ReaderStream::new(receiver).map_err(|error| io::Error::other(error.to_string())).boxed();
    let result = engine.put_archive(id, base, stream, PutOptions::default()).await;
    // An engine that reads no further is the cause of a broken pipe, and its own words say why.
    match packing.await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(EngineError::new(ErrorKind::Invalid, "put files into container", error.to_string()))
        }
        _ => result,
    }
}

/// Writes files as a tar archive. A file that is gone by now is left out: its removal is the next change.
fn pack(items: &[Item], out: impl Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(out);
    for item in items {
        let mut header = tar::Header::new_gnu();
        header.set_uid(item.owner.0);
        header.set_gid(item.owner.1);
        let Some(source) = &item.source else {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, &item.name, io::empty())?;
            continue;
        };
        match std::fs::symlink_metadata(source) {
            Ok(metadata) => append(&mut tar, &mut header, item, source, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    tar.into_inner()?.flush()
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    header: &mut tar::Header,
    item: &Item,
    source: &std::path::Path,
    metadata: &Metadata,
) -> io::Result<()> {
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or_default());
    let kind = metadata.file_type();
    if kind.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        return tar.append_link(header, &item.name, std::fs::read_link(source)?);
    }
    if kind.is_dir() {
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        return tar.append_data(header, &item.name, io::empty());
    }
    let file = match std::fs::File::open(source) {
        Ok(file) if kind.is_file() => file,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => return Ok(()),
    };
    // The header comes first. A file that is written meanwhile is synced again.
    header.set_size(metadata.len());
    tar.append_data(header, &item.name, file.chain(io::repeat(0)).take(metadata.len()))
}

/// Removes files of a container by its own `rm`: an engine has no call for that.
async fn remove(engine: &EngineHandle, id: &ContainerId, rule: &Rule, paths: &BTreeSet<String>) -> EngineResult<()> {
    let paths: Vec<String> = paths.iter().map(|path| rule.destination(path)).collect();
    for paths in paths.chunks(AT_ONCE) {
        let command = ["rm", "-rf", "--"].map(str::to_owned).into_iter().chain(paths.iter().cloned()).collect();
        // Synced files belong to whom their directory belongs; only root may remove all of them.
        let spec = ExecSpec { command, user: Some("0".to_owned()), ..ExecSpec::default() };
        let done = engine.exec(id, &spec).await?;
        if done.exit_code != 0 {
            let words = format!("`rm` ended with code {}: {}", done.exit_code, done.output.trim_end());
            return Err(EngineError::new(ErrorKind::Invalid, "remove files of container", words));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::container::Found;
    use super::super::rules::Filter;
    use super::*;
    use crate::model::WatchAction;

    fn rule(root: &str, target: &str) -> Rule {
        Rule {
            service: "web".into(),
            action: WatchAction::Sync,
            root: root.into(),
            target: target.to_owned(),
            exec: None,
            initial_sync: false,
            filter: Filter::default(),
        }
    }

    fn file(digit: u8) -> Node {
        Node::File { digest: [digit; 32], is_executable: false }
    }

    fn written(paths: &[&str]) -> Changes {
        Changes { written: paths.iter().map(|path| (*path).to_owned()).collect(), ..Changes::default() }
    }

    fn names(items: &[Item]) -> Vec<(&str, Owner)> {
        items.iter().map(|item| (item.name.as_str(), item.owner)).collect()
    }

    #[test]
    fn files_that_are_there_are_left_and_others_keep_the_owner() {
        let there = |owner, node| Found { owner, node: Some(node) };
        let picture = Picture {
            base: "/app".to_owned(),
            owner: (1, 1),
            found: [
                ("/app/same".to_owned(), there((9, 9), file(1))),
                ("/app/old".to_owned(), there((2, 2), file(7))),
                ("/app/dir".to_owned(), there((3, 3), Node::Link { digest: [0; 32] })),
            ]
            .into(),
        };
        let tree: Tree = [("same", 1), ("old", 2), ("dir/new", 3), ("deep/er/new", 4)]
            .map(|(path, digit)| (path.to_owned(), file(digit)))
            .into();
        let changes = written(&["same", "old", "dir/new", "deep/er/new"]);
        let found = items(&rule("/p", "/app"), &tree, &changes, "/app", &picture);
        assert_eq!(
            names(&found),
            [("deep", (1, 1)), ("deep/er", (1, 1)), ("deep/er/new", (1, 1)), ("dir/new", (3, 3)), ("old", (2, 2))]
        );
    }

    #[test]
    fn a_target_that_is_not_there_is_made() {
        let tree: Tree = [("a".to_owned(), file(1))].into();
        let picture = Picture { base: "/srv".to_owned(), owner: (4, 4), ..Picture::default() };
        let found = items(&rule("/p", "/srv/x/y"), &tree, &written(&["a"]), "/srv/x/y", &picture);
        assert_eq!(names(&found), [("x", (4, 4)), ("x/y", (4, 4)), ("x/y/a", (4, 4))]);
        let picture = Picture { base: "/".to_owned(), ..Picture::default() };
        let found = items(&rule("/p", "/srv/x"), &tree, &written(&["a"]), "/srv/x", &picture);
        assert_eq!(names(&found), [("srv", (0, 0)), ("srv/x", (0, 0)), ("srv/x/a", (0, 0))]);
        let found = items(&rule("/p", "/"), &tree, &written(&["a"]), "/", &picture);
        assert_eq!(names(&found), [("a", (0, 0))]);
    }

    #[test]
    fn an_archive_keeps_links_modes_and_owners_and_leaves_out_what_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("run"), "text").unwrap();
        std::fs::set_permissions(path("run"), std::os::unix::fs::PermissionsExt::from_mode(0o750)).unwrap();
        std::os::unix::fs::symlink("run", path("link")).unwrap();
        let item = |name: &str, source: &str| Item { name: name.to_owned(), source: Some(path(source)), owner: (5, 6) };
        let mut bytes = Vec::new();
        pack(&[item("a/run", "run"), item("a/link", "link"), item("a/gone", "gone")], &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let told: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                let (path, link) =
                    (entry.path().unwrap().into_owned(), entry.link_name().unwrap().map(|link| link.into_owned()));
                let header = entry.header();
                format!(
                    "{} {:?} {:o} {} {} {text}",
                    path.display(),
                    link,
                    header.mode().unwrap(),
                    header.uid().unwrap(),
                    header.gid().unwrap()
                )
            })
            .collect();
        assert_eq!(told, ["a/run None 750 5 6 text", "a/link Some(\"run\") 777 5 6 "]);
    }
}
