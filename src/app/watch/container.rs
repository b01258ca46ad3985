//! Looks at files of a container: which are there, with what content, and to whom they belong.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::changes::Node;
use super::tree::digest_of;
use crate::engine::{EngineHandle, EngineResult, EngineStream};
use crate::model::ContainerId;

/// Up to so many paths are asked for one by one; else the directory is read as a whole,
const FEW: usize = 64;
/// of which so many bytes at most. What comes after them counts as not there.
const MOST: u64 = 256 << 20;
/// So many paths are asked for at the same time.
const AT_ONCE: usize = 8;
/// The content of a larger file is not compared.
const LARGEST: u64 = 64 << 20;

/// User and group, as numbers.
pub(super) type Owner = (u64, u64);

/// A file of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub owner: Owner,
    /// What the file is; `None` for devices and the like, and for content that was not read.
    pub node: Option<Node>,
}

/// What a container has below a directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// The directory, or the nearest one above that exists.
    pub base: String,
    /// To whom that directory belongs.
    pub owner: Owner,
    /// Files by their absolute paths.
    pub found: BTreeMap<String, Found>,
}

impl Picture {
    /// Returns to whom a new file belongs: as its directory does.
    pub(super) fn owner_of(&self, path: &str) -> Owner {
        let above = path.match_indices('/').rev().map(|(at, _)| &path[..at]);
        let known = std::iter::once(path).chain(above).find_map(|path| self.found.get(path));
        known.map_or(self.owner, |found| found.owner)
    }
}

/// Looks at some paths below a directory of a container.
pub(super) async fn look(
    engine: &EngineHandle,
    id: &ContainerId,
    directory: &str,
    paths: &BTreeSet<String>,
) -> EngineResult<Picture> {
    let mut base = directory.to_owned();
    let owner = loop {
        if let Some(first) = first(engine, id, &format!("{base}/.")).await? {
            break first.owner;
        }
        match base.rsplit_once('/') {
            Some((above, _)) => base = above.to_owned(),
            None => break (0, 0),
        }
    };
    if base.is_empty() {
        base.push('/');
    }
    let mut picture = Picture { base, owner, found: BTreeMap::new() };
    if picture.base != directory {
        return Ok(picture);
    }
    if paths.len() > FEW {
        picture.found = all(engine, id, directory).await?;
        return Ok(picture);
    }
    let ask =
        |path: String| async move { first(engine, id, &path).await.map(|found| found.map(|found| (path, found))) };
    let mut asked = stream::iter(paths.iter().cloned().map(ask)).buffer_unordered(AT_ONCE);
    while let Some(found) = asked.next().await {
        picture.found.extend(found?);
    }
    Ok(picture)
}

/// Looks at one path of a container; `None` where there is nothing.
async fn first(engine: &EngineHandle, id: &ContainerId, path: &str) -> EngineResult<Option<Found>> {
    let tar = match engine.read_archive(id, path).await {
        Ok((_, tar)) => tar,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let read = |reader: Box<dyn Read>| entries(reader, 1).into_values().next();
    Ok(reading(tar, read).await)
}

/// Looks at everything below a directory of a container.
async fn all(engine: &EngineHandle, id: &ContainerId, directory: &str) -> EngineResult<BTreeMap<String, Found>> {
    let (_, tar) = engine.read_archive(id, &format!("{directory}/.")).await?;
    let found = reading(tar, |reader| Some(entries(Box::new(reader.take(MOST)), usize::MAX))).await.unwrap_or_default();
    let slash = if directory == "/" { "" } else { "/" };
    Ok(found.into_iter().map(|(path, found)| (format!("{directory}{slash}{path}"), found)).collect())
}

/// Reads a tar stream on a thread of its own.
async fn reading<T: Send + 'static>(
    tar: EngineStream<bytes::Bytes>,
    read: impl FnOnce(Box<dyn Read>) -> Option<T> + Send + 'static,
) -> Option<T> {
    let reader = StreamReader::new(tar.map_err(|error| io::Error::other(error.message)));
    let reader = SyncIoBridge::new(reader);
    tokio::task::spawn_blocking(move || read(Box::new(reader))).await.ok().flatten()
}

/// Reads the entries of an archive by their paths, without the name of the first one, which is that of the directory. An
/// archive that breaks off gives what came before.
fn entries(reader: Box<dyn Read>, most: usize) -> BTreeMap<String, Found> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(reader);
    let mut top = None;
    for entry in archive.entries().into_iter().flatten().take(most) {
        let Ok(mut entry) = entry else { break };
        let Ok(path) = entry.path().map(|path| plain(&path)) else { continue };
        let top = top.get_or_insert_with(|| path.clone());
        let path = path.strip_prefix(&*top).unwrap_or(&path).trim_start_matches('/').to_owned();
        let owner = (entry.header().uid().unwrap_or_default(), entry.header().gid().unwrap_or_default());
        found.insert(path, Found { owner, node: node(&mut entry) });
    }
    found
}

/// Returns a path without `.` and slashes at its ends: `sub/a` for `./sub/a/`.
fn plain(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part),
        _ => None,
    });
    parts.collect::<PathBuf>().to_string_lossy().into_owned()
}

/// Returns what an entry of an archive is.
fn node(entry: &mut tar::Entry<'_, Box<dyn Read>>) -> Option<Node> {
    match entry.header().entry_type() {
        tar::EntryType::Directory => Some(Node::Directory),
        tar::EntryType::Symlink => {
            let target = entry.link_name_bytes()?.into_owned();
            digest_of(target.as_slice()).ok().map(|digest| Node::Link { digest })
        }
        tar::EntryType::Regular if entry.size() <= LARGEST => {
            let is_executable = entry.header().mode().unwrap_or_default() & 0o111 != 0;
            digest_of(entry).ok().map(|digest| Node::File { digest, is_executable })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_tells_owners_and_contents_below_its_first_entry() {
        let mut tar = tar::Builder::new(Vec::new());
        let mut add = |kind: tar::EntryType, name: &str, text: &str, owner: u64| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(text.len() as u64);
            header.set_mode(0o755);
            header.set_uid(owner);
            header.set_gid(owner + 1);
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        };
        add(tar::EntryType::Directory, "./", "", 7);
        add(tar::EntryType::Regular, "./sub/a", "text", 8);
        let bytes = tar.into_inner().unwrap();
        let found = entries(Box::new(io::Cursor::new(bytes.clone())), usize::MAX);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["", "sub/a"]);
        assert_eq!(found[""], Found { owner: (7, 8), node: Some(Node::Directory) });
        let digest = digest_of(&b"text"[..]).unwrap();
        assert_eq!(found["sub/a"], Found { owner: (8, 9), node: Some(Node::File { digest, is_executable: true }) });
        assert_eq!(entries(Box::new(io::Cursor::new(bytes[..700].to_vec())), usize::MAX).len(), 1);
    }

    #[test]
    fn a_new_file_belongs_to_whom_its_directory_belongs() {
        let found = |owner| Found { owner, node: Some(Node::Directory) };
        let picture = Picture {
            base: "/app".to_owned(),
            owner: (1, 1),
            found: [("/app/sub".to_owned(), found((2, 2))), ("/app/a".to_owned(), found((3, 3)))].into(),
        };
        assert_eq!(picture.owner_of("/app/sub/x/y"), (2, 2));
        assert_eq!(picture.owner_of("/app/a"), (3, 3));
        assert_eq!(picture.owner_of("/app/new"), (1, 1));
    }
}
