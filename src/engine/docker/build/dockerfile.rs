//! The Dockerfile of a build, read before the build begins: a file of the context, a file elsewhere, or a text of the compose
//! file.

#![expect(clippy::disallowed_methods, reason = "reads the Dockerfile of a build")]

use std::path::{Component, Path, PathBuf};

use crate::engine::{BuildPlace, EngineError, EngineResult, ErrorKind};
use crate::model::BuildRequest;

/// A Dockerfile.
#[derive(Clone, Debug)]
pub(in crate::engine::docker) struct Dockerfile {
    /// Its path below the context; `None` for a file outside, and for a text of the compose file.
    pub inside: Option<String>,
    /// Its path; `None` for a text of the compose file.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: Vec<u8>,
}

impl Dockerfile {
    /// Reads the Dockerfile of a build whose context is a directory.
    pub(in crate::engine::docker) fn read(
        what: &'static str,
        directory: &Path,
        request: &BuildRequest,
    ) -> EngineResult<Self> {
        if let Some(text) = &request.dockerfile_inline {
            return Ok(Self::inline(text));
        }
        let fault = |message: String| EngineError::new(ErrorKind::Invalid, what, message);
        if !directory.is_dir() {
            return Err(fault(format!("there is no directory `{}`", directory.display())));
        }
        let path = directory.join(request.dockerfile.as_deref().unwrap_or("Dockerfile"));
        let is_up = |part: Component<'_>| matches!(part, Component::ParentDir);
        let inside = path.strip_prefix(directory).ok().filter(|path| !path.components().any(is_up));
        let inside = inside.map(|path| path.to_string_lossy().into_owned());
        let text = std::fs::read(&path).map_err(|error| fault(format!("cannot read `{}`: {error}", path.display())))?;
        Ok(Self { inside, path: Some(path), text })
    }

    /// A Dockerfile that stands in the compose file.
    pub(in crate::engine::docker) fn inline(text: &str) -> Self {
        Self { inside: None, path: None, text: text.as_bytes().to_vec() }
    }

    /// Returns the text of a file beside the Dockerfile, with the Dockerfile's name and this ending.
    #[cfg(feature = "buildkit")]
    pub(in crate::engine::docker) fn beside(&self, ending: &str) -> Option<Vec<u8>> {
        let path = self.path.as_ref()?;
        let mut name = path.file_name()?.to_owned();
        name.push(ending);
        std::fs::read(path.with_file_name(name)).ok()
    }

    /// Returns how messages name the file.
    fn shown(&self) -> String {
        self.path.as_ref().map_or("dockerfile_inline".to_owned(), |path| path.to_string_lossy().into_owned())
    }

    /// Returns the lines at which instructions begin, in their order.
    pub(in crate::engine::docker) fn instruction_lines(&self) -> Vec<u32> {
        instruction_lines(&String::from_utf8_lossy(&self.text))
    }

    /// Returns the lines of a part; `None` for a line that is not there.
    pub(in crate::engine::docker) fn place(&self, first: u32, last: u32) -> Option<BuildPlace> {
        /// The most lines that are shown.
        const MOST: usize = 8;
        let text = String::from_utf8_lossy(&self.text);
        let count = (last.saturating_sub(first) as usize + 1).min(MOST);
        let lines: Vec<String> =
            text.lines().skip(first.checked_sub(1)? as usize).take(count).map(str::to_owned).collect();
        (!lines.is_empty()).then(|| BuildPlace { file: self.shown(), line: first, text: lines })
    }

    /// Returns the instruction that begins at a line, with the lines that continue it.
    pub(in crate::engine::docker) fn instruction(&self, line: u32) -> Option<BuildPlace> {
        let next = self.instruction_lines().into_iter().find(|other| *other > line);
        let mut place = self.place(line, next.map_or(u32::MAX, |next| next - 1))?;
        let is_blank = |line: &String| line.trim().is_empty() || line.trim_start().starts_with('#');
        while place.text.last().is_some_and(is_blank) {
            place.text.pop();
        }
        Some(place)
    }
}

/// Returns the line at which each instruction of a Dockerfile begins. The builder numbers its steps in the same order.
fn instruction_lines(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut is_continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !is_continued {
            found.push(number);
        }
        is_continued = line.ends_with('\\');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_has_the_lines_that_continue_it() {
        let file = Dockerfile::inline("# x\nFROM a\n\nRUN b \\\n  # why\n c\n\n# end\nCMD d");
        assert_eq!(file.instruction_lines(), [2, 4, 9]);
        let place = file.instruction(4).unwrap();
        assert_eq!((place.line, place.text.as_slice()), (4, &["RUN b \\", "  # why", " c"].map(str::to_owned)[..]));
        assert_eq!(file.instruction(9).unwrap().text, ["CMD d"]);
        assert_eq!(file.place(10, 10), None);
        assert_eq!(file.place(0, 1), None);
    }
}
