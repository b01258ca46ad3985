//! The notes about builds: a small file for each image, in the user's directory for caches. A note holds two digests, and
//! may be deleted at any time.

#![expect(clippy::disallowed_methods, reason = "notes are files")]

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::inputs::digest;
use crate::model::BuildRequest;

/// Returns the directory of the notes: below `XDG_CACHE_HOME` (`named`), or below `.cache` of `HOME`. `None` where that belongs to
/// another user, as with `sudo -E`.
pub(super) fn folder(named: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
    let base = named.map(PathBuf::from).or_else(|| home.map(|home| Path::new(home).join(".cache")))?;
    let nearest = base.ancestors().find(|path| path.exists())?;
    let is_own = nearest.metadata().is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw());
    (base.is_absolute() && is_own).then(|| base.join("inception/builds"))
}

/// Returns the name of a build's note: the same for every build of an image on one engine. `None` for an image without a name.
pub(super) fn name(endpoint: &str, request: &BuildRequest) -> Option<String> {
    let image = request.tags.first()?;
    Some(digest(format!("{endpoint}\0{image}\0{:?}", request.context).as_bytes()).split_off(32))
}

/// Returns the text of a note.
pub(super) fn read(note: &Path) -> Option<String> {
    std::fs::read_to_string(note).ok()
}

/// Returns the image that a build with these inputs gave.
pub(super) fn image(text: &str, inputs: &str) -> Option<String> {
    let (known, image) = text.trim_end().split_once(' ')?;
    (known == inputs && image.starts_with("sha256:")).then(|| image.to_owned())
}

/// Writes a note in one step, so that no reader sees a half of it.
pub(super) fn write(note: &Path, inputs: &str, image: &str) {
    let write = || -> std::io::Result<()> {
        let folder = note.parent().unwrap_or(Path::new("/"));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let temporary = note.with_extension(std::process::id().to_string());
        let mut file = std::fs::File::create(&temporary)?;
        writeln!(file, "{inputs} {image}")?;
        std::fs::rename(&temporary, note)
    };
    if let Err(error) = write() {
        tracing::debug!(note = %note.display(), %error, "no note about the build");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_holds_for_the_same_inputs_only() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().to_str().unwrap();
        let note = super::folder(Some(base), None).unwrap().join("a");
        let told = |inputs: &str| image(&read(&note)?, inputs);
        assert_eq!(told("1"), None);
        write(&note, "1", "sha256:x");
        assert_eq!(told("1").as_deref(), Some("sha256:x"));
        assert_eq!(told("2"), None);
        write(&note, "2", "sha256:y");
        assert_eq!(told("2").as_deref(), Some("sha256:y"));
        std::fs::write(&note, "2 ").unwrap();
        assert_eq!(told("2"), None);
        assert_eq!(super::folder(Some("relative"), None), None);
    }
}
