//! A tar archive as files of this machine. The archive comes from a container and may be hostile: nothing is ever written
//! outside the target.
//!
//! Names with `..` and absolute names are refused. Each name is walked from the target's directory on, part by part, and no
//! link is followed: where a part is a link, whoever made it, the copy ends. What is in the way of a file is removed first, so
//! that nothing is written through a link or a second name of another file.

#![expect(clippy::disallowed_methods, reason = "writes the files that are copied out of containers")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{self as sys, AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::io::Errno;
use tar::{Archive, Entry, EntryType};

use super::pipe::PIECE;
use super::place::Place;

/// How an archive becomes files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// Whether files belong to whom the archive says, and may change the user that runs them (`-a`); else they belong to
    /// the user of this program.
    pub owners: bool,
    /// Whether the archive has the contents of a directory side by side, not a source by its name.
    pub has_contents: bool,
}

/// Unpacks an archive. Returns the names of devices, which are left out.
pub fn unpack(archive: impl Read, place: &Place, keep: Keep) -> io::Result<Vec<String>> {
    let folder = File::open(&place.folder).map_err(|error| about(&place.folder, &error))?;
    let unpacker = Unpacker { folder: folder.into(), name: place.name.as_deref(), keep };
    let mut archive = Archive::new(archive);
    let (mut directories, mut left_out) = (Vec::new(), Vec::new());
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let parts = unpacker.parts(&path)?;
        // The contents of a directory go into a directory that is there, and stays as it is.
        if parts.is_empty() {
            continue;
        }
        match unpacker.entry(&mut entry, &parts).map_err(|error| about(&path, &error))? {
            Made::Directory => directories.push((parts, Looks::of(&entry)?)),
            Made::Other => {}
            Made::Nothing => left_out.push(path.display().to_string()),
        }
    }
    // From the inside out: a directory may be closed for writing, and its time changes with what is put into it.
    for (parts, looks) in directories.iter().rev() {
        unpacker.finish(parts, looks)?;
    }
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(left_out)
}

enum Made {
    Directory,
    Other,
    Nothing,
}

struct Unpacker<'p> {
    folder: OwnedFd,
    name: Option<&'p OsStr>,
    keep: Keep,
}

/// Owner, mode and time of an entry.
struct Looks {
    owner: (u64, u64),
    mode: u32,
    modified: Timestamps,
}

impl Looks {
    fn of(entry: &Entry<'_, impl Read>) -> io::Result<Self> {
        let header = entry.header();
        let seconds = i64::try_from(header.mtime()?).unwrap_or(i64::MAX);
        let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let modified = Timestamps { last_access: time, last_modification: time };
        Ok(Self { owner: (header.uid()?, header.gid()?), mode: header.mode()?, modified })
    }
}

impl Unpacker<'_> {
    /// Returns the parts of the path from the folder on; none for the folder itself.
    fn parts(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let mut parts = Vec::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_owned()),
                Component::CurDir => {}
                _ => return Err(refused(path, "the name leads out of the target")),
            }
        }
        if !self.keep.has_contents {
            if parts.is_empty() {
                return Err(refused(path, "the name is empty"));
            }
            parts.remove(0);
        }
        Ok(self.name.map(OsStr::to_owned).into_iter().chain(parts).collect())
    }

    fn entry(&self, entry: &mut Entry<'_, impl Read>, parts: &[OsString]) -> io::Result<Made> {
        let looks = Looks::of(entry)?;
        let (folder, name) = self.open_parent(parts)?;
        match entry.header().entry_type() {
            EntryType::Directory => {
                make_directory(&folder, name, looks.mode)?;
                return Ok(Made::Directory);
            }
            EntryType::Symlink => {
                let target = linked(entry)?;
                remove(&folder, name)?;
                sys::symlinkat(target.as_os_str(), &folder, name)?;
                if self.keep.owners {
                    let (user, group) = ids(looks.owner)?;
                    sys::chownat(&folder, name, user, group, AtFlags::SYMLINK_NOFOLLOW)?;
                }
                sys::utimensat(&folder, name, &looks.modified, AtFlags::SYMLINK_NOFOLLOW)?;
            }
            EntryType::Link => {
                let first = self.parts(Path::new(&linked(entry)?))?;
                let (first_folder, first_name) = self.open_parent(&first)?;
                remove(&folder, name)?;
                sys::linkat(&first_folder, first_name, &folder, name, AtFlags::empty())?;
            }
            EntryType::Fifo => {
                remove(&folder, name)?;
                sys::mknodat(&folder, name, FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                self.dress(sys::openat(&folder, name, flags, Mode::empty())?, &looks)?;
            }
            EntryType::Block | EntryType::Char => return Ok(Made::Nothing),
            _ => {
                remove(&folder, name)?;
                let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = File::from(sys::openat(&folder, name, flags, Mode::from_raw_mode(0o600))?);
                let mut file = BufWriter::with_capacity(PIECE, file);
                io::copy(entry, &mut file)?;
                self.dress(file.into_inner().map_err(io::IntoInnerError::into_error)?, &looks)?;
            }
        }
        Ok(Made::Other)
    }

    /// Opens the directory that holds the last part. Directories that the archive does not mention are made.
    fn open_parent<'a>(&self, parts: &'a [OsString]) -> io::Result<(OwnedFd, &'a OsStr)> {
        let (name, before) = parts.split_last().ok_or_else(|| io::Error::other("the name is empty"))?;
        let mut folder = self.folder.try_clone()?;
        for part in before {
            folder = match open_directory(&folder, part) {
                Err(Errno::NOENT) => {
                    sys::mkdirat(&folder, part.as_os_str(), Mode::from_raw_mode(0o755))?;
                    open_directory(&folder, part)
                }
                opened => opened,
            }
            .map_err(|error| match error {
                Errno::LOOP | Errno::NOTDIR => {
                    let words = format!("refused: `{}` on its way is no directory", Path::new(part).display());
                    io::Error::other(words)
                }
                error => error.into(),
            })?;
        }
        Ok((folder, name))
    }

    /// Gives a directory its looks.
    fn finish(&self, parts: &[OsString], looks: &Looks) -> io::Result<()> {
        let (folder, name) = self.open_parent(parts)?;
        self.dress(open_directory(&folder, name)?, looks)
    }

    /// Gives an open file its owner, mode and time. A changed owner takes set-user-id away, so the mode comes after it.
    fn dress(&self, file: impl AsFd, looks: &Looks) -> io::Result<()> {
        let mut mode = looks.mode & 0o7777;
        if self.keep.owners {
            let (user, group) = ids(looks.owner)?;
            sys::fchown(&file, user, group)?;
        } else {
            // A program of a container must not run as the user of this program.
            mode &= 0o1777;
        }
        sys::fchmod(&file, Mode::from_raw_mode(mode))?;
        Ok(sys::futimens(&file, &looks.modified)?)
    }
}

fn open_directory(folder: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    sys::openat(folder, name, flags, Mode::empty())
}

/// Makes a directory that can be filled, whatever its mode will be. One that is there stays.
fn make_directory(folder: &OwnedFd, name: &OsStr, mode: u32) -> io::Result<()> {
    match sys::mkdirat(folder, name, Mode::from_raw_mode(mode & 0o777 | 0o700)) {
        Err(Errno::EXIST) => match open_directory(folder, name) {
            Ok(_) => Ok(()),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(io::Error::other("a directory cannot take the place of a file")),
            Err(error) => Err(error.into()),
        },
        result => Ok(result?),
    }
}

/// Removes what is in the way of something that is no directory.
fn remove(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match sys::unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR) => Err(io::Error::other("a file cannot take the place of a directory")),
        result => Ok(result?),
    }
}

/// Returns where a link leads.
fn linked(entry: &Entry<'_, impl Read>) -> io::Result<OsString> {
    let target = entry.link_name_bytes().ok_or_else(|| io::Error::other("the link leads nowhere"))?;
    Ok(OsStr::from_bytes(&target).to_owned())
}

fn ids((user, group): (u64, u64)) -> io::Result<(Option<Uid>, Option<Gid>)> {
    let number = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
    match (number(user), number(group)) {
        (Some(user), Some(group)) => Ok((Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))),
        _ => Err(io::Error::other("the owner is out of range")),
    }
}

fn refused(path: &Path, why: &str) -> io::Error {
    about(path, &io::Error::other(format!("refused: {why}")))
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    /// An archive of entries: name, kind, and content or where the link leads. The names are written as they are.
    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(if *kind == EntryType::Directory { 0o555 } else { 0o4644 });
            header.set_uid(1234);
            header.set_gid(4321);
            header.set_mtime(1_000_000_000);
            let is_link = matches!(kind, EntryType::Link | EntryType::Symlink);
            if is_link {
                header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
            }
            let content = if is_link { "" } else { text };
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    const FILE: EntryType = EntryType::Regular;
    const FOLDER: EntryType = EntryType::Directory;

    /// Unpacks into `target/` of a new directory, which `prepare` fills before.
    fn unpacked(
        entries: &[(&str, EntryType, &str)],
        prepare: impl Fn(&Path),
    ) -> (tempfile::TempDir, Result<Vec<String>, String>) {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::write(root.path().join("victim"), "untouched").unwrap();
        prepare(&target);
        let place = Place { folder: target, name: Some("d".into()) };
        let result = unpack(archive(entries).as_slice(), &place, Keep::default()).map_err(|error| error.to_string());
        assert_eq!(fs::read_to_string(root.path().join("victim")).unwrap(), "untouched");
        (root, result)
    }

    #[test]
    fn files_arrive_with_modes_times_and_links_and_belong_to_the_caller() {
        let entries = [
            ("q/", FOLDER, ""),
            ("q/e/f", FILE, "text"),
            ("q/link", EntryType::Symlink, "/etc/passwd"),
            ("q/same", EntryType::Link, "q/e/f"),
            ("q/pipe", EntryType::Fifo, ""),
            ("q/disk", EntryType::Block, ""),
        ];
        let (root, result) = unpacked(&entries, |_| {});
        assert_eq!(result.unwrap(), ["q/disk"]);
        let folder = root.path().join("target/d");
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o7777, 0o555);
        let file = fs::metadata(folder.join("e/f")).unwrap();
        // Without `-a` nothing runs as the user who copies.
        assert_eq!((file.mode() & 0o7777, file.mtime(), file.nlink()), (0o644, 1_000_000_000, 2));
        assert_eq!(file.uid(), rustix::process::geteuid().as_raw());
        assert_eq!(fs::read_link(folder.join("link")).unwrap(), Path::new("/etc/passwd"));
        assert_eq!(fs::read_to_string(folder.join("same")).unwrap(), "text");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn names_that_lead_out_of_the_target_are_refused() {
        for name in ["../victim", "q/../../victim", "/q/victim", "q/..", ".."] {
            let (_root, result) = unpacked(&[(name, FILE, "evil")], |_| {});
            assert!(
                result.as_ref().is_err_and(|words| words.contains("leads out of the target")),
                "{name}: {result:?}"
            );
        }
        let outside = [("q/", FOLDER, ""), ("q/x", EntryType::Link, "q/../../victim"), ("q/x", FILE, "evil")];
        assert!(unpacked(&outside, |_| {}).1.is_err());
    }

    #[test]
    fn no_link_on_the_way_is_followed() {
        let through = |link: &'static str| {
            [("q/", FOLDER, ""), ("q/out", EntryType::Symlink, link), ("q/out/victim", FILE, "evil")]
        };
        for link in ["..", "../..", "/", "."] {
            let (_root, result) = unpacked(&through(link), |_| {});
            assert!(result.as_ref().is_err_and(|words| words.contains("is no directory")), "{link}: {result:?}");
        }
        // A link that was there before, and a directory that is to take the place of a link.
        let prepare = |target: &Path| {
            fs::create_dir(target.join("d")).unwrap();
            std::os::unix::fs::symlink("../..", target.join("d/out")).unwrap();
        };
        assert!(unpacked(&[("q/out/victim", FILE, "evil")], prepare).1.is_err());
        assert!(unpacked(&[("q/out", FOLDER, ""), ("q/out/victim", FILE, "evil")], prepare).1.is_err());
    }

    #[test]
    fn nothing_is_written_through_a_link_or_a_second_name() {
        let prepare = |target: &Path| {
            fs::create_dir(target.join("d")).unwrap();
            std::os::unix::fs::symlink("../../victim", target.join("d/link")).unwrap();
            fs::hard_link(target.join("../victim"), target.join("d/same")).unwrap();
        };
        let (root, result) = unpacked(&[("q/link", FILE, "new"), ("q/same", FILE, "new")], prepare);
        assert!(result.unwrap().is_empty());
        for name in ["link", "same"] {
            assert_eq!(fs::read_to_string(root.path().join("target/d").join(name)).unwrap(), "new");
        }
    }

    #[test]
    fn a_directory_and_a_file_never_take_each_others_place() {
        let prepare = |target: &Path| {
            fs::create_dir_all(target.join("d/folder")).unwrap();
            fs::write(target.join("d/file"), "").unwrap();
        };
        assert!(unpacked(&[("q/folder", FILE, "")], prepare).1.unwrap_err().contains("place of a directory"));
        assert!(unpacked(&[("q/file/", FOLDER, "")], prepare).1.unwrap_err().contains("place of a file"));
    }

    #[test]
    fn an_archive_that_is_cut_off_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let place = Place { folder: root.path().into(), name: Some("d".into()) };
        let whole = archive(&[("q", FILE, "0123456789")]);
        assert!(unpack(&whole[..516], &place, Keep::default()).is_err());
    }
}
