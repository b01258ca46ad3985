//! The keys that end a session and leave its process running, such as `ctrl-p,ctrl-q`.
//!
//! The keys are found here and not passed on: a command whose keys an engine finds (20.10) does not survive that.

/// The engine's own keys.
const USUAL: [u8; 2] = [0x10, 0x11];

/// Keys, and how many of them were pressed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    keys: Vec<u8>,
    pressed: usize,
}

impl Keys {
    /// Reads `--detach-keys`: single letters and `ctrl-x`, parted by commas. The error says what the keys must be.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let keys = match text {
            None | Some("") => USUAL.to_vec(),
            Some(text) => text.split(',').map(key).collect::<Option<Vec<u8>>>().ok_or_else(|| {
                "it must be single letters or `ctrl-` with one of a-z, @, [, \\, ], ^, _, parted by commas".to_owned()
            })?,
        };
        Ok(Self { keys, pressed: 0 })
    }

    /// Takes what was typed. Returns what of it the process gets, and whether the keys are complete. A key that may be one of
    /// them is held back until the next one decides.
    pub(super) fn press(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(bytes.len() + self.pressed);
        for byte in bytes {
            if self.keys.get(self.pressed) == Some(byte) {
                self.pressed += 1;
                if self.pressed == self.keys.len() {
                    return (passed, true);
                }
                continue;
            }
            passed.extend_from_slice(&self.keys[..self.pressed]);
            self.pressed = usize::from(self.keys.first() == Some(byte));
            if self.pressed == 0 {
                passed.push(*byte);
            }
        }
        (passed, false)
    }
}

/// Returns the byte of one key.
fn key(name: &str) -> Option<u8> {
    match name.strip_prefix("ctrl-").map_or(name.as_bytes(), str::as_bytes) {
        [letter] if name.len() == 1 => Some(*letter),
        [letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
        [sign @ (b'@' | b'[' | b'\\' | b']' | b'^' | b'_')] => Some(sign - b'@'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_letters_and_control_letters() {
        let keys = |text| Keys::parse(Some(text)).map(|keys| keys.keys);
        assert_eq!(Keys::parse(None).unwrap().keys, [0x10, 0x11]);
        assert_eq!(keys("ctrl-a"), Ok(vec![1]));
        assert_eq!(keys("ctrl-@,ctrl-[,ctrl-_,a,Z"), Ok(vec![0, 0x1b, 0x1f, b'a', b'Z']));
        for text in ["ctrl-", "ctrl-A", "ctrl-ab", "ab", "a,,b", "ctrl-é", ","] {
            assert!(keys(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_count_in_order_wherever_the_input_is_cut() {
        let pressed = |pieces: &[&[u8]]| {
            let mut keys = Keys::parse(None).unwrap();
            let mut all = Vec::new();
            for piece in pieces {
                let (passed, is_complete) = keys.press(piece);
                all.extend(passed);
                if is_complete {
                    return (all, true);
                }
            }
            (all, false)
        };
        assert_eq!(pressed(&[b"ab\x10\x11c"]), (b"ab".to_vec(), true));
        assert_eq!(pressed(&[b"\x10", b"\x11"]), (Vec::new(), true));
        assert_eq!(pressed(&[b"\x10\x10\x11"]), (b"\x10".to_vec(), true));
        assert_eq!(pressed(&[b"\x10a", b"\x11"]), (b"\x10a\x11".to_vec(), false));
        assert_eq!(pressed(&[b"\x11\x10", b"b"]), (b"\x11\x10b".to_vec(), false));
        let mut one = Keys::parse(Some("ctrl-b")).unwrap();
        assert_eq!((one.press(b"a"), one.press(b"b\x02")), ((b"a".to_vec(), false), (b"b".to_vec(), true)));
    }
}
