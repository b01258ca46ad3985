//! Text for a terminal: control characters made visible, so that no name or message can act on it.

use std::borrow::Cow;

/// Returns `text` with control characters replaced by visible escapes (`\x1b`, `\n`); tabs become blanks.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '\t' => out.push(' '),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            char if is_harmful(char) => out.extend(char.escape_default()),
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// Returns `text` as one line: runs of line ends and tabs become one blank, other control characters are made visible.
pub fn one_line(text: &str) -> String {
    let joined = text.split(['\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    escape_controls(&joined.join(" ")).into_owned()
}

/// C0, DEL, C1, and the characters that turn text around.
fn is_harmful(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escape_controls("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(escape_controls("plain ä"), "plain ä");
        assert_eq!(one_line("a\r\n  b\n\nc"), "a b c");
    }
}
