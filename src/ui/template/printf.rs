//! `print`, `println`, `printf`. Compat: as Go's package `fmt`, with its marks for values that do not fit
//! (`%!d(string=web)`).

use super::value::{LONGEST, Value};

/// The greatest width of a value.
const WIDEST: usize = 100_000;

/// Prints values one after the other. Between two values that are both no text there is a blank.
pub(super) fn print(values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let is_text = |value: &Value| value.text().is_some();
    for (place, value) in values.iter().enumerate() {
        if place > 0 && !is_text(value) && !is_text(&values[place - 1]) {
            out.push(' ');
        }
        plain(&mut out, value, "<nil>")?;
    }
    Ok(out)
}

/// Prints values with blanks between them, and a line end.
pub(super) fn println(values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    for (place, value) in values.iter().enumerate() {
        out.push_str(if place > 0 { " " } else { "" });
        plain(&mut out, value, "<nil>")?;
    }
    out.push('\n');
    Ok(out)
}

/// Prints one value as braces print it.
pub(super) fn shown(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    plain(&mut out, value, "<no value>")?;
    Ok(out)
}

fn plain(out: &mut String, value: &Value, nothing: &str) -> Result<(), String> {
    match value {
        Value::None => out.push_str(nothing),
        Value::Row => return Err("the whole row is no text: `{{json .}}` prints it".to_owned()),
        value => Verb::of('v').write(out, value)?,
    }
    within(out)
}

fn within(out: &str) -> Result<(), String> {
    if out.len() > LONGEST { Err(format!("this prints more than {LONGEST} bytes")) } else { Ok(()) }
}

/// Prints values by a format.
pub(super) fn printf(format: &str, values: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    let mut values = values.iter();
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (verb, length) = Verb::read(after);
        rest = &after[length..];
        match (verb.letter, verb.letter != '%' && verb.letter != '\0') {
            ('%', _) => out.push('%'),
            (_, false) => out.push_str("%!(NOVERB)"),
            (letter, true) => match values.next() {
                None => out.push_str(&format!("%!{letter}(MISSING)")),
                Some(_) if verb.is_too_wide => {
                    return Err(format!("`printf` writes at most {WIDEST} characters for a value"));
                }
                Some(value) => verb.write(&mut out, value)?,
            },
        }
        within(&out)?;
    }
    out.push_str(rest);
    let extra: Vec<String> = values.map(typed).collect::<Result<_, _>>()?;
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    within(&out)?;
    Ok(out)
}

/// Returns a value with its type, in Go's form for a value that does not fit.
fn typed(value: &Value) -> Result<String, String> {
    let of = |kind: &str| -> Result<String, String> {
        let mut out = String::new();
        Verb::of('v').write(&mut out, value)?;
        Ok(format!("{kind}={out}"))
    };
    match value {
        Value::None => Ok("<nil>".to_owned()),
        Value::Bool(_) => of("bool"),
        Value::Int(_) => of("int"),
        Value::Text(_) | Value::Data(_) => of("string"),
        Value::List(_) => of("list"),
        Value::Record(_) => of("object"),
        Value::Row => Err("the whole row is no text: `{{json .}}` prints it".to_owned()),
    }
}

/// A verb such as `%-20.3s`.
#[derive(Clone, Copy, Debug)]
struct Verb {
    letter: char,
    is_left: bool,
    has_sign: bool,
    has_zeros: bool,
    is_alternate: bool,
    has_blank: bool,
    width: usize,
    precision: Option<usize>,
    is_too_wide: bool,
}

impl Verb {
    fn of(letter: char) -> Self {
        Self {
            letter,
            is_left: false,
            has_sign: false,
            has_zeros: false,
            is_alternate: false,
            has_blank: false,
            width: 0,
            precision: None,
            is_too_wide: false,
        }
    }

    /// Reads the text after a `%`. Also returns its length. If the format ends too early, the letter is NUL.
    fn read(text: &str) -> (Self, usize) {
        let mut verb = Self::of('\0');
        let mut rest = text;
        while let Some(flag) = rest.chars().next().filter(|flag| "-+0# ".contains(*flag)) {
            match flag {
                '-' => verb.is_left = true,
                '+' => verb.has_sign = true,
                '0' => verb.has_zeros = true,
                '#' => verb.is_alternate = true,
                _ => verb.has_blank = true,
            }
            rest = &rest[1..];
        }
        let width;
        (width, rest) = digits(rest);
        verb.width = width.unwrap_or(0);
        if let Some(after) = rest.strip_prefix('.') {
            let precision;
            (precision, rest) = digits(after);
            verb.precision = Some(precision.unwrap_or(0));
        }
        verb.is_too_wide = verb.width > WIDEST || verb.precision.is_some_and(|precision| precision > WIDEST);
        if let Some(letter) = rest.chars().next() {
            verb.letter = letter;
            rest = &rest[letter.len_utf8()..];
        }
        (verb, text.len() - rest.len())
    }

    /// Writes a value. Each part of a list or an object is written by the same verb.
    fn write(&self, out: &mut String, value: &Value) -> Result<(), String> {
        within(out)?;
        match value {
            Value::List(list) => {
                out.push('[');
                for (place, one) in list.iter().enumerate() {
                    out.push_str(if place > 0 { " " } else { "" });
                    self.write(out, one)?;
                }
                out.push(']');
            }
            Value::Record(fields) => {
                out.push('{');
                for (place, (key, one)) in fields.iter().enumerate() {
                    out.push_str(if place > 0 { " " } else { "" });
                    if self.letter == 'v' && self.has_sign {
                        out.push_str(&format!("{key}:"));
                    }
                    self.write(out, one)?;
                }
                out.push('}');
            }
            Value::None if self.letter == 'v' => out.push_str(&self.padded("<nil>", ' ')),
            value => match self.scalar(value) {
                Some(text) => out.push_str(&text),
                None => out.push_str(&format!("%!{}({})", self.letter, typed(value)?)),
            },
        }
        Ok(())
    }

    /// Returns a value that is no list; nothing if the verb does not fit it.
    fn scalar(&self, value: &Value) -> Option<String> {
        match (self.letter, value) {
            ('v' | 't', Value::Bool(is_so)) => Some(self.padded(&is_so.to_string(), ' ')),
            (_, Value::Int(number)) => self.number(*number),
            (_, value) => self.text(&value.text()?),
        }
    }

    fn text(&self, text: &str) -> Option<String> {
        let cut: String = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        let hexadecimal = |digits: fn(u8) -> String| cut.bytes().map(digits).collect::<String>();
        let text = match self.letter {
            's' | 'v' => cut,
            'q' => quoted(&cut),
            'x' => hexadecimal(|byte| format!("{byte:02x}")),
            'X' => hexadecimal(|byte| format!("{byte:02X}")),
            _ => return None,
        };
        Some(self.padded(&text, if self.has_zeros { '0' } else { ' ' }))
    }

    fn number(&self, number: i64) -> Option<String> {
        let size = number.unsigned_abs();
        let alternate = |prefix: &'static str| if self.is_alternate { prefix } else { "" };
        let (prefix, digits) = match self.letter {
            'd' | 'v' => ("", size.to_string()),
            'x' => (alternate("0x"), format!("{size:x}")),
            'X' => (alternate("0X"), format!("{size:X}")),
            'o' => (alternate("0"), format!("{size:o}")),
            'b' => (alternate("0b"), format!("{size:b}")),
            'c' | 'q' | 'U' => return self.character(number),
            _ => return None,
        };
        let sign = match (number < 0, self.has_sign && self.letter != 'v', self.has_blank) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let zeros = match self.precision {
            Some(least) => least,
            None if self.has_zeros && !self.is_left => self.width.saturating_sub(sign.len() + prefix.len()),
            None => 0,
        };
        Some(self.padded(&format!("{sign}{prefix}{digits:0>zeros$}"), ' '))
    }

    fn character(&self, number: i64) -> Option<String> {
        let char = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        let visible = || crate::text::escape_controls(&char.to_string()).into_owned();
        let text = match self.letter {
            'U' => format!("U+{number:04X}"),
            // Only the line end and the tab may be printed as control characters.
            'c' if matches!(char, '\n' | '\t') => char.to_string(),
            'c' => visible(),
            _ => format!("'{}'", visible()),
        };
        Some(self.padded(&text, ' '))
    }

    fn padded(&self, text: &str, filler: char) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill: String = std::iter::repeat_n(if self.is_left { ' ' } else { filler }, missing).collect();
        if self.is_left { format!("{text}{fill}") } else { format!("{fill}{text}") }
    }
}

/// Reads a number. One with too many digits counts as very large.
fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let number = (end > 0).then(|| text[..end].parse().unwrap_or(usize::MAX));
    (number, &text[end..])
}

/// Returns a text in quotes, with Go's escapes.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(char))),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}
