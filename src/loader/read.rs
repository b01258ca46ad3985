//! Files to text: regular files, bounded in size, valid UTF-8.

use std::io::Read;
use std::path::Path;

use crate::diag::Diagnostic;
use crate::model::Span;

/// No compose or env file is larger.
const LARGEST: u64 = 16 << 20;

/// Whether the user named the file on the command line, where `-f <(...)` and named pipes are fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    OnCommandLine,
    InFile,
}

/// Reads a file; `span` is where it is named.
pub(super) fn read(path: &Path, named: Named, span: Span) -> Result<String, Diagnostic> {
    let shown = crate::text::escape_controls(&path.to_string_lossy()).into_owned();
    let fault = |code, message: String| Diagnostic::error(code, span, message);
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault("file-not-found", format!("there is no file `{shown}`")),
        _ => fault("file-unreadable", format!("cannot read `{shown}`: {error}")),
    })?;
    if metadata.is_dir() {
        return Err(fault("not-a-file", format!("`{shown}` is a directory, not a file")));
    }
    if named == Named::InFile && !metadata.is_file() {
        return Err(fault("not-a-file", format!("`{shown}` is not a regular file")));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| fault("file-unreadable", format!("cannot read `{shown}`: {error}")))?;
    decode(bytes, &shown, span)
}

/// Reads standard input.
pub(super) fn read_stdin() -> Result<String, Diagnostic> {
    let mut bytes = Vec::new();
    std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| {
        Diagnostic::error("file-unreadable", Span::NONE, format!("cannot read standard input: {error}"))
    })?;
    decode(bytes, "<stdin>", Span::NONE)
}

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
