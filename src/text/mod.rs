//! Text for a terminal. Control characters become visible, so that no name and no message can control the terminal.

use std::borrow::Cow;

mod ignore;
mod raw;
mod size;

pub use ignore::Ignore;
pub use raw::{from_bytes, has_raw, is_raw, readable, to_bytes};
pub use size::parse_size;

/// Returns a text with its control characters replaced by visible escapes such as `\n` and `\u{1b}`. A tab becomes a
/// blank.
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
            char if is_harmful(char) => match raw::byte_of(char) {
                Some(byte) => out.push_str(&format!("\\x{byte:02x}")),
                None => out.extend(char.escape_default()),
            },
            char => out.push(char),
        }
    }
    Cow::Owned(out)
}

/// Returns the length of the colour sequence (`ESC [ numbers m`) at the start of a text. `None` where no such sequence
/// is there.
pub fn colour(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\x1b[")?;
    let end = body.find(|char: char| !(char.is_ascii_digit() || char == ';'))?;
    body[end..].starts_with('m').then_some(2 + end + 1)
}

/// Returns a text without its colour sequences.
pub fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains("\x1b[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let length = colour(&rest[at..]);
        out.push_str(if length.is_none() { "\x1b" } else { "" });
        rest = &rest[at + length.unwrap_or(1)..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns a text as one line. Line ends and tabs become one blank; other control characters become visible.
pub fn one_line(text: &str) -> String {
    let joined = text.split(['\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    escape_controls(&joined.join(" ")).into_owned()
}

/// Returns a duration as the `docker` command shows it, such as `3 minutes` and `About an hour`.
pub fn age(seconds: i64) -> String {
    let words = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        ..=0 => "Less than a second".to_owned(),
        1..60 => words(seconds, "second"),
        60..120 => "About a minute".to_owned(),
        120..3600 => words(seconds / 60, "minute"),
        3600..7200 => "About an hour".to_owned(),
        7200..172_800 => words(seconds / 3600, "hour"),
        172_800..1_209_600 => words(seconds / 86_400, "day"),
        1_209_600..5_184_000 => words(seconds / 604_800, "week"),
        5_184_000..63_072_000 => words(seconds / 2_592_000, "month"),
        _ => words(seconds / 31_536_000, "year"),
    }
}

/// Returns a number of bytes with three digits and a decimal unit, as the `docker` command shows it: `1.99MB`.
pub fn decimal_size(bytes: i64) -> String {
    size(bytes.max(0) as f64, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB"], 3)
}

/// Returns a number of bytes in four digits and a binary unit, as docker says it: `1.418MiB`.
pub fn binary_size(bytes: u64) -> String {
    size(bytes as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 4)
}

fn size(mut value: f64, base: f64, units: &[&str], digits: usize) -> String {
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let whole = format!("{value:.0}").len();
    let decimals = if unit == 0 { 0 } else { digits.saturating_sub(whole) };
    let text = format!("{value:.decimals$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short}{}", units[unit])
}

/// Returns whether a character can control a terminal or hide text: C0, DEL, C1, direction marks, line separators, and
/// characters without a width.
fn is_harmful(char: char) -> bool {
    let is_unseen = matches!(char, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{61c}');
    char.is_control()
        || is_unseen
        || raw::byte_of(char).is_some()
        || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escape_controls("a\u{1b}[31mb\u{7}"), "a\\u{1b}[31mb\\u{7}");
        assert_eq!(escape_controls("plain ä"), "plain ä");
        assert_eq!(escape_controls(&from_bytes(b"caf\xe9\x07".to_vec()).0), "caf\\xe9\\u{7}");
        assert_eq!(without_colours("\x1b[91mred\x1b[0m \x1b[2Jä\x1b[1;32m!\x1b"), "red \x1b[2Jä!\x1b");
        assert_eq!(one_line("a\r\n  b\n\nc"), "a b c");
    }

    #[test]
    fn sizes_are_told_as_docker_tells_them() {
        for (bytes, text) in [(0, "0B"), (999, "999B"), (1040, "1.04kB"), (1_994_752, "1.99MB"), (123_456_789, "123MB")]
        {
            assert_eq!(decimal_size(bytes), text);
        }
        for (bytes, text) in [
            (0, "0B"),
            (925_696, "904KiB"),
            (67_108_864, "64MiB"),
            (1_486_880, "1.418MiB"),
            (8_327_036_928, "7.755GiB"),
        ] {
            assert_eq!(binary_size(bytes), text);
        }
    }
}
