//! Files of this machine as a tar archive: with owners, modes, times, links and hard links. Sockets are left out, as `docker cp`
//! leaves them out.

#![expect(clippy::disallowed_methods, reason = "reads the files that are copied into containers")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::pipe::PIECE;
use super::place::{Kind, Source, is_contents};

/// A source on this machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// What is read.
    pub path: PathBuf,
    pub source: Source,
}

/// Looks at a source. With `follows`, a link stands for what it leads to, under the name of the link.
pub fn find(path: &Path, follows: bool) -> io::Result<Local> {
    // A path that ends in a slash or a dot is followed by the system.
    let metadata = fs::symlink_metadata(path)?;
    let is_link = metadata.is_symlink();
    let (read, metadata) =
        if is_link && follows { (path.canonicalize()?, fs::metadata(path)?) } else { (path.to_owned(), metadata) };
    let name = if is_contents(path) { None } else { path.file_name().map(OsStr::to_owned) };
    Ok(Local { path: read, source: Source { name, is_directory: metadata.is_dir() } })
}

/// Looks at a target: where it is once links are followed, and what is there.
pub fn target(path: &Path) -> (PathBuf, Kind) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => (path.to_owned(), Kind::Directory),
        // What is written goes where the link leads.
        Ok(_) => (path.canonicalize().unwrap_or_else(|_| path.to_owned()), Kind::File),
        Err(_) => (path.to_owned(), Kind::Missing),
    }
}

/// Writes a source as an archive in which it has the name `name`; without a name, the contents of a directory stand side by
/// side in the archive.
pub fn pack(source: &Path, name: Option<&OsStr>, archive: impl Write) -> io::Result<()> {
    let mut packer = Packer { builder: tar::Builder::new(archive), seen: BTreeMap::new() };
    // A list, not recursion: a tree may be deeper than the stack of a thread.
    let mut waiting = match name {
        Some(name) => vec![(source.to_owned(), PathBuf::from(name))],
        None => contents(source, Path::new(""))?,
    };
    while let Some((path, name)) = waiting.pop() {
        if packer.add(&path, &name)? {
            waiting.append(&mut contents(&path, &name)?);
        }
    }
    packer.builder.into_inner()?.flush()
}

/// Lists what is in a directory, with the names in the archive, the last name first.
fn contents(path: &Path, name: &Path) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let entries = entries.map_err(|error| about(path, &error))?.into_iter();
    let mut all: Vec<_> = entries.map(|entry| (entry.path(), name.join(entry.file_name()))).collect();
    all.sort_by(|a, b| b.cmp(a));
    Ok(all)
}

struct Packer<W: Write> {
    builder: tar::Builder<W>,
    /// Files with several names that are in the archive, by device and number, with their first name.
    seen: BTreeMap<(u64, u64), PathBuf>,
}

impl<W: Write> Packer<W> {
    /// Adds a file, or a directory without its contents. Returns whether it is a directory.
    fn add(&mut self, path: &Path, name: &Path) -> io::Result<bool> {
        let metadata = fs::symlink_metadata(path).map_err(|error| about(path, &error))?;
        let kind = metadata.file_type();
        if kind.is_socket() {
            return Ok(false);
        }
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&metadata);
        if kind.is_dir() {
            self.builder.append_data(&mut header, name, io::empty())?;
            return Ok(true);
        }
        if let Some(first) = self.first_name(&metadata, name) {
            header.set_entry_type(tar::EntryType::Link);
            header.set_size(0);
            self.builder.append_link(&mut header, name, first)?;
            return Ok(false);
        }
        if kind.is_symlink() {
            let target = fs::read_link(path).map_err(|error| about(path, &error))?;
            header.set_size(0);
            self.builder.append_link(&mut header, name, target)?;
            return Ok(false);
        }
        if kind.is_file() {
            let file = File::open(path).map_err(|error| about(path, &error))?;
            let file = BufReader::with_capacity(PIECE, file);
            let file = Exactly { file, path, left: metadata.len() };
            self.builder.append_data(&mut header, name, file)?;
            return Ok(false);
        }
        if kind.is_block_device() || kind.is_char_device() {
            header.set_device_major(rustix::fs::major(metadata.rdev()))?;
            header.set_device_minor(rustix::fs::minor(metadata.rdev()))?;
        }
        header.set_size(0);
        self.builder.append_data(&mut header, name, io::empty())?;
        Ok(false)
    }

    /// Returns the name under which a file with several names is already in the archive.
    fn first_name(&mut self, metadata: &Metadata, name: &Path) -> Option<PathBuf> {
        if metadata.nlink() < 2 {
            return None;
        }
        let number = (metadata.dev(), metadata.ino());
        let first = self.seen.get(&number).cloned();
        if first.is_none() {
            self.seen.insert(number, name.to_owned());
        }
        first
    }
}

/// A file of exactly as many bytes as its header in the archive says, though it may be growing.
struct Exactly<'p> {
    file: BufReader<File>,
    path: &'p Path,
    left: u64,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read(&mut buffer[..most]).map_err(|error| about(self.path, &error))?;
        if count == 0 && most > 0 {
            return Err(about(self.path, &io::Error::other("the file was cut off while it was read")));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_is_packed_and_sockets_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", 1500).collect();
        fs::create_dir_all(root.path().join(&deep)).unwrap();
        fs::write(root.path().join(&deep).join("file"), "x").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        let mut bytes = Vec::new();
        pack(root.path(), None, &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<PathBuf> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!((names.len(), &names[1500]), (1501, &deep.join("file")));
    }

    #[test]
    fn a_file_that_is_cut_off_while_it_is_read_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "12345").unwrap();
        let file = BufReader::new(File::open(&path).unwrap());
        let mut file = Exactly { file, path: &path, left: 6 };
        assert!(file.read_to_end(&mut Vec::new()).unwrap_err().to_string().contains("cut off"));
        // A file that grows is read as far as its header says.
        let file = BufReader::new(File::open(&path).unwrap());
        let mut bytes = Vec::new();
        Exactly { file, path: &path, left: 3 }.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"123");
    }
}
