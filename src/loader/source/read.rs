//! Reads files: regular files of at most 16 MiB in UTF-8, or in UTF-16 with a byte order mark. Env files may contain
//! bytes that are not UTF-8. Only this file of the loader uses the disk.

#![expect(clippy::disallowed_methods, reason = "the one file of the loader that looks at the disk")]

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diag::Diagnostic;
use crate::model::Span;

/// The largest compose or env file, in bytes.
const LARGEST: u64 = 16 << 20;
/// How many seconds to wait until a program writes to a named pipe.
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
    /// Another attribute of a compose file, such as `env_file`; also a `.env` beside the compose file.
    Attribute,
}

/// Reads a file. `span` is the place of the attribute that names the file.
pub fn read(path: &Path, named: NamedBy, span: Span) -> Result<String, Diagnostic> {
    decode(read_bytes(path, named, span)?, &shown(path), span)
}

/// Reads an env file, whose bytes need not be UTF-8. Also returns the offsets of the bytes that are not.
pub fn read_env(path: &Path, named: NamedBy, span: Span) -> Result<(String, Vec<usize>), Diagnostic> {
    let shown = shown(path);
    let bytes = read_bytes(path, named, span)?;
    match encoding(&bytes) {
        Some(_) => Ok((decode(bytes, &shown, span)?, Vec::new())),
        None => {
            let (text, places) = crate::text::from_bytes(within_bounds(bytes, &shown, span)?);
            Ok((without_nul(text, &shown, span)?, places))
        }
    }
}

fn shown(path: &Path) -> String {
    crate::text::escape_controls(&path.to_string_lossy()).into_owned()
}

fn read_bytes(path: &Path, named: NamedBy, span: Span) -> Result<Vec<u8>, Diagnostic> {
    let shown = shown(path);
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
    Ok(bytes)
}

/// Opens a file. Opening a named pipe without a writer would block for ever, so a pipe has [`PIPE_LIMIT_S`] seconds.
fn open(path: &Path, metadata: &std::fs::Metadata) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    // The writer of `-f <(command)` is already running, and may take long before it writes.
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

/// Returns the path after symbolic links were followed. `None` if nothing is there.
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

/// Returns how two bytes of UTF-16 make a number, from the byte order mark at the start. `None` without such a mark.
fn encoding(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// Checks size and encoding of a text.
fn decode(bytes: Vec<u8>, shown: &str, span: Span) -> Result<String, Diagnostic> {
    let bytes = within_bounds(bytes, shown, span)?;
    if let Some(number) = encoding(&bytes) {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| number(*pair));
        let text = char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| rest.is_empty());
        let fault = || not_text(span, format!("`{shown}` has the mark of UTF-16 and is not UTF-16 text"));
        return without_nul(text.ok_or_else(fault)?, shown, span);
    }
    match String::from_utf8(bytes) {
        Ok(text) => without_nul(text, shown, span),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
            Err(not_text(span, format!("`{shown}` is not UTF-8 text (line {line}, column {column})")))
        }
    }
}

fn not_text(span: Span, message: String) -> Diagnostic {
    Diagnostic::error("not-text", span, message).help("save the file as UTF-8")
}

fn within_bounds(bytes: Vec<u8>, shown: &str, span: Span) -> Result<Vec<u8>, Diagnostic> {
    if bytes.len() as u64 > LARGEST {
        return Err(Diagnostic::error("too-large", span, format!("`{shown}` is larger than 16 MiB")));
    }
    Ok(bytes)
}

fn without_nul(text: String, shown: &str, span: Span) -> Result<String, Diagnostic> {
    if text.contains('\0') {
        let message = format!("`{shown}` holds NUL characters; it is no text file");
        return Err(Diagnostic::error("not-text", span, message));
    }
    Ok(text)
}
