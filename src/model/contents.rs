//! Contents of configs and secrets. The application reads them before planning, so that a plan can tell which of them
//! have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The contents of the configs and secrets of a project. A content that could not be read is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// By key under `configs:`.
    pub configs: BTreeMap<String, Content>,
    /// By key under `secrets:`.
    pub secrets: BTreeMap<String, Content>,
}

/// The content of one config or secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// The first eight hexadecimal digits of the SHA-256 of the content: enough to notice a change, too few to recover
    /// the content.
    pub digest: String,
    /// The bytes that are put into the container; `None` for a `file:`, which is mounted from the host.
    pub bytes: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.digest)
    }
}
