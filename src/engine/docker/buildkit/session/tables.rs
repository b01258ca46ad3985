//! What builds offer to the engine, by name: directories, secrets and agents of SSH.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::engine::docker::place::Machine;
use crate::model::FileSource;

/// Everything that the builds of a session offer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub directories: BTreeMap<String, Directory>,
    pub secrets: BTreeMap<String, FileSource>,
    /// The sockets of agents.
    pub agents: BTreeMap<String, PathBuf>,
    /// Directories with caches, by the name of the store.
    pub caches: BTreeMap<String, PathBuf>,
    /// What the engine's copies of the directories belong to, where their names alone do not tell; blank otherwise.
    pub purpose: String,
}

/// A directory of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Directory {
    /// A directory of this machine.
    OnDisk(PathBuf),
    /// Files that are nowhere on the disk together, by name: the Dockerfile and its own `.dockerignore`.
    InMemory(Arc<BTreeMap<String, Vec<u8>>>),
}

impl Tables {
    /// Adds other tables. Returns false, and changes nothing, where a name means something else in them, or where they
    /// have other secrets or agents: the steps of a build must not reach the secrets of another build.
    pub(super) fn join(&mut self, other: &Tables) -> bool {
        fn fits<T: PartialEq>(own: &BTreeMap<String, T>, other: &BTreeMap<String, T>) -> bool {
            other.iter().all(|(name, value)| own.get(name).is_none_or(|known| known == value))
        }
        let fits = fits(&self.directories, &other.directories)
            && fits(&self.caches, &other.caches)
            && self.secrets == other.secrets
            && self.agents == other.agents
            && self.purpose == other.purpose;
        if fits {
            self.directories.extend(other.directories.clone());
            self.caches.extend(other.caches.clone());
        }
        fits
    }
}

/// Returns the name of a directory in a session. A name is the same in every run, and differs where another selection
/// of files is sent: the engine compares with its copy of the same name, and drops from it what is not sent.
pub(crate) fn name_of(kind: &str, path: &Path, purpose: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(purpose);
    format!("{kind}-{}", short(&hash.finalize()))
}

/// Returns the key under which the engine keeps directories of this machine.
pub(super) fn shared_key(tables: &Tables) -> String {
    short(&Sha256::digest(format!("{}\0{}", Machine::own().name, tables.purpose)))
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_join_unless_a_name_means_two_things() {
        let secret = |path: &str| Tables {
            secrets: [("token".to_owned(), FileSource::File(path.into()))].into(),
            ..Tables::default()
        };
        let mut tables = secret("/a");
        let other = Tables { directories: [("c".to_owned(), Directory::OnDisk("/c".into()))].into(), ..secret("/a") };
        assert!(tables.join(&other));
        assert_eq!(tables.directories.len(), 1);
        assert!(!tables.join(&secret("/b")));
        assert_eq!(tables.secrets.get("token"), Some(&FileSource::File("/a".into())));
        assert!(!tables.join(&Tables::default()), "a build without secrets must not reach those of another");
    }

    #[test]
    fn the_name_of_a_directory_is_stable_and_tells_purposes_apart() {
        let name = |path: &str, purpose: &str| name_of("context", Path::new(path), purpose);
        assert_eq!(name("/a", "x"), name("/a", "x"));
        assert_ne!(name("/a", "x"), name("/a", "y"));
        assert_ne!(name("/a", "x"), name("/b", "x"));
    }
}
