//! Plain scalars to values as docker compose's YAML reader resolves them: the numbers of YAML 1.1 and 1.2, `true` and
//! `false` only, null in its four spellings.

use super::tree::Value;

/// Resolves a plain scalar.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let starts_like_number = text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '.'));
    if !starts_like_number {
        return Value::Text(text.into());
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::Text(text.into()))
}

/// Whole numbers: decimal, `0x`, `0o`, `0b`, and a leading zero for octal; underscores between digits.
fn integer(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|char| *char != '_').collect();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let parsed = match digits.get(..2) {
        Some("0x" | "0X") => i128::from_str_radix(&digits[2..], 16),
        Some("0o" | "0O") => i128::from_str_radix(&digits[2..], 8),
        Some("0b" | "0B") => i128::from_str_radix(&digits[2..], 2),
        _ if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            i128::from_str_radix(&digits[1..], 8)
        }
        _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse(),
        _ => return None,
    };
    let number = sign * parsed.ok()?;
    match i64::try_from(number) {
        Ok(number) => Some(Value::Int(number)),
        // Larger than any whole number here: its digits are kept.
        Err(_) if u64::try_from(number).is_ok() => Some(Value::Text(number.to_string().into())),
        Err(_) => Some(Value::Float(number as f64)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Value> {
    let plain: String = text.chars().filter(|char| *char != '_').collect();
    let body = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_exponent = |text: &str| {
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        !text.is_empty() && digits(text)
    };
    let is_float = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(is_exponent);
    if !is_float {
        return None;
    }
    // Compat: what is beyond all numbers, such as the commit `12e4567`, is a text.
    plain.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// Prints a number as Go's `%v` does: shortest form, exponent below 1e-4 and from 1e6.
pub fn print_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) => {
                let (sign, digits) = match exponent.strip_prefix('-') {
                    Some(digits) => ('-', digits),
                    None => ('+', exponent),
                };
                format!("{mantissa}e{sign}{digits:0>2}")
            }
            None => text,
        };
    }
    format!("{value}")
}

/// Returns whether docker compose's YAML reader takes a plain text for a point in time: `2024-1-31`, or that with a time of
/// day, behind a `T` with a zone and behind a blank without one.
pub fn is_timestamp(text: &str) -> bool {
    after_date(text).is_some_and(|rest| match rest.strip_prefix(['T', 't']) {
        Some(time) => after_time(time).is_some_and(is_zone),
        None if rest.is_empty() => true,
        None => rest.starts_with(' ') && after_time(rest.trim_start_matches(' ')).is_some_and(str::is_empty),
    })
}

/// Returns what follows a date; it must be one of the calendar.
fn after_date(text: &str) -> Option<&str> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, rest) = number(text[4..].strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    jiff::civil::Date::new(year.parse().ok()?, month, day).ok().map(|_| rest)
}

/// Returns what follows a time of day, with a fraction of a second where there is one.
fn after_time(text: &str) -> Option<&str> {
    let (hour, rest) = number(text)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    let after_fraction = |text: &'_ str| {
        let digits = text.strip_prefix(['.', ','])?.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0).then_some(digits + 1)
    };
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then(|| &rest[after_fraction(rest).unwrap_or(0)..])
}

/// `Z`, or hours and minutes of two digits.
fn is_zone(text: &str) -> bool {
    let is_offset = |text: &str| {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 5 && bytes[2] == b':' && text.bytes().filter(u8::is_ascii_digit).count() == 4;
        is_shaped && text[..2] <= *"24" && text[3..] <= *"60"
    };
    text == "Z" || text.strip_prefix(['+', '-']).is_some_and(is_offset)
}

/// Reads one or two digits.
fn number(text: &str) -> Option<(i8, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_resolve_as_the_reference_does() {
        for (text, value) in [
            ("0755", Value::Int(493)),
            ("0o17", Value::Int(15)),
            ("0x1F", Value::Int(31)),
            ("0b11", Value::Int(3)),
            ("1_000", Value::Int(1000)),
            ("-5", Value::Int(-5)),
            ("1e3", Value::Float(1000.0)),
            ("1.50", Value::Float(1.5)),
            ("yes", Value::Text("yes".into())),
            ("22:22", Value::Text("22:22".into())),
            ("1.2.3", Value::Text("1.2.3".into())),
            ("~", Value::Null),
            ("089", Value::Float(89.0)),
            ("-", Value::Text("-".into())),
            (".", Value::Text(".".into())),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn numbers_print_as_go_prints_them() {
        assert_eq!(print_float(1000.0), "1000");
        assert_eq!(print_float(1.5), "1.5");
        assert_eq!(print_float(1e21), "1e+21");
        assert_eq!(print_float(0.00001), "1e-05");
    }

    #[test]
    fn points_in_time_are_those_of_the_reference() {
        for text in
            ["2001-1-1", "2001-01-01T1:2:3Z", "2001-01-01t10:00:00.5+01:00", "2001-01-01  10:00:00,5", "2000-2-29"]
        {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2001-01-01T10:00:00",
            "2001-01-01 10:00",
            "2001-01-01T10:00:00+1",
            "2001-01-01t10:00:00z",
            "2001-01-01 10:00:00Z",
            "2001-01-01T24:00:00Z",
            "2001-01-01T10:00:00.Z",
            "2001-01-01T10:00:00+25:00",
            "2001-02-29",
            "2001-001-01",
            "2001-01-011",
            "200\u{e9}-1-1",
            "2001-",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
