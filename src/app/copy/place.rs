//! What is copied where: reads the two arguments of `cp`, and decides under which name the source arrives.
//!
//! Compat: the rules are those of `docker cp`, which are nearly those of `cp -r`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One argument of `cp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A path on this machine.
    Local(PathBuf),
    /// `-`: standard input or standard output, as a tar archive.
    Stream,
    /// A path in the containers of a service.
    Container {
        /// The service.
        service: String,
        /// The path, from the root on.
        path: String,
    },
}

impl Side {
    /// Reads an argument. A path of this machine that has a colon begins with `/` or `.`.
    pub fn of(argument: &OsStr) -> Self {
        if argument == "-" {
            return Self::Stream;
        }
        let parts =
            argument.to_str().filter(|text| !text.starts_with(['/', '.'])).and_then(|text| text.split_once(':'));
        match parts {
            Some((service, path)) => {
                let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
                Self::Container { service: service.to_owned(), path }
            }
            None => Self::Local(argument.into()),
        }
    }
}

/// What a source is, as far as it matters for its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that it arrives under in a directory; `None` for the contents of a directory (`DIR/.`), which arrive
    /// side by side.
    pub name: Option<OsString>,
    pub is_directory: bool,
}

/// What a target is before the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Missing,
    /// A file, or anything else that is no directory.
    File,
    Directory,
}

/// Where a source arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A directory, which must exist.
    pub folder: PathBuf,
    /// The name in it; `None` puts the contents of the source right there.
    pub name: Option<OsString>,
}

/// Decides where a source arrives; the error says why it cannot.
pub fn place(source: &Source, target: &Path, kind: Kind) -> Result<Place, &'static str> {
    let is_named_directory = ends_in_slash(target) || is_contents(target);
    match kind {
        Kind::Directory => return Ok(Place { folder: target.to_owned(), name: source.name.clone() }),
        Kind::File if source.is_directory => return Err("a directory cannot take the place of a file"),
        Kind::Missing if !source.is_directory && is_named_directory => return Err("there is no such directory"),
        Kind::File | Kind::Missing => {}
    }
    let name = target.file_name().ok_or("there is no such directory")?.to_owned();
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Place { folder: folder.to_owned(), name: Some(name) })
}

/// Returns whether a path stands for the contents of a directory: `.`, `DIR/.`, `DIR/..` or `/`.
pub fn is_contents(path: &Path) -> bool {
    let bytes = path.as_os_str().as_bytes();
    let last = bytes.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(last, b"." | b"..") || (!bytes.is_empty() && bytes.iter().all(|byte| *byte == b'/'))
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_a_path_a_stream_or_a_path_of_a_service() {
        let container = |service: &str, path: &str| Side::Container { service: service.into(), path: path.into() };
        assert_eq!(Side::of("-".as_ref()), Side::Stream);
        assert_eq!(Side::of("web:/etc/x".as_ref()), container("web", "/etc/x"));
        assert_eq!(Side::of("web:etc/a:b".as_ref()), container("web", "/etc/a:b"));
        assert_eq!(Side::of("web:".as_ref()), container("web", "/"));
        for path in ["a", "/a:b", "./a:b", "../a:b", "."] {
            assert_eq!(Side::of(path.as_ref()), Side::Local(path.into()), "{path}");
        }
    }

    /// Says where a source arrives: `folder | name`, or why it cannot.
    fn arrives(source: &str, is_directory: bool, target: &str, kind: Kind) -> String {
        let name = (!is_contents(source.as_ref())).then(|| Path::new(source).file_name().unwrap().to_owned());
        match place(&Source { name, is_directory }, target.as_ref(), kind) {
            Ok(place) => {
                let name = place.name.map_or("contents".to_owned(), |name| name.into_string().unwrap());
                format!("{} | {name}", place.folder.display())
            }
            Err(words) => words.to_owned(),
        }
    }

    #[test]
    fn a_source_arrives_in_a_directory_or_under_a_new_name() {
        assert_eq!(arrives("a/f", false, "t", Kind::Directory), "t | f");
        assert_eq!(arrives("a/f", false, "t", Kind::File), ". | t");
        assert_eq!(arrives("a/f", false, "/s/t", Kind::Missing), "/s | t");
        assert_eq!(arrives("a/f", false, "t/", Kind::Missing), "there is no such directory");
        assert_eq!(arrives("a/d", true, "t", Kind::Directory), "t | d");
        assert_eq!(arrives("a/d", true, "t", Kind::File), "a directory cannot take the place of a file");
        assert_eq!(arrives("a/d", true, "s/t/", Kind::Missing), "s | t");
        assert_eq!(arrives("a/d/.", true, "t", Kind::Directory), "t | contents");
        assert_eq!(arrives("a/d/.", true, "t", Kind::Missing), ". | t");
        assert_eq!(arrives("/", true, "t", Kind::Directory), "t | contents");
        assert_eq!(arrives("f", false, "/", Kind::Missing), "there is no such directory");
    }
}
