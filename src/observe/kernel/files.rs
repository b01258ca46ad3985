//! Files of `/proc` and `/sys`, and programs that read the kernel's tables.

#![expect(clippy::disallowed_methods, reason = "reads the kernel's files about a container")]

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, ResolveFlags};

/// Most bytes that are read of a file.
const LARGEST: u64 = 4 << 20;

/// Returns the text of a file, or why it cannot be read.
pub(super) fn text(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| words(path, &error))?;
    read(file).map_err(|error| words(path, &error))
}

/// Returns the text of a file of a container, by its path there. The container decides what stands at that path, so links
/// are resolved in the container, and only a regular file is read.
pub(super) fn text_inside(pid: i64, path: &str) -> Result<String, String> {
    let opened = || {
        let root = format!("/proc/{pid}/root");
        let root = rustix::fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let inside = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        rustix::fs::openat2(root, path, flags, Mode::empty(), inside)
    };
    let file = opened().map(std::fs::File::from).map_err(std::io::Error::from);
    file.and_then(read).map_err(|error| words(path, &error))
}

/// Reads a regular file, [`LARGEST`] bytes at most.
fn read(file: std::fs::File) -> std::io::Result<String> {
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the text of a file without the blanks around it.
pub(super) fn value(path: &str) -> Option<String> {
    text(path).ok().map(|text| text.trim().to_owned())
}

/// Returns where a link leads.
pub(super) fn link(path: &str) -> Option<String> {
    Some(std::fs::read_link(path).ok()?.to_string_lossy().into_owned())
}

/// Returns why a link cannot be read.
pub(super) fn reason(path: &str) -> String {
    match std::fs::read_link(path) {
        Err(error) => words(path, &error),
        Ok(_) => String::new(),
    }
}

/// Returns the names in a directory.
pub(super) fn names(path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns whether a path exists.
pub(super) fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

/// Returns the output of a program, or why there is none.
pub(super) fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let run = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = run.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!(
            "`{program}` needs root: {}",
            String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("no reason given")
        )),
    }
}

fn words(path: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!("`{path}` may be read by root only"),
        _ => format!("`{path}` cannot be read: {error}"),
    }
}
