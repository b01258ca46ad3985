//! At most one changing run per engine and project on this machine.
//!
//! The lock is an advisory lock (`flock`) on a file in the run-time directory. The kernel drops the lock when its holder
//! ends, however that happens, so no lock is ever stale. The holder writes its name into the file, and empties the file at its
//! end. A file with a name and no holder was left by a run that died in the middle of its work.
//!
//! Below `/tmp` anybody may create the directory before this program does, and the file in it is emptied. So no link is
//! followed, and the directory must be one that nobody else can write to.

#![expect(clippy::disallowed_methods, reason = "the lock is a file, and tells since when it is held")]

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::diag::Diagnostic;
use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::model::Span;
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Between two tries to take a lock that another run holds.
const PAUSE: Duration = Duration::from_millis(50);

/// The lock, held until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    left: Option<Left>,
    interrupt: Interrupt,
    is_unfinished: AtomicBool,
    begun: i64,
    command: String,
}

/// A run that died in the middle of its work. The engine may still be at work on its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// When the dead run began, in seconds since 1970; where the run before it had died, too, when that one began. `None`
    /// where the file does not say.
    pub since: Option<i64>,
}

impl Lock {
    /// Returns what is known of the holder before this run, where that holder died in the middle of its work.
    pub(super) fn left(&self) -> Option<Left> {
        self.left
    }

    /// Notes that the engine may go on with a request of this run, or of one before it, when this run has ended: the next
    /// run is to be careful.
    pub(super) fn unfinished(&self) {
        self.is_unfinished.store(true, Ordering::Relaxed);
    }

    /// Notes that the engine has done what earlier runs asked of it: the next run need look no further back than this run.
    pub(super) fn settled(&self) {
        self.tell(self.begun);
    }

    /// Notes that the project is as it should be, whatever an earlier run left undone.
    pub(super) fn finished(&self) {
        self.is_unfinished.store(false, Ordering::Relaxed);
    }

    /// Writes who holds the lock, and since when requests may be under way.
    fn tell(&self, asks_since: i64) {
        let text = format!("{} {},{asks_since} {}\n", std::process::id(), self.begun, self.command);
        // Where this fails, the next run is only more careful. The text is overwritten and then cut, never emptied first: an
        // empty file says that all is well.
        let _ = self.file.write_all_at(text.as_bytes(), 0).and_then(|()| self.file.set_len(text.len() as u64));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file says that its last holder came to an end. Where this fails, the next run is only more careful.
        if !self.interrupt.is_urgent() && !self.is_unfinished.load(Ordering::Relaxed) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Takes the lock; while another run holds it, says who and waits.
pub(super) async fn take(
    context: &Context,
    endpoint: &str,
    project: &str,
    command: &str,
    interrupt: &Interrupt,
) -> Result<Lock, Failure> {
    let directory = directory(context);
    let mut file = open(&directory, &name(endpoint, project)).map_err(|cause| refused(&directory, &cause))?;
    let mut told = false;
    while rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        if !told {
            ui::tell(&format!("waiting for another run on project `{project}`{}\n", holder(&mut file)));
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            signal = interrupt.first() => return Err(super::interrupted(signal)),
        }
    }
    let is_left = file.metadata().map_or(true, |metadata| metadata.len() > 0);
    let left = is_left.then(|| Left { since: read(&mut file).map(|holder| holder.asks_since) });
    if is_left {
        tracing::warn!(holder = holder(&mut file), "the last run on this project did not come to its end");
    }
    let (interrupt, begun, command) = (interrupt.clone(), now(), command.to_owned());
    let lock = Lock { file, left, interrupt, is_unfinished: AtomicBool::new(false), begun, command };
    // Should this run die, too, requests of the dead run before it may still be under way.
    lock.tell(left.and_then(|left| left.since).map_or(begun, |since| since.min(begun)));
    Ok(lock)
}

/// Opens a lock's file, and creates it where there is none. The error says why not, for people.
fn open(directory: &Path, name: &str) -> Result<File, String> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| error.to_string())?;
    let own = own_directory(directory)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(&own, name, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(file.into()),
        Err(rustix::io::Errno::LOOP) => Err(format!("`{}` in it is a link", escape_controls(name))),
        Err(error) => Err(format!("`{}` in it cannot be opened: {error}", escape_controls(name))),
    }
}

/// Opens a directory that nobody else can write to, and that is not reached through a link.
fn own_directory(directory: &Path) -> Result<File, String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(directory, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR => "it is a link, not a directory".to_owned(),
        error => error.to_string(),
    })?;
    let facts = rustix::fs::fstat(&opened).map_err(|error| error.to_string())?;
    let user = rustix::process::geteuid().as_raw();
    if facts.st_uid != user {
        return Err(format!("it belongs to user {}, not to user {user}", facts.st_uid));
    }
    if Mode::from_raw_mode(facts.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        return Err("others may write to it".to_owned());
    }
    Ok(opened.into())
}

fn refused(directory: &Path, cause: &str) -> Failure {
    let shown = escape_controls(&directory.to_string_lossy()).into_owned();
    let message = format!("cannot make the project's lock in `{shown}`");
    let help = "it must be a directory of yours that nobody else can write to (mode 0700): mend or remove it, or set XDG_RUNTIME_DIR to another place";
    Failure::one(Diagnostic::error("lock-unsafe", Span::NONE, message).cause(cause).help(help))
}

fn directory(context: &Context) -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    // Jobs of cron do not have the variable, and must meet the runs of a login: so the usual directory is tried, too. Where
    // nobody is logged in, systems may have no such directory. A run that begins then does not meet runs of a later login.
    let usual = PathBuf::from(format!("/run/user/{user}"));
    match context.environment.get_non_empty("XDG_RUNTIME_DIR") {
        Some(directory) => PathBuf::from(directory).join("inception"),
        None if usual.is_dir() => usual.join("inception"),
        None => PathBuf::from(format!("/tmp/inception-{user}")),
    }
}

fn name(endpoint: &str, project: &str) -> String {
    let digest: String = Sha256::digest(endpoint.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}-{project}.lock")
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// What a lock's file says: `pid begun,asks_since command`, times in seconds since 1970.
struct Holder {
    pid: String,
    begun: i64,
    /// When the first of the runs began whose requests may still be under way.
    asks_since: i64,
    command: String,
}

/// Reads a lock's file; `None` where its text cannot be understood.
fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    let mut parts = text.trim().splitn(3, ' ');
    let (pid, times, command) = (parts.next()?, parts.next()?, parts.next()?);
    let (begun, asks_since) = times.split_once(',')?;
    Some(Holder {
        pid: pid.to_owned(),
        begun: begun.parse().ok()?,
        asks_since: asks_since.parse().ok()?,
        command: command.to_owned(),
    })
}

fn holder(file: &mut File) -> String {
    let Some(Holder { pid, begun, command, .. }) = read(file) else { return String::new() };
    let age = now().saturating_sub(begun).max(0);
    format!(": `{}`, pid {}, for {age} s", escape_controls(&command), escape_controls(&pid))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_in_place_of_the_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (directory, victim) = (folder.path().join("inception"), folder.path().join("victim"));
        open(&directory, "a.lock").unwrap();
        std::fs::write(&victim, "kept").unwrap();
        symlink(&victim, directory.join("b.lock")).unwrap();
        assert_eq!(open(&directory, "b.lock").unwrap_err(), "`b.lock` in it is a link");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    }

    #[test]
    fn a_directory_that_is_a_link_or_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (directory, link) = (folder.path().join("inception"), folder.path().join("link"));
        open(&directory, "a.lock").unwrap();
        symlink(&directory, &link).unwrap();
        assert_eq!(open(&link, "a.lock").unwrap_err(), "it is a link, not a directory");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(open(&directory, "a.lock").unwrap_err(), "others may write to it");
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        // Only root can give a directory to another user.
        if std::os::unix::fs::chown(folder.path(), Some(1), None).is_ok() && rustix::process::geteuid().is_root() {
            assert_eq!(open(folder.path(), "a.lock").unwrap_err(), "it belongs to user 1, not to user 0");
        }
    }
}
