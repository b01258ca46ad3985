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

/// Returns whether YAML 1.1 reads a plain text as a point in time: `2024-01-31`, or that with a time of day.
pub fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return false;
    }
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    is_date(date) && time.is_none_or(is_time)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<i8> = text.split('-').skip(1).filter_map(|part| part.parse().ok()).collect();
    let year = text.get(..4).and_then(|year| year.parse::<i16>().ok());
    match (year, parts.as_slice()) {
        (Some(year), [month, day]) => jiff::civil::Date::new(year, *month, *day).is_ok(),
        _ => false,
    }
}

/// `15:04:05`, with a fraction and a zone where there are any.
fn is_time(text: &str) -> bool {
    let clock = text.split(['.', 'Z', '+', '-']).next().unwrap_or_default().trim_end();
    let parts: Vec<u8> = clock.split(':').filter_map(|part| part.parse().ok()).collect();
    matches!(parts.as_slice(), [hour, minute, second] if *hour < 24 && *minute < 60 && *second < 60)
        && clock.split(':').count() == 3
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
}
