//! Reads files: regular files of at most 16 MiB in UTF-8. Only this file of the loader looks at the disk.

#![expect(clippy::disallowed_methods, reason = "the one file of the loader that looks at the disk")]

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::model::Span;

/// Bytes of the largest compose or env file that is read.
const LARGEST: u64 = 16 << 20;
/// Seconds to wait until a program writes to a named pipe.
const PIPE_LIMIT_S: i64 = 1;

/// Who names a file. The command line may name pipes, such as `-f <(...)`; a file may name regular files only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// `-f FILE` or `--env-file FILE`.
    CommandLine,
    /// An `include` of a compose file.
    Include,
    /// An `extends` of a service.
    Extends,
    /// Another attribute of a compose file, such as `env_file`. Also a `.env` found beside the compose file.
    Attribute,
}

/// Reads a file. `span` is the place of the attribute that names the file.
pub fn read(path: &Path, named: NamedBy, span: Span) -> Result<String, Diagnostic> {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    let fault = |code, message: String| Diagnostic::error(code, span, message);
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault("file-not-found", format!("there is no file `{shown}`")),
        _ => fault("file-unreadable", format!("cannot read `{shown}`: {error}")),
    })?;
    if metadata.is_dir() {
        return Err(fault("not-a-file", format!("`{shown}` is a directory, not a file")));
    }
    if named != NamedBy::CommandLine && !metadata.is_file() {
        return Err(fault("not-a-file", format!("`{shown}` is not a regular file")));
    }
    let mut bytes = Vec::new();
    open(path, &metadata)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| fault("file-unreadable", format!("cannot read `{shown}`: {error}")))?;
    decode(bytes, &shown, span)
}

/// Opens a file. Opening a named pipe without a writer would block for ever, so a pipe has [`PIPE_LIMIT_S`] seconds.
fn open(path: &Path, metadata: &std::fs::Metadata) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    // `-f <(command)` is a pipe whose writer is running already. That command may take long before it writes.
    let is_descriptor = path.starts_with("/dev/fd") || path.starts_with("/proc");
    if !metadata.file_type().is_fifo() || is_descriptor {
        return std::fs::File::open(path);
    }
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut wait = [rustix::event::PollFd::new(&file, rustix::event::PollFlags::IN)];
    let limit = rustix::event::Timespec { tv_sec: PIPE_LIMIT_S, tv_nsec: 0 };
    if rustix::event::poll(&mut wait, Some(&limit))? == 0 {
        let words = format!("it is a pipe, and nobody has written to it within {PIPE_LIMIT_S} s");
        return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, words));
    }
    rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::empty())?;
    Ok(file)
}

/// Returns whether a path exists.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Returns whether a path is a directory.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// Returns whether a path is a regular file.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Returns the path that a path leads to once symbolic links are followed. `None` where nothing is there.
pub fn real_path(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// Reads standard input.
pub fn read_stdin() -> Result<String, Diagnostic> {
    let mut bytes = Vec::new();
    std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| {
        Diagnostic::error("file-unreadable", Span::NONE, format!("cannot read standard input: {error}"))
    })?;
    decode(bytes, "<stdin>", Span::NONE)
}

/// Returns the diagnostic for a remote file in `include` or `extends`. Loading never opens a network connection, so
/// remote files are refused.
pub fn remote_file(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error(
        "remote-file",
        span,
        format!("remote file `{}` is not supported", crate::text::escape_controls(path)),
    )
    .help("fetch it first and name the local copy")
}

/// Checks size and encoding of a text.
fn decode(bytes: Vec<u8>, shown: &str, span: Span) -> Result<String, Diagnostic> {
    if bytes.len() as u64 > LARGEST {
        return Err(Diagnostic::error("too-large", span, format!("`{shown}` is larger than 16 MiB")));
    }
    match String::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => {
            Err(Diagnostic::error("not-text", span, format!("`{shown}` holds NUL characters; it is no text file")))
        }
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(Diagnostic::error("not-text", span, format!("`{shown}` is not UTF-8 text (line {line})"))
                .help("save the file as UTF-8"))
        }
    }
}
