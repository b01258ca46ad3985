//! Resolves plain scalars as docker compose's YAML reader does: the numbers of YAML 1.1 and 1.2, of the booleans only
//! `true` and `false`, and the four spellings of null.

use super::node::Value;

/// Returns the value of a plain scalar.
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

/// Reads a whole number: decimal, `0x`, `0o`, `0b`, or octal after a leading zero. Underscores may separate the digits.
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
        // A number above the largest `i64` keeps its digits as a text; `Tag::Large` marks this text.
        Err(_) if u64::try_from(number).is_ok() => Some(Value::Text(number.to_string().into())),
        Err(_) => Some(Value::Float(number as f64)),
    }
}

/// Reads `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
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
    // Compat: a number beyond the range of floats is a text, such as the abbreviated commit hash `12e4567`.
    plain.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// Returns whether docker compose's YAML reader reads a plain text as a date.
///
/// Dates are `2024-1-31`, `2024-1-31T10:00:00Z` (with a zone) and `2024-1-31 10:00:00` (without a zone).
pub fn is_timestamp(text: &str) -> bool {
    after_date(text).is_some_and(|rest| match rest.strip_prefix(['T', 't']) {
        Some(time) => after_time(time).is_some_and(is_zone),
        None if rest.is_empty() => true,
        None => rest.starts_with(' ') && after_time(rest.trim_start_matches(' ')).is_some_and(str::is_empty),
    })
}

/// Returns the text after a date, or `None` if the text does not begin with a valid date.
fn after_date(text: &str) -> Option<&str> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, rest) = number(text[4..].strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    jiff::civil::Date::new(year.parse().ok()?, month, day).ok().map(|_| rest)
}

/// Returns the text after a time of day and its fraction of a second, if any.
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

/// Returns whether a text is a zone: `Z`, or a sign with hours and minutes of two digits each.
fn is_zone(text: &str) -> bool {
    let is_offset = |text: &str| {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 5 && bytes[2] == b':' && text.bytes().filter(u8::is_ascii_digit).count() == 4;
        is_shaped && text[..2] <= *"24" && text[3..] <= *"60"
    };
    text == "Z" || text.strip_prefix(['+', '-']).is_some_and(is_offset)
}

/// Reads a number of one or two digits, and returns the text after it.
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
