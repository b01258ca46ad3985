//! `develop`: what happens in a service when files of this machine change.

use std::path::PathBuf;

use super::{Hook, Span};

/// An entry of `develop.watch`.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchRule {
    /// The place in the file.
    pub span: Span,
    /// `path`: the file or directory that is watched, absolute.
    pub path: PathBuf,
    /// `action`.
    pub action: WatchAction,
    /// `target`: where the files go in the container; actions that sync have one.
    pub target: Option<String>,
    /// `include`: patterns of the files that count; all where there is none.
    pub include: Vec<String>,
    /// `ignore`: patterns of files that do not count.
    pub ignore: Vec<String>,
    /// `exec`: the command of `sync+exec`.
    pub exec: Option<Hook>,
    /// `initial_sync`: the files are also synced when the watching begins.
    pub initial_sync: bool,
}

/// What a change of a watched file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchAction {
    /// `rebuild`: the image is built and the containers are replaced.
    Rebuild,
    /// `sync`: the file is put into the containers.
    Sync,
    /// `sync+exec`: the file is put into the containers, then a command runs in them.
    SyncExec,
    /// `sync+restart`: the file is put into the containers, then they are restarted.
    SyncRestart,
    /// `restart`: the containers are restarted.
    Restart,
}

impl WatchAction {
    /// Returns the action of a word of the file.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "rebuild" => Self::Rebuild,
            "sync" => Self::Sync,
            "sync+exec" => Self::SyncExec,
            "sync+restart" => Self::SyncRestart,
            "restart" => Self::Restart,
            _ => return None,
        })
    }

    /// Returns the word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Sync => "sync",
            Self::SyncExec => "sync+exec",
            Self::SyncRestart => "sync+restart",
            Self::Restart => "restart",
        }
    }

    /// Returns whether files are put into containers.
    pub fn syncs(self) -> bool {
        matches!(self, Self::Sync | Self::SyncExec | Self::SyncRestart)
    }
}
