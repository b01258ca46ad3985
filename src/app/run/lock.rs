//! At most one changing run per engine, project and user on this machine.
//!
//! The lock is an advisory lock (`flock`) on a file in the run-time directory. The kernel releases it when its holder
//! ends in any way, so a lock is never stale. The holder writes its name into the file, and empties the file at its
//! end. So a file with a name but without a holder was left by a run that died in the middle of its work.
//!
//! Below `/tmp` another user may have created the directory, and this program empties the file in it. So no link is
//! followed, and nobody else may be able to write to the directory. If a directory cannot hold the lock, the next one
//! is tried ([`directories`]). If none can, the run goes on without a lock, with a warning.

#![expect(clippy::disallowed_methods, reason = "the lock is a file, and tells since when it is held")]

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::diag::Diagnostic;
use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::model::{Sources, Span};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// The pause between two tries to take a lock that another run holds.
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

/// A run that died in the middle of its work. The engine may still work on its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// When the dead run began, in seconds since 1970; if the run before it had died, too, when that one began. `None`
    /// if the file does not say.
    pub since: Option<i64>,
}

impl Left {
    /// Without a lock nobody knows how the previous run ended, so it counts as dead.
    pub(super) const UNKNOWN: Self = Self { since: None };
}

impl Lock {
    /// Writes the holder of the lock into its file.
    fn held(mut file: File, command: &str, interrupt: &Interrupt) -> Self {
        let is_left = file.metadata().map_or(true, |metadata| metadata.len() > 0);
        let left = is_left.then(|| Left { since: read(&mut file).map(|holder| holder.asks_since) });
        if is_left {
            tracing::warn!(holder = holder(&mut file), "the last run on this project did not come to its end");
        }
        let (interrupt, begun, command) = (interrupt.clone(), now(), command.to_owned());
        let lock = Self { file, left, interrupt, is_unfinished: AtomicBool::new(false), begun, command };
        // If this run dies, too, requests of the earlier dead run may still be under way.
        lock.tell(left.and_then(|left| left.since).map_or(begun, |since| since.min(begun)));
        lock
    }

    /// Returns what is known about the previous holder, if it died in the middle of its work.
    pub(super) fn left(&self) -> Option<Left> {
        self.left
    }

    /// Notes that the engine may go on with a request of this run, or of an earlier one, after this run has ended: the
    /// next run must be careful.
    pub(super) fn unfinished(&self) {
        self.is_unfinished.store(true, Ordering::Relaxed);
    }

    /// Notes that the engine has done everything that earlier runs asked for: the next run need look no further back
    /// than this run.
    pub(super) fn settled(&self) {
        self.tell(self.begun);
    }

    /// Notes that the project is as it should be, whatever an earlier run left undone.
    pub(super) fn finished(&self) {
        self.is_unfinished.store(false, Ordering::Relaxed);
    }

    /// Writes the holder, and since when requests may be under way.
    fn tell(&self, asks_since: i64) {
        let text = format!("{} {},{asks_since} {}\n", std::process::id(), self.begun, self.command);
        // If this fails, the next run is only more careful. The text is overwritten and then cut, and never emptied
        // first, because an empty file means that all is well.
        let _ = self.file.write_all_at(text.as_bytes(), 0).and_then(|()| self.file.set_len(text.len() as u64));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file means that its last holder ended properly. If this fails, the next run is only more careful.
        if !self.interrupt.is_urgent() && !self.is_unfinished.load(Ordering::Relaxed) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Takes the lock. While another run holds it, prints which run and waits. Returns `None` if no directory can hold the
/// lock.
pub(super) async fn take(
    context: &Context,
    endpoint: &str,
    project: &str,
    command: &str,
    interrupt: &Interrupt,
) -> Result<Option<Lock>, Failure> {
    let (name, user) = (name(endpoint, project), rustix::process::geteuid().as_raw());
    let mut refused = Vec::new();
    for directory in directories(context.environment.get_non_empty("XDG_RUNTIME_DIR"), user) {
        let cause = match open(&directory, &name) {
            Ok(mut file) => match wait(&mut file, project, interrupt).await? {
                None => return Ok(Some(Lock::held(file, command, interrupt))),
                Some(cause) => cause,
            },
            Err(cause) => cause,
        };
        refused.push(format!("`{}`: {cause}", escape_controls(&directory.to_string_lossy())));
    }
    ui::diagnostics(context, &[unlocked(project, &refused)], &Sources::default());
    Ok(None)
}

/// Waits until no other run holds the lock of a file. Returns the reason if its file system does not support locks.
async fn wait(file: &mut File, project: &str, interrupt: &Interrupt) -> Result<Option<String>, Failure> {
    let mut told = false;
    loop {
        match rustix::fs::flock(&*file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => {}
            Err(error) => return Ok(Some(format!("a file in it cannot be locked: {error}"))),
        }
        if !told {
            ui::tell(&format!("waiting for another run on project `{project}`{}\n", holder(file)));
            told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            signal = interrupt.first() => return Err(super::interrupted(signal)),
        }
    }
}

/// Opens a lock's file, and creates it if necessary. The error is for people.
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

/// Opens a directory to which nobody else can write, and whose path is not a link.
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

/// Returns the warning about a run without a lock, with the reason for each directory.
fn unlocked(project: &str, refused: &[String]) -> Diagnostic {
    let message = format!("project `{project}` has no lock: another run on it at the same time is not noticed");
    let help = "let one run on it end before you begin another; a directory of yours that nobody else can write to (mode 0700), \
                named by XDG_RUNTIME_DIR, takes the lock";
    Diagnostic::warning("lock-unsafe", Span::NONE, message).cause(refused.join("\n")).help(help)
}

/// Returns the directories that may hold the lock, the best first: below XDG_RUNTIME_DIR (`named`), below the usual
/// value of that variable, and the user's own directory in `/tmp`.
///
/// Jobs of cron and of `su` lack the variable, or have another user's value, but must share the lock with runs of a
/// login. So the usual directory is tried, too. Without a login, some systems do not have that directory. A run that
/// begins then does not share the lock with runs of a later login.
///
/// A run-time directory must exist and belong to the user. Otherwise root with another user's variable (`sudo -E`)
/// would create a directory there that this user cannot open.
fn directories(named: Option<&str>, user: u32) -> Vec<PathBuf> {
    let usual = PathBuf::from(format!("/run/user/{user}"));
    let bases = named.map(PathBuf::from).into_iter().chain([usual]).filter(|base| is_own(base));
    let mut found: Vec<PathBuf> = bases.map(|base| base.join("inception")).collect();
    found.dedup();
    found.push(PathBuf::from(format!("/tmp/inception-{user}")));
    found
}

/// Returns whether a path is a directory that belongs to the user.
fn is_own(directory: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    directory.is_absolute() && directory.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user)
}

fn name(endpoint: &str, project: &str) -> String {
    let digest: String = Sha256::digest(endpoint.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}-{project}.lock")
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

/// The contents of a lock's file: `pid begun,asks_since command`, times in seconds since 1970.
struct Holder {
    pid: String,
    begun: i64,
    /// When the first of the runs began whose requests may still be under way.
    asks_since: i64,
    command: String,
}

/// Reads a lock's file; `None` for an invalid text.
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

    #[test]
    fn a_run_time_directory_that_is_missing_or_of_another_user_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (path, last) = (folder.path().to_str().unwrap(), PathBuf::from("/tmp/inception-4711"));
        assert_eq!(directories(Some(path), 4711), [folder.path().join("inception"), last.clone()]);
        let missing = folder.path().join("none");
        for unusable in [None, missing.to_str(), Some("/proc/none"), Some("/dev/null"), Some("relative")] {
            assert_eq!(directories(unusable, 4711), std::slice::from_ref(&last), "{unusable:?}");
        }
        assert!(!missing.exists(), "the directory of another user may not get a folder of root's");
        if std::os::unix::fs::chown(folder.path(), Some(4711), None).is_ok() && rustix::process::geteuid().is_root() {
            assert_eq!(directories(Some(path), 4711), [last]);
        }
    }

    #[test]
    fn a_run_without_a_lock_is_told_why() {
        let told = unlocked("p", &["`/a`: others may write to it".to_owned(), "`/b`: it is full".to_owned()]);
        assert!(!told.is_error());
        assert_eq!(told.cause.as_deref(), Some("`/a`: others may write to it\n`/b`: it is full"));
    }
}
