//! Tells that something in some directories has changed. What has changed, a look decides ([`super::tree`]).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// How often the files are looked at where the system does not tell of changes.
const WITHOUT: Duration = Duration::from_secs(2);

/// A subscription to the changes of files. Each directory is watched for itself, so that ignored directories cost nothing.
pub(super) struct Files {
    watcher: Option<RecommendedWatcher>,
    changed: Arc<Notify>,
    watched: BTreeSet<PathBuf>,
    /// Whether the system does not tell of all changes.
    is_deaf: bool,
}

impl Files {
    pub(super) fn new() -> Self {
        let changed = Arc::new(Notify::new());
        let told = changed.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| is_change(event.kind)) {
                told.notify_one();
            }
        });
        let is_deaf = watcher.is_err();
        Self { watcher: watcher.ok(), changed, watched: BTreeSet::new(), is_deaf }
    }

    /// Watches these directories and no others. Returns whether some of them are new: what has changed in them before now was
    /// not told. The sentence is a warning.
    pub(super) fn follow(&mut self, directories: &BTreeSet<PathBuf>) -> (bool, Option<String>) {
        let Some(watcher) = &mut self.watcher else { return (false, None) };
        let mut warning = None;
        for gone in self.watched.difference(directories) {
            // A directory that is gone is not watched any more.
            let _ = watcher.unwatch(gone);
        }
        self.watched.retain(|path| directories.contains(path));
        let new: Vec<PathBuf> = directories.difference(&self.watched).cloned().collect();
        let mut has_new = false;
        for path in new {
            match watcher.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => has_new |= self.watched.insert(path.clone()),
                Err(error) => {
                    if let Some(words) = failure(&path, &error).filter(|_| !self.is_deaf) {
                        self.is_deaf = true;
                        warning = Some(words);
                    }
                }
            }
        }
        (has_new, warning)
    }

    /// Waits until something has changed, or may have.
    pub(super) async fn changed(&self) {
        if self.is_deaf {
            let _ = tokio::time::timeout(WITHOUT, self.changed.notified()).await;
        } else {
            self.changed.notified().await;
        }
    }
}

/// Returns why the changes of a directory are not told; `None` where the directory is only gone.
fn failure(path: &Path, error: &notify::Error) -> Option<String> {
    let every = WITHOUT.as_secs();
    let words = match &error.kind {
        notify::ErrorKind::PathNotFound => return None,
        notify::ErrorKind::Io(cause) if cause.kind() == std::io::ErrorKind::NotFound => return None,
        notify::ErrorKind::MaxFilesWatch => {
            "the system watches no more directories (raise the sysctl fs.inotify.max_user_watches, or `ignore` some)"
                .to_owned()
        }
        _ => format!("{}: {error}", path.display()),
    };
    Some(format!("{words}; all files are looked at every {every} s instead"))
}

/// Returns whether an event may be a change. Reading is none: a look reads everything.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_wakes_and_a_look_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let write = |text: &str| {
            std::io::Write::write_all(&mut tempfile::NamedTempFile::new_in(folder.path()).unwrap(), text.as_bytes())
        };
        let mut files = Files::new();
        let directories: BTreeSet<PathBuf> = [folder.path().to_owned()].into();
        assert_eq!(files.follow(&directories), (true, None));
        assert_eq!(files.follow(&directories), (false, None));
        write("x").unwrap();
        files.changed().await;
        // A directory that is gone is no fault.
        assert_eq!(files.follow(&[folder.path().to_owned(), file].into()), (false, None));
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Read))));
    }
}
