//! Shell scripts: the commands, with comments, quoted texts and here-documents taken out.

use std::ops::Range;

/// A simple command of a script.
#[derive(Clone, Debug)]
pub struct Command {
    /// The words, without keywords, braces and assignments in front. Quoted texts are `''`.
    pub words: Vec<String>,
    /// The keywords in front: `while`, `until`, `if`, `!`, `do` ...
    pub keywords: Vec<String>,
    /// The place of the words.
    pub range: Range<usize>,
    /// Whether the command is put into the background by `&`.
    pub is_background: bool,
    /// How many loops the command is in.
    pub depth: usize,
}

impl Command {
    /// Returns the name of the program, without its directory.
    pub fn program(&self) -> &str {
        let word = self.words.first().map_or("", String::as_str);
        word.rsplit('/').next().unwrap_or(word)
    }
}

const KEYWORDS: &[&str] = &[
    "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "esac", "in", "!", "{", "}",
    "time", "function",
];

/// Returns the word that ends a here-document, from what stands before and after its `<<`; `None` for a shift in arithmetic,
/// such as `$((1 << 2))`.
pub fn heredoc_end(before: &str, after: &str) -> Option<String> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let is_arithmetic = line.rfind("((").is_some_and(|at| !line[at..].contains("))"));
    let after = after.trim_start_matches('-').trim_start_matches([' ', '\t', '"', '\'', '\\']);
    let word: String = after.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
    let is_word = word.starts_with(|char: char| char.is_alphabetic() || char == '_');
    (is_word && !is_arithmetic).then_some(word)
}

/// Blanks comments, quoted texts and here-documents. Each byte stays where it is. A quoted text leaves its quotes, so
/// that it still counts as a word.
pub fn mask(text: &str) -> String {
    let mut out: Vec<u8> = text.as_bytes().to_vec();
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut ends: Vec<String> = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => {
                out[at] = b' ';
                out[at + 1] = b' ';
                at += 2;
            }
            b'\\' => at += 2,
            b'#' if at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | b';' | b'(' | b'&' | b'|') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    out[at] = b' ';
                    at += 1;
                }
            }
            quote @ (b'\'' | b'"') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    let is_escape = quote == b'"' && bytes[at] == b'\\' && at + 1 < bytes.len();
                    for byte in &mut out[at..=at + usize::from(is_escape)] {
                        *byte = b'_';
                    }
                    at += 1 + usize::from(is_escape);
                }
                at += 1;
            }
            b'<' if bytes[at..].starts_with(b"<<") && !bytes[at..].starts_with(b"<<<") => {
                ends.extend(heredoc_end(&text[..at], &text[at + 2..]));
                at += 2;
            }
            b'\n' if !ends.is_empty() => {
                at += 1;
                while at < bytes.len() && !ends.is_empty() {
                    let end = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                    if text[at..end].trim() == ends[0] {
                        ends.remove(0);
                    }
                    out[at..end].fill(b' ');
                    at = if ends.is_empty() { end } else { end + 1 };
                }
            }
            _ => at += 1,
        }
    }
    // Only whole characters were blanked or left.
    String::from_utf8(out).unwrap_or_else(|_| " ".repeat(text.len()))
}

/// Returns the commands of a script in their order.
pub fn commands(text: &str) -> Vec<Command> {
    let masked = mask(text);
    let bytes = masked.as_bytes();
    let mut found = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for at in 0..=bytes.len() {
        let byte = bytes.get(at).copied().unwrap_or(b'\n');
        let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let is_and = byte == b'&' && (before == b'&' || after == b'&');
        let is_redirection = byte == b'&' && (matches!(before, b'>' | b'<') || after == b'>');
        let is_end = matches!(byte, b'\n' | b';' | b'|' | b'(' | b')' | b'`') || (byte == b'&' && !is_redirection);
        if !is_end {
            continue;
        }
        let is_background = byte == b'&' && !is_and && !is_redirection;
        found.extend(command(&masked, start..at, is_background, &mut depth));
        start = at + 1;
    }
    found
}

fn command(masked: &str, range: Range<usize>, is_background: bool, depth: &mut usize) -> Option<Command> {
    let text = masked.get(range.clone())?;
    let mut keywords = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut begin = None;
    for word in text.split_whitespace() {
        if words.is_empty() {
            if KEYWORDS.contains(&word) {
                *depth += usize::from(word == "do");
                *depth = depth.saturating_sub(usize::from(word == "done"));
                keywords.push(word.to_owned());
                continue;
            }
            let name = word.split('=').next().unwrap_or_default();
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if word.contains('=') && is_name && !name.is_empty() {
                continue;
            }
            begin = Some(range.start + (word.as_ptr() as usize - text.as_ptr() as usize));
        }
        words.push(word.to_owned());
    }
    if words.is_empty() && keywords.is_empty() {
        return None;
    }
    let indent = text.len() - text.trim_start().len();
    let range = begin.unwrap_or(range.start + indent)..range.start + text.trim_end().len();
    Some(Command { words, keywords, range, is_background, depth: *depth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_without_comments_quotes_and_here_documents() {
        let text = "#!/bin/sh\nA=1 b \"c & d\" >&2 # & x\ncat <<EOF\nsleep 1 &\nEOF\nif x; then y & fi\nwhile true; do sleep 1; done\nexec \"$@\"\n";
        let found = commands(text);
        let programs: Vec<&str> = found.iter().map(Command::program).filter(|name| !name.is_empty()).collect();
        assert_eq!(programs, ["b", "cat", "x", "y", "true", "sleep", "exec"]);
        let background: Vec<&str> = found.iter().filter(|one| one.is_background).map(Command::program).collect();
        assert_eq!(background, ["y"]);
        let sleep = found.iter().find(|one| one.program() == "sleep").unwrap();
        assert_eq!((sleep.depth, &text[sleep.range.clone()]), (1, "sleep 1"));
    }
}
