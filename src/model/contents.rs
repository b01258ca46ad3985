//! Contents of configs and secrets. The application reads them before planning, so that a plan can tell which of them
//! have changed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The contents of the configs and secrets of a project. A content that could not be read is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// By key under `configs:`.
    pub configs: BTreeMap<String, Content>,
    /// By key under `secrets:`.
    pub secrets: BTreeMap<String, Content>,
    /// The files of this machine that hold them, by path.
    pub files: BTreeMap<PathBuf, HostFile>,
}

/// A file or directory of this machine behind a config or secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostFile {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// Whether the engine may have another file, or none, at this path.
    pub is_elsewhere: bool,
}

/// The content of one config or secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The first eight hexadecimal digits of the SHA-256 of the content: enough to notice a change, too few to recover
    /// the content.
    pub digest: String,
    /// The bytes, if they may have to be copied into a container. `None` for a file that can be mounted into every
    /// container, for a directory, and for a file of more than 64 MiB.
    pub bytes: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.digest)
    }
}
