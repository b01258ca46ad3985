//! Checks a Dockerfile for syntax that the builder of an old engine takes for something else.
//!
//! Example: Engine 20.10 reads the lines of a here-document as instructions, and says `unknown instruction: ECHO`.

#![expect(clippy::disallowed_methods, reason = "reads the Dockerfile")]

use std::io::Read;
use std::path::Path;

use crate::diag::Diagnostic;
use crate::model::{Build, BuildKit, Builder, Service};
use crate::text::escape_controls;

/// The most bytes that are read; real files are far smaller.
const MOST: u64 = 1 << 20;
/// Instructions that may have a here-document.
const WITH_DOCUMENT: [&str; 3] = ["RUN", "COPY", "ADD"];

/// Returns the first here-document that the builder does not know. A Dockerfile with a `# syntax=` line brings its own
/// frontend, which BuildKit pulls.
pub(super) fn check(service: &Service, build: &Build, builder: Builder) -> Option<Diagnostic> {
    if builder == Builder::BuildKit(BuildKit::Current) {
        return None;
    }
    let (shown, text) = match &build.dockerfile_inline {
        Some(text) => ("dockerfile_inline".to_owned(), text.clone()),
        None => {
            let path = Path::new(&build.context).join(build.dockerfile.as_deref().unwrap_or("Dockerfile"));
            let mut bytes = Vec::new();
            std::fs::File::open(&path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
            (path.to_string_lossy().into_owned(), String::from_utf8_lossy(&bytes).into_owned())
        }
    };
    if builder.is_buildkit() && has_frontend(&text) {
        return None;
    }
    let (line, column) = first_document(&text)?;
    let message = format!(
        "the Dockerfile of service `{}` has a here-document, which {} does not know",
        service.name,
        builder.name()
    );
    let help = match builder {
        Builder::BuildKit(_) => {
            "begin the file with `# syntax=docker/dockerfile:1`, which is pulled, or join the commands with `&&`"
        }
        Builder::Classic(_) => "join the commands with `&&`, or build with BuildKit",
    };
    Some(
        Diagnostic::error("dockerfile-syntax", build.span, message)
            .cause(format!("{}:{line}:{column}: a here-document begins", escape_controls(&shown)))
            .help(help),
    )
}

/// Returns whether the first lines, which are comments, name a frontend.
fn has_frontend(text: &str) -> bool {
    let comments =
        text.lines().map(|line| line.trim_start_matches('\u{feff}').trim()).map_while(|line| line.strip_prefix('#'));
    comments.into_iter().any(|line| line.trim_start().to_ascii_lowercase().replace(' ', "").starts_with("syntax="))
}

/// Returns line and column of the first here-document: `<<WORD` as a word of an instruction that may have one.
fn first_document(text: &str) -> Option<(usize, usize)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let word = line.split_whitespace().next()?;
        WITH_DOCUMENT.iter().any(|known| known.eq_ignore_ascii_case(word)).then_some(())?;
        let column = line.find(" <<").map(|at| at + 2)?;
        let mark = line[column + 1..].trim_start_matches('-').trim_start_matches(['"', '\'']);
        let mark: String = mark.chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').collect();
        // Without a line that ends the document, `<<` is a part of the command.
        let ends = || text.lines().skip(number).any(|line| line.trim_start_matches('\t') == mark);
        (!mark.is_empty() && ends()).then(|| (number, line[..column].chars().count()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_here_document_is_found_with_its_place() {
        assert_eq!(first_document("FROM a\nRUN <<EOF\necho\nEOF"), Some((2, 5)));
        assert_eq!(first_document("FROM a\n  copy <<-'X' /x\nX"), Some((2, 8)));
        assert_eq!(first_document("FROM a\nRUN echo $((1 << 2))\nENV A=<<B"), None);
        assert_eq!(first_document("FROM a\nRUN echo ' <<b'\nCMD b"), None);
        assert_eq!(first_document("# RUN <<EOF"), None);
    }

    #[test]
    fn a_frontend_is_named_by_the_first_comments_only() {
        assert!(has_frontend("# escape=`\n# syntax = docker/dockerfile:1\nFROM a"));
        assert!(!has_frontend("FROM a\n# syntax=docker/dockerfile:1"));
        assert!(!has_frontend("# a word\n\n# syntax=x"));
    }
}
