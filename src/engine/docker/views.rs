//! Which files and ports this program and another process of its machine have in common.
//!
//! Two processes on one machine may see different files and ports. A program may have mounts of its own (`unshare -m`,
//! a service with private directories, a snap) or a network of its own (`unshare -n`); a rootless engine has both. The
//! kernel shows which mounts a process has (`/proc/PID/mountinfo`), and a number for its network. If the kernel does
//! not show them, there is no evidence: the answer is no.

#![expect(clippy::disallowed_methods, reason = "compares what the kernel shows of processes")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Programs between a rootless engine and the user's network: they publish the engine's ports there.
const ROOTLESS: [&str; 2] = ["rootlesskit", "exe"];
/// The most processes between a rootless engine and the user's network.
const MOST_PARENTS: usize = 4;

/// Returns whether a path leads to the same file for this program and for a process. The path need not exist.
pub(super) fn share_path(process: u32, path: &Path) -> bool {
    let (Some(own), Some(theirs)) = (Mounts::of("self"), Mounts::of(&process.to_string())) else { return false };
    let is_same = |path: &Path| own.below(path).is_some_and(|mount| theirs.below(path) == Some(mount));
    is_same(path) && is_same(&resolved(path))
}

/// Returns whether a process, or a parent that publishes ports for it, is in the network of this program.
pub(super) fn share_ports(process: u32) -> bool {
    let Some(own) = network("self") else { return false };
    let mut process = process;
    for _ in 0..MOST_PARENTS {
        if network(&process.to_string()) == Some(own) {
            return true;
        }
        match parent(process) {
            Some(parent) => process = parent,
            None => return false,
        }
    }
    false
}

/// Returns a number that only processes of one network have: the kernel numbers the files below `/proc/PID/net` by
/// network.
fn network(process: &str) -> Option<u64> {
    std::fs::metadata(format!("/proc/{process}/net/dev")).ok().map(|file| file.ino())
}

/// Returns the parent of a process, if the parent publishes the ports of a rootless engine.
fn parent(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let parent: u32 = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?;
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    ROOTLESS.contains(&name.trim_end()).then_some(parent)
}

/// Returns a path with its links resolved, as far as the path exists.
fn resolved(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(found) = ancestor.canonicalize() {
            let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return if rest.as_os_str().is_empty() { found } else { found.join(rest) };
        }
    }
    path.to_owned()
}

/// The mounts of a process, in the order in which they were made.
#[derive(Debug, PartialEq, Eq)]
struct Mounts(Vec<Mount>);

#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// The device, as `major:minor`.
    device: String,
    /// The directory of the device that is mounted.
    root: String,
    /// The directory that it is mounted on.
    point: PathBuf,
}

impl Mounts {
    fn of(process: &str) -> Option<Self> {
        std::fs::read_to_string(format!("/proc/{process}/mountinfo")).ok().map(|text| Self::parse(&text))
    }

    /// Reads lines such as `27 1 254:0 / /data rw,relatime - ext4 /dev/vda rw`.
    fn parse(text: &str) -> Self {
        let mount = |line: &str| {
            let mut fields = line.split(' ').skip(2);
            let (device, root, point) = (fields.next()?, fields.next()?, fields.next()?);
            Some(Mount { device: device.to_owned(), root: unescape(root), point: unescape(point).into() })
        };
        Self(text.lines().filter_map(mount).collect())
    }

    /// Returns the mount that a path is on: of the mounts above the path the deepest, and of several on one directory
    /// the last.
    fn below(&self, path: &Path) -> Option<&Mount> {
        let above = self.0.iter().filter(|mount| path.starts_with(&mount.point));
        above.max_by_key(|mount| mount.point.components().count())
    }
}

/// Decodes characters that the kernel writes as octal numbers: `\040` is a blank.
fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|one| (b'0'..=b'7').contains(one)));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /home/me/only rw - tmpfs none rw
31 27 0:41 / /with\\040blank rw - tmpfs none rw
32 27 254:0 /srv /data rw - ext4 /dev/vda rw
33 32 0:42 / /data rw - tmpfs none rw
";

    #[test]
    fn a_path_is_on_the_deepest_and_last_mount_above_it() {
        let mounts = Mounts::parse(OWN);
        let device = |path: &str| mounts.below(Path::new(path)).unwrap().device.as_str();
        assert_eq!(device("/home/me/file"), "254:0");
        assert_eq!(device("/home/me/only/file"), "0:40");
        assert_eq!(device("/home/me/only-not"), "254:0");
        assert_eq!(device("/with blank/file"), "0:41");
        assert_eq!(device("/data/file"), "0:42");
        assert_eq!(Mounts::parse("").below(Path::new("/")), None);
    }

    #[test]
    fn a_process_sees_what_its_child_sees() {
        assert!(share_path(std::process::id(), Path::new("/not/here/at all")));
        assert!(share_ports(std::process::id()));
        // No process has this number.
        assert!(!share_path(u32::MAX, Path::new("/")));
        assert!(!share_ports(u32::MAX));
    }
}
