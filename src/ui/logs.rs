//! Output of containers on standard output: each line with the container's name in front, in colour on a terminal. Of
//! the output's own control characters, only colours reach a terminal. For programs each line is an object (`json`).

#![expect(clippy::disallowed_methods, reason = "asks whether standard output is a terminal")]

use std::collections::BTreeMap;
use std::io::IsTerminal;

use crate::settings::{AnsiWhen, Context};

use super::output;

mod json;
mod source;

pub use source::Source;

/// Colours of the names, which also eyes tell apart that do not see all colours (after Okabe and Ito): orange, sky
/// blue, green, yellow, blue, vermilion, purple; then the same in bold.
const COLOURS: [&str; 14] = [
    "\x1b[38;5;214m",
    "\x1b[38;5;75m",
    "\x1b[38;5;36m",
    "\x1b[38;5;185m",
    "\x1b[38;5;32m",
    "\x1b[38;5;166m",
    "\x1b[38;5;175m",
    "\x1b[1;38;5;214m",
    "\x1b[1;38;5;75m",
    "\x1b[1;38;5;36m",
    "\x1b[1;38;5;185m",
    "\x1b[1;38;5;32m",
    "\x1b[1;38;5;166m",
    "\x1b[1;38;5;175m",
];
const RESET: &str = "\x1b[0m";

/// How lines of containers are printed.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether each line is an object for programs; then the rest has no effect.
    pub is_json: bool,
    /// Whether each line starts with its container's name.
    pub has_prefix: bool,
    /// Whether the names are coloured.
    pub is_coloured: bool,
}

/// Returns whether colours are wanted on standard output.
pub fn is_coloured(context: &Context) -> bool {
    match context.settings.ansi {
        AnsiWhen::Always => true,
        AnsiWhen::Never => false,
        AnsiWhen::Auto => std::io::stdout().is_terminal() && context.environment.get_non_empty("NO_COLOR").is_none(),
    }
}

/// A whole line, or a part of a long line.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Whether the container wrote the line to its standard error.
    pub is_error: bool,
    /// The bytes as the container wrote them, including the line end.
    pub bytes: &'a [u8],
    /// The time of the line; empty for none.
    pub time: &'a str,
    /// Whether a line begins here; otherwise the piece continues the line of the previous piece.
    pub is_start: bool,
}

/// Prints lines of many containers. Lines wait in the queue of standard output, so [`LogPrinter::print`] does not
/// block. A reader of many lines awaits [`LogPrinter::ready`] before each line.
#[derive(Debug)]
pub struct LogPrinter {
    /// What each container's lines begin with, by the container's id: the name, or the first members of the object.
    prefixes: BTreeMap<String, String>,
    style: Style,
    /// Length of the longest name, in characters.
    width: usize,
    is_terminal: bool,
    /// The container with an unfinished line on the output.
    open: Option<String>,
}

impl LogPrinter {
    /// Takes the ids of containers with the containers.
    pub fn new(sources: &[(String, Source)], style: Style) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let mut printer = Self { prefixes: BTreeMap::new(), style, width: 0, is_terminal, open: None };
        for (_, source) in sources {
            printer.make_room(&source.name);
        }
        for (id, source) in sources {
            printer.add(id, source);
        }
        printer
    }

    /// Makes the prefixes of containers that are added later at least as wide as this name.
    pub fn make_room(&mut self, name: &str) {
        self.width = self.width.max(crate::text::escape_controls(name).chars().count());
    }

    /// Takes one more container with its id.
    pub fn add(&mut self, id: &str, source: &Source) {
        let (name, width) = (crate::text::escape_controls(&source.name), self.width);
        let text = match (self.style.has_prefix, self.style.is_coloured) {
            _ if self.style.is_json => json::origin(source),
            (false, _) => String::new(),
            (true, false) => format!("{name:<width$}  | "),
            (true, true) => {
                format!("{}{name:<width$}  | {RESET}", colour_of(&name))
            }
        };
        self.prefixes.insert(id.to_owned(), text);
    }

    /// Returns whether a container was added.
    pub fn knows(&self, id: &str) -> bool {
        self.prefixes.contains_key(id)
    }

    /// Waits for space for a line in the queue of standard output. Dropping the future loses nothing.
    pub async fn ready(&self) {
        output::ready().await;
    }

    /// Prints a line, or a piece of a line; the name is printed once for each line. An unfinished line is ended by the
    /// start of another line, and by a piece of another container's line.
    pub fn print(&mut self, id: &str, piece: Piece<'_>) {
        let mut out = Vec::with_capacity(piece.bytes.len() + 256);
        let prefix = self.prefixes.get(id).map(String::as_bytes).unwrap_or_default();
        if piece.is_start || self.open.as_deref() != Some(id) {
            if self.open.is_some() {
                out.extend_from_slice(self.line_end());
            }
            if self.style.is_json {
                json::begin(&mut out, prefix, piece.time, if piece.is_error { "stderr" } else { "stdout" });
            } else {
                out.extend_from_slice(prefix);
                if !piece.time.is_empty() {
                    out.extend_from_slice(piece.time.as_bytes());
                    out.push(b' ');
                }
            }
        }
        let has_end = piece.bytes.last() == Some(&b'\n');
        if self.style.is_json {
            json::text(&mut out, piece.bytes);
            out.extend_from_slice(if has_end { json::END } else { b"" });
        } else if self.is_terminal {
            out.extend_from_slice(harmless(&String::from_utf8_lossy(piece.bytes)).as_bytes());
        } else {
            out.extend_from_slice(piece.bytes);
        }
        self.open = if has_end { None } else { Some(id.to_owned()) };
        output::print_bytes(out);
    }

    /// Ends the unfinished line of a container whose output has ended.
    pub fn close(&mut self, id: &str) {
        if self.open.as_deref() == Some(id) {
            self.open = None;
            output::print_bytes(self.line_end().to_vec());
        }
    }

    /// Prints a message about a container on its own line.
    ///
    /// Compat: docker compose reports the ends of containers on standard output, too.
    pub fn note(&mut self, source: &Source, words: &str) {
        let mut out = if self.open.take().is_some() { self.line_end().to_vec() } else { Vec::new() };
        match self.style.is_json {
            true => json::event(&mut out, source, words),
            false => out.extend_from_slice(format!("{}\n", crate::text::escape_controls(words)).as_bytes()),
        }
        output::print_bytes(out);
    }

    /// As [`Self::note`], for messages that may come any number of times: they are dropped while nobody reads.
    pub fn note_often(&mut self, source: &Source, words: &str) {
        if output::has_room() {
            self.note(source, words);
        }
    }

    /// Returns what ends an unfinished line.
    fn line_end(&self) -> &'static [u8] {
        if self.style.is_json { json::END } else { b"\n" }
    }
}

/// Returns the colour of a container: that of its service, the same in every run and for every replica.
fn colour_of(name: &str) -> &'static str {
    let is_number = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    let service = name.rsplit_once(['-', '_']).filter(|(_, end)| is_number(end)).map_or(name, |(service, _)| service);
    // FNV-1a: spreads short names well, and stays the same.
    let hash = service
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    COLOURS[usize::try_from(hash % COLOURS.len() as u64).unwrap_or_default()]
}

impl Drop for LogPrinter {
    fn drop(&mut self) {
        if self.open.is_some() && (self.is_terminal || self.style.is_json) {
            output::print_bytes(self.line_end().to_vec());
        }
    }
}

/// Returns a text in which colours stay, and all other control characters become visible. A colour ends with its line.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_coloured = false;
    while let Some(char) = rest.chars().next() {
        if let Some(length) = crate::text::colour(rest) {
            out.push_str(&rest[..length]);
            is_coloured = true;
            rest = &rest[length..];
            continue;
        }
        match char {
            '\n' => {
                if is_coloured {
                    out.push_str(RESET);
                }
                out.push('\n');
            }
            '\t' => out.push('\t'),
            // A program that runs in a terminal ends its lines with `\r\n`.
            '\r' if rest.starts_with("\r\n") => {}
            char => out.push_str(&crate::text::escape_controls(char.encode_utf8(&mut [0; 4]))),
        }
        rest = &rest[char.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_one_colour_whatever_else_there_is() {
        assert_eq!(colour_of("web-1"), colour_of("web-12"));
        assert_eq!(colour_of("web-1"), colour_of("web_3"));
        assert_eq!(colour_of("my-own-name"), colour_of("my-own-name"));
        let used: std::collections::BTreeSet<&str> = ["web", "db", "cache", "worker", "proxy"].map(colour_of).into();
        assert!(used.len() >= 4, "{used:?}");
    }

    #[test]
    fn colours_pass_and_nothing_else_acts_on_the_terminal() {
        assert_eq!(harmless("\x1b[31mred\x1b[0m\n"), "\x1b[31mred\x1b[0m\x1b[0m\n");
        for bad in [
            "\x1b]0;title\x07",
            "\x1b]52;c;eA==\x07",
            "\x1b[2J",
            "\x1b[1A",
            "\x1bPq\x1b\\",
            "a\x08b",
            "x\rweb-1  | forged",
            "\u{9b}2J",
        ] {
            let shown = harmless(bad);
            assert!(!shown.chars().any(char::is_control), "{bad:?} became {shown:?}");
        }
    }
}
