//! At most one changing run per engine and project on this machine.
//!
//! An advisory lock on a file in the run-time directory; the kernel drops it when its holder ends, however it ends, so
//! there are no stale locks. The file says who holds it; one that still says so when nobody does was left by a run that
//! died.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};

use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::settings::Context;
use crate::ui;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Holds the lock until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    is_after_crash: bool,
}

impl Lock {
    /// Returns whether the holder before this one died in the middle of its work.
    pub(super) fn is_after_crash(&self) -> bool {
        self.is_after_crash
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file says that its last holder came to an end. Where this fails the next run is only more careful.
        let _ = self.file.set_len(0);
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
    let path = path(context, endpoint, project);
    let mut file = open(&path)
        .map_err(|error| Failure::Other(anyhow::anyhow!("cannot make the lock `{}`: {error}", path.display())))?;
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
    let is_after_crash = file.metadata().map_or(true, |metadata| metadata.len() > 0);
    if is_after_crash {
        tracing::warn!(holder = holder(&mut file), "the last run on this project did not come to its end");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // Only words for people: nothing depends on them.
    let _ = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{} {now} {command}", std::process::id()));
    Ok(Lock { file, is_after_crash })
}

fn open(path: &std::path::Path) -> std::io::Result<File> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(parent) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn path(context: &Context, endpoint: &str, project: &str) -> PathBuf {
    let base = match context.environment.get_non_empty("XDG_RUNTIME_DIR") {
        Some(directory) => PathBuf::from(directory).join("inception"),
        None => PathBuf::from(format!("/tmp/inception-{}", rustix::process::getuid().as_raw())),
    };
    let digest: String = Sha256::digest(endpoint.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    base.join(format!("{digest}-{project}.lock"))
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    if file.rewind().and_then(|()| file.read_to_string(&mut text)).is_err() {
        return String::new();
    }
    let mut parts = text.trim().splitn(3, ' ');
    let (Some(pid), Some(since), Some(command)) = (parts.next(), parts.next(), parts.next()) else {
        return String::new();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age = since.parse::<u64>().map_or(0, |since| now.saturating_sub(since));
    format!(": `{}`, pid {pid}, for {age} s", crate::text::escape_controls(command))
}
