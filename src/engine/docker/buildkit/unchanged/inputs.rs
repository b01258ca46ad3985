//! The inputs of a build as a digest: the request, the Dockerfile, and the attributes of the context's files.
//!
//! The attributes are those by which BuildKit itself decides that its copy of a file is still good, and two more that no
//! program can set back: the time of the last change of the attributes, and the number of the file.

#![expect(clippy::disallowed_methods, reason = "looks at the files of a build context")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::os::unix::fs::MetadataExt;

use sha2::{Digest, Sha256};

use super::super::names::WHAT;
use super::super::session::{select::Selection, walk::Walk};
use super::bases;
use crate::engine::docker::build::dockerfile::Dockerfile;
use crate::model::{BuildContext, BuildRequest};

/// What was read.
pub(super) struct Inputs {
    pub digest: String,
    /// The images that the Dockerfile names.
    pub bases: BTreeSet<String>,
}

/// Returns whether a build depends on nothing but its request, the files of one directory, and images.
fn is_closed(request: &BuildRequest) -> bool {
    let is_whole = !request.no_cache && request.no_cache_filter.is_empty() && !request.pull;
    let has_caches = !request.cache_from.is_empty() || !request.cache_to.is_empty();
    let has_more = !request.secrets.is_empty() || !request.ssh.is_empty() || !request.contexts.is_empty();
    // A frontend by an argument.
    let has_frontend = request.args.contains_key("BUILDKIT_SYNTAX");
    is_whole && !has_caches && !has_more && !has_frontend && request.platform.is_none()
}

/// Reads the inputs of a build. `engine` is the version of the engine.
pub(super) fn read(engine: &str, request: &BuildRequest) -> Option<Inputs> {
    let BuildContext::Directory(root) = &request.context else { return None };
    if !is_closed(request) {
        return None;
    }
    let file = Dockerfile::read(WHAT, root, request).ok()?;
    let bases = bases::named(std::str::from_utf8(&file.text).ok()?)?;
    let ignore = file.beside(".dockerignore").or_else(|| std::fs::read(root.join(".dockerignore")).ok());
    let ignore = String::from_utf8(ignore.unwrap_or_default()).ok()?;
    let mut hash = Sha256::new();
    let version = env!("CARGO_PKG_VERSION");
    let asked = BuildRequest { skips_unchanged: false, ..request.clone() };
    hash.update(format!("{version}\0{engine}\0{asked:?}\0{ignore}\0"));
    hash.update(&file.text);
    let mut line = String::new();
    let tell = |stat: bollard_buildkit_proto::fsutil::types::Stat| {
        line.clear();
        let metadata = root.join(&stat.path).symlink_metadata()?;
        let _ = write!(line, "\0{:?} {:o} {:?}", stat.path, stat.mode, stat.linkname);
        // The times of a directory also change with files that are left out.
        if !metadata.is_dir() {
            let (ino, seconds, nanoseconds) = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
            let _ = write!(line, " {} {} {ino} {seconds}.{nanoseconds}", metadata.len(), stat.mod_time);
        }
        hash.update(line.as_bytes());
        Ok::<_, io::Error>(())
    };
    Walk::run(root, &Selection::without(&ignore), tell).ok()?;
    Some(Inputs { digest: hex(&hash.finalize()), bases })
}

/// Returns a digest as text.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_a_file_that_is_sent_changes_the_digest() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let request =
            BuildRequest { context: BuildContext::Directory(folder.path().into()), ..BuildRequest::default() };
        let digest = || read("1", &request).map(|inputs| inputs.digest).unwrap();
        write("Dockerfile", "FROM a\n");
        write(".dockerignore", "left\n");
        write("file", "one");
        let first = digest();
        assert_eq!(digest(), first);
        write("left", "x");
        assert_eq!(digest(), first, "a file that is left out");
        // The size and the time of the file stay as they were.
        let path = folder.path().join("file");
        let time = path.metadata().unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        write("file", "two");
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        let second = digest();
        assert_ne!(second, first);
        write("Dockerfile", "FROM b\n");
        assert_ne!(digest(), second);
        assert_ne!(read("2", &request).unwrap().digest, digest());
        for change in [
            |request: &mut BuildRequest| request.pull = true,
            |request: &mut BuildRequest| request.no_cache = true,
            |request: &mut BuildRequest| request.platform = Some("linux/amd64".to_owned()),
            |request: &mut BuildRequest| request.cache_from = vec!["x".to_owned()],
            |request: &mut BuildRequest| request.context = BuildContext::Remote("https://x".to_owned()),
        ] {
            let mut request = request.clone();
            change(&mut request);
            assert!(read("1", &request).is_none());
        }
    }
}
