//! The header in which the engine describes a path of a container.

use base64::Engine as _;
use serde::Deserialize;

use crate::engine::{FileKind, PathStat};

/// Name of the header: base64 of a JSON document.
pub(crate) const HEADER: &str = "x-docker-container-path-stat";

/// Go's mode bits (`os.FileMode`).
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;
const SPECIAL: u32 = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19;
const SET_USER: u32 = 1 << 23;
const SET_GROUP: u32 = 1 << 22;
const STICKY: u32 = 1 << 20;

#[derive(Deserialize)]
struct Stat {
    name: String,
    #[serde(default)]
    size: i64,
    mode: u32,
    #[serde(default)]
    mtime: String,
    #[serde(rename = "linkTarget", default)]
    link_target: String,
}

/// Returns the path that a header describes; `None` for an invalid header.
pub(crate) fn path_stat(value: &str) -> Option<PathStat> {
    let json = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    let Stat { name, size, mode, mtime, link_target } = serde_json::from_slice(&json).ok()?;
    let kind = match mode {
        mode if mode & DIRECTORY != 0 => FileKind::Directory,
        mode if mode & LINK != 0 => FileKind::Link,
        mode if mode & SPECIAL != 0 => FileKind::Special,
        _ => FileKind::File,
    };
    let bit = |go: u32, unix: u32| if mode & go != 0 { unix } else { 0 };
    Some(PathStat {
        name,
        kind,
        permissions: mode & 0o777 | bit(SET_USER, 0o4000) | bit(SET_GROUP, 0o2000) | bit(STICKY, 0o1000),
        size: u64::try_from(size).unwrap_or_default(),
        modified: mtime,
        link_target: (kind == FileKind::Link).then_some(link_target),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<PathStat> {
        path_stat(&base64::engine::general_purpose::STANDARD.encode(json))
    }

    #[test]
    fn the_bits_of_go_become_those_of_unix() {
        let tmp =
            read(r#"{"name":"tmp","size":4096,"mode":2148532735,"mtime":"2026-01-01T00:00:00Z","linkTarget":""}"#);
        let tmp = tmp.unwrap();
        assert_eq!((tmp.kind, tmp.permissions, tmp.link_target), (FileKind::Directory, 0o1777, None));
        let link = read(r#"{"name":"sh","size":12,"mode":134218239,"linkTarget":"/bin/busybox"}"#).unwrap();
        assert_eq!((link.kind, link.link_target.as_deref()), (FileKind::Link, Some("/bin/busybox")));
        let su = read(r#"{"name":"su","size":-1,"mode":8389101}"#).unwrap();
        assert_eq!((su.kind, su.permissions, su.size), (FileKind::File, 0o4755, 0));
    }

    #[test]
    fn a_value_that_is_not_understood_is_none() {
        assert!(path_stat("%%%").is_none() && read("{}").is_none() && read("[1]").is_none());
    }
}
