//! Directories of volumes on this machine: how large they are, and how full the file system beneath is.

#![expect(clippy::disallowed_methods, reason = "measures the directories of volumes")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How full a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of the file system.
    pub total: u64,
    /// Bytes that an ordinary user may still write.
    pub free: u64,
}

/// Returns how full the file system of a path is; `None` where the path cannot be read.
pub fn disk(path: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(path).ok()?;
    // Blocks that are kept for root count as used, as `df` counts them.
    let usable = found.f_blocks.saturating_sub(found.f_bfree.saturating_sub(found.f_bavail));
    Some(Disk { total: usable.saturating_mul(found.f_frsize), free: found.f_bavail.saturating_mul(found.f_frsize) })
}

/// Returns the bytes of all files below a directory, as their sizes say; `None` where anything below cannot be read. No
/// link is followed, and a file with several names counts once for each name.
pub fn bytes_below(path: &Path) -> Option<u64> {
    let mut total = 0;
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).ok()? {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok()?;
            match metadata.is_dir() {
                true => open.push(entry.path()),
                false => total += metadata.size(),
            }
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_all_files_below_are_added_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("a"), [0; 100]).unwrap();
        std::fs::write(folder.path().join("sub/b"), [0; 50]).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("link")).unwrap();
        assert_eq!(bytes_below(folder.path()), Some(151), "a link has the size of its target's name");
        assert_eq!(bytes_below(&folder.path().join("missing")), None);
        let disk = disk(folder.path()).unwrap();
        assert!(disk.free <= disk.total);
    }
}
