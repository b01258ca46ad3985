//! The files of a cache in a directory.

#![expect(clippy::disallowed_methods, reason = "reads and writes the directory of a cache")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::super::grpc::{Code, Status};
use super::super::super::names::random_id;

/// The name of the newest cache in `index.json`.
const NEWEST: &str = "latest";
const NAME: &str = "org.opencontainers.image.ref.name";

fn fault(error: std::io::Error) -> Status {
    let code = match error.kind() {
        std::io::ErrorKind::NotFound => Code::NotFound,
        _ => Code::Internal,
    };
    Status::new(code, format!("the cache directory: {error}"))
}

/// Returns the path of a blob. The digest comes from the engine, so nothing but 64 hexadecimal digits is a name.
fn path(directory: &Path, digest: &str) -> Result<PathBuf, Status> {
    let digits = digest.strip_prefix("sha256:").unwrap_or_default();
    match digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        true => Ok(directory.join("blobs/sha256").join(digits)),
        false => Err(Status::new(Code::Invalid, "a blob of the cache has no valid digest")),
    }
}

/// Returns the size of a blob in bytes.
pub(super) fn size(directory: &Path, digest: &str) -> Result<i64, Status> {
    let size = path(directory, digest)?.metadata().map_err(fault)?.len();
    Ok(size.try_into().unwrap_or(i64::MAX))
}

/// A part of a blob.
pub(super) struct Reading(std::io::Take<File>);

impl Reading {
    pub(super) fn open(directory: &Path, digest: &str, offset: i64, size: i64) -> Result<Self, Status> {
        let mut file = File::open(path(directory, digest)?).map_err(fault)?;
        file.seek(SeekFrom::Start(offset.max(0).unsigned_abs())).map_err(fault)?;
        Ok(Self(file.take(if size > 0 { size.unsigned_abs() } else { u64::MAX })))
    }

    /// Returns the next bytes, at most so many; `None` at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Vec<u8>>, Status> {
        let mut data = Vec::new();
        (&mut self.0).take(most as u64).read_to_end(&mut data).map_err(fault)?;
        Ok((!data.is_empty()).then_some(data))
    }
}

/// A blob that is being written. What was not committed is removed.
pub(super) struct Writing {
    directory: PathBuf,
    file: Temporary,
    digest: Sha256,
    offset: i64,
}

/// A file that is removed unless it got its name.
struct Temporary {
    file: File,
    path: PathBuf,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the commit there is no file of this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Writing {
    /// Begins a blob. A blob that is there already is an error, by which the engine leaves it out.
    pub(super) fn begin(directory: &Path, expected: &str) -> Result<Self, Status> {
        if !expected.is_empty() && path(directory, expected)?.exists() {
            return Err(Status::new(Code::Exists, format!("{expected}: already exists")));
        }
        let folder = directory.join("blobs/sha256");
        std::fs::create_dir_all(&folder).map_err(fault)?;
        let name = random_id().map_err(|error| Status::new(Code::Internal, error.message))?;
        let path = folder.join(format!(".{name}"));
        let file = File::options().write(true).create_new(true).open(&path).map_err(fault)?;
        let file = Temporary { file, path };
        Ok(Self { directory: directory.to_owned(), file, digest: Sha256::new(), offset: 0 })
    }

    /// Returns how many bytes there are.
    pub(super) fn offset(&self) -> i64 {
        self.offset
    }

    /// Adds bytes at the end.
    pub(super) fn add(&mut self, offset: i64, data: &[u8]) -> Result<(), Status> {
        if !data.is_empty() && offset != self.offset {
            return Err(Status::new(Code::Invalid, "a blob of the cache was not written in order"));
        }
        self.file.file.write_all(data).map_err(fault)?;
        self.digest.update(data);
        self.offset += data.len() as i64;
        Ok(())
    }

    /// Gives the blob its name, where size and digest are right. Returns the digest.
    pub(super) fn commit(self, total: i64, expected: &str) -> Result<String, Status> {
        let hex: String = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = format!("sha256:{hex}");
        if (total > 0 && total != self.offset) || (!expected.is_empty() && expected != digest) {
            return Err(Status::new(Code::Invalid, "a blob of the cache is not what it was to be"));
        }
        std::fs::rename(&self.file.path, path(&self.directory, &digest)?).map_err(fault)?;
        Ok(digest)
    }
}

/// Returns the digest of the newest cache in a directory; `None` where there is none.
pub(crate) fn newest(directory: &Path, tag: Option<&str>) -> Option<String> {
    let index: Value = serde_json::from_slice(&std::fs::read(directory.join("index.json")).ok()?).ok()?;
    let name = |entry: &Value| entry.pointer("/annotations").and_then(|all| all.get(NAME)).cloned();
    let is_it = |entry: &&Value| name(entry).is_some_and(|name| name == tag.unwrap_or(NEWEST));
    let found = index.get("manifests")?.as_array()?.iter().find(is_it)?;
    found.get("digest")?.as_str().map(str::to_owned)
}

/// Names a cache that was written: its descriptor, as the engine tells it, is the newest of `index.json`.
pub(crate) fn name(directory: &Path, descriptor: &str, tag: Option<&str>) -> std::io::Result<()> {
    let mut entry: Value = serde_json::from_str(descriptor)?;
    let tag = tag.unwrap_or(NEWEST);
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("annotations".to_owned(), json!({ NAME: tag }));
    }
    let path = directory.join("index.json");
    let known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let others = known.as_ref().and_then(|index| index.get("manifests")?.as_array().cloned()).unwrap_or_default();
    let is_other =
        |entry: &Value| entry.pointer("/annotations").and_then(|all| all.get(NAME)).is_none_or(|name| name != tag);
    let manifests: Vec<Value> = others.into_iter().filter(is_other).chain([entry]).collect();
    let index =
        json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests});
    std::fs::write(directory.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    let temporary = directory.join(format!(".index-{}", std::process::id()));
    std::fs::write(&temporary, index.to_string())?;
    std::fs::rename(&temporary, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_there_once_its_digest_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let mut writing = Writing::begin(folder.path(), digest).unwrap();
        writing.add(0, b"ab").unwrap();
        assert_eq!(writing.add(1, b"c").unwrap_err().code, Code::Invalid);
        assert!(writing.commit(2, digest).is_err());
        assert_eq!(std::fs::read_dir(folder.path().join("blobs/sha256")).unwrap().count(), 0);
        let mut writing = Writing::begin(folder.path(), digest).unwrap();
        writing.add(0, b"ab").unwrap();
        writing.add(2, b"c").unwrap();
        assert_eq!(writing.commit(3, digest).unwrap(), digest);
        assert_eq!(size(folder.path(), digest).unwrap(), 3);
        assert_eq!(Writing::begin(folder.path(), digest).err().unwrap().code, Code::Exists);
        let mut reading = Reading::open(folder.path(), digest, 1, 1).unwrap();
        assert_eq!(reading.next(10).unwrap().unwrap(), b"b");
        assert_eq!(reading.next(10).unwrap(), None);
        assert_eq!(size(folder.path(), "sha256:../../x").unwrap_err().code, Code::Invalid);
    }

    #[test]
    fn the_newest_cache_replaces_the_one_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest(folder.path(), None), None);
        for (digest, tag) in [("sha256:1", None), ("sha256:2", Some("other")), ("sha256:3", None)] {
            name(folder.path(), &json!({ "digest": digest, "size": 1 }).to_string(), tag).unwrap();
        }
        assert_eq!(newest(folder.path(), None).as_deref(), Some("sha256:3"));
        assert_eq!(newest(folder.path(), Some("other")).as_deref(), Some("sha256:2"));
    }
}
