//! Bytes that are not UTF-8, kept inside a text.
//!
//! A `.env` file may be Latin-1. Each byte that is not UTF-8 becomes a character of the last private plane, so that all
//! stages can work on texts. [`to_bytes`] gives the bytes back. JSON has no such bytes: [`readable`] replaces each by
//! U+FFFD, as Go's encoder does.

use std::borrow::Cow;

/// The character for byte 0. Only the bytes from 0x80 to 0xFF are used.
const BASE: u32 = 0x10_FF00;

/// Returns the character that stands for a byte.
fn char_of(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Returns the byte that a character stands for.
pub(super) fn byte_of(char: char) -> Option<u8> {
    let byte = u32::from(char).checked_sub(BASE)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// Returns whether a character stands for a byte.
pub fn is_raw(char: char) -> bool {
    byte_of(char).is_some()
}

/// Returns whether bytes of a text are not UTF-8.
pub fn has_raw(text: &str) -> bool {
    // The UTF-8 of every such character begins with the byte 0xf4.
    text.as_bytes().contains(&0xf4) && text.chars().any(|char| byte_of(char).is_some())
}

/// Returns bytes as a text, and the offsets in that text of the bytes that are not UTF-8.
pub fn from_bytes(bytes: Vec<u8>) -> (String, Vec<usize>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !has_raw(&text) => return (text, Vec::new()),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len() + 64);
    let mut places = Vec::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match byte_of(char) {
                // A real character of this range is kept as its four bytes, so that it cannot be mistaken for a byte.
                Some(_) => text.extend(char.encode_utf8(&mut [0; 4]).bytes().map(char_of)),
                None => text.push(char),
            }
        }
        for byte in chunk.invalid() {
            places.push(text.len());
            text.push(char_of(*byte));
        }
    }
    (text, places)
}

/// Returns the bytes of a text.
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_raw(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for char in text.chars() {
        match byte_of(char) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Returns a text with U+FFFD for each byte that is not UTF-8.
pub fn readable(text: &str) -> Cow<'_, str> {
    if !has_raw(text) {
        return Cow::Borrowed(text);
    }
    let shown = |char: char| if byte_of(char).is_some() { char::REPLACEMENT_CHARACTER } else { char };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_in_a_text() {
        for bytes in [&b"caf\xe9"[..], b"\xff\xfe\x80", "é\u{10ffe9}x".as_bytes(), b"", b"\xf4\x8f\xbf", b"plain"] {
            let (text, _) = from_bytes(bytes.to_vec());
            assert_eq!(*to_bytes(&text), *bytes);
        }
        let (text, places) = from_bytes(b"a\xe9b\xff".to_vec());
        assert_eq!((readable(&text).as_ref(), places), ("a\u{fffd}b\u{fffd}", vec![1, 6]));
        assert!(!has_raw("é\u{10abcd}"));
    }
}
