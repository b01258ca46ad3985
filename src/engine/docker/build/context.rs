//! A build context as a tar stream: the directory's files in the order of their names, without the files that
//! `.dockerignore` excludes.

#![expect(clippy::disallowed_methods, reason = "packs the directory of a build")]

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::size::Size;
use crate::text::Ignore;

/// The name in the tar of a Dockerfile that is not in the context.
pub(super) const OUTSIDE: &str = ".dockerfile.from-outside";

/// A file that is sent besides the files of the context: a Dockerfile from outside, or `dockerfile_inline`.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub name: String,
    pub text: Vec<u8>,
}

/// Writes the context as tar. `size` adds its files up.
pub(super) fn write(
    directory: &Path,
    dockerfile: &str,
    extra: Option<&Extra>,
    size: &Size,
    out: impl Write,
) -> io::Result<()> {
    let ignore = read_ignore(directory, dockerfile)?;
    let mut tar = tar::Builder::new(out);
    tar.mode(tar::HeaderMode::Complete);
    tar.follow_symlinks(false);
    // Engines do not understand GNU tar's entries for sparse files.
    tar.sparse(false);
    let mut walk = Walk { root: directory, ignore: &ignore, dockerfile, size, tar: &mut tar };
    walk.directory(PathBuf::new())?;
    if let Some(extra) = extra {
        let mut header = tar::Header::new_gnu();
        header.set_size(extra.text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, &extra.name, extra.text.as_slice())?;
    }
    tar.into_inner()?.flush()
}

/// Reads the patterns of excluded files. Compat: as in BuildKit, `NAME.dockerignore` beside the Dockerfile `NAME` has
/// priority over the `.dockerignore` of the context.
fn read_ignore(directory: &Path, dockerfile: &str) -> io::Result<Ignore> {
    for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()] {
        match std::fs::File::open(directory.join(name)) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(1 << 20).read_to_end(&mut bytes)?;
                return Ok(Ignore::parse(&String::from_utf8_lossy(&bytes)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Ignore::default())
}

struct Walk<'a, W: Write> {
    root: &'a Path,
    ignore: &'a Ignore,
    dockerfile: &'a str,
    size: &'a Size,
    tar: &'a mut tar::Builder<W>,
}

impl<W: Write> Walk<'_, W> {
    fn directory(&mut self, relative: PathBuf) -> io::Result<()> {
        let mut names: Vec<_> = std::fs::read_dir(self.root.join(&relative))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            self.entry(relative.join(name))?;
        }
        Ok(())
    }

    fn entry(&mut self, relative: PathBuf) -> io::Result<()> {
        let path = self.root.join(&relative);
        let metadata = std::fs::symlink_metadata(&path)?;
        let text = relative.to_string_lossy().into_owned();
        // The engine reads the Dockerfile and `.dockerignore` from the tar, so they are sent even if a pattern excludes
        // them.
        let is_needed = text == self.dockerfile || text == ".dockerignore";
        let is_excluded = !is_needed && self.ignore.excludes(&text);
        let kind = metadata.file_type();
        if kind.is_dir() {
            if !is_excluded {
                self.tar.append_dir(&relative, &path)?;
            }
            let holds_dockerfile = self.dockerfile.starts_with(&format!("{text}/"));
            return match !is_excluded || holds_dockerfile || self.ignore.may_take_back_below(&text) {
                true => self.directory(relative),
                false => Ok(()),
            };
        }
        // A build cannot use sockets and devices.
        if is_excluded || !(kind.is_file() || kind.is_symlink()) {
            return Ok(());
        }
        self.size.add(&text, metadata.len());
        self.tar.append_path_with_name(&path, &relative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_files_stay_out_and_the_dockerfile_comes_along() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, text: &str| {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        make("Dockerfile", "FROM x");
        make(".dockerignore", "*\n!src\n");
        make("src/a", "1");
        make("other", "2");
        let mut bytes = Vec::new();
        write(folder.path(), "Dockerfile", None, &Size::default(), &mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, [".dockerignore", "Dockerfile", "src", "src/a"]);
    }
}
