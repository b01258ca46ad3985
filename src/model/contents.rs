//! Content of configs and secrets, read before planning so that the plan can see what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of the content behind configs and secrets.
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
    /// Eight hexadecimal digits of its SHA-256: enough to notice a change, too few to tell a value from.
    pub digest: String,
    /// The bytes, where they must be put into the container; `None` where the host's file is mounted.
    pub bytes: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({})", self.digest)
    }
}
