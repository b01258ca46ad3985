//! Durations as Go writes them, such as `1h30m`, `1.5s` and `100ms`. Compose files also use `d` and `w`.

use std::time::Duration;

/// Units and their nanoseconds.
const UNITS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
/// Nanoseconds of a week, which compose files write as `w`.
const WEEK: u64 = 7 * 86_400_000_000_000;

/// Reads a duration in nanoseconds, which may be negative.
pub fn parse(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: f64 = 0.0;
    let mut whole: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let number = &rest[..digits];
        rest = &rest[digits..];
        let letters = rest.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(rest.len());
        let unit = &rest[..letters];
        rest = &rest[letters..];
        let nanos = match unit {
            "w" => WEEK,
            unit => UNITS.iter().find(|(name, _)| *name == unit)?.1,
        };
        match number.parse::<u64>() {
            Ok(number) => whole = whole.checked_add(i128::from(number) * i128::from(nanos))?,
            Err(_) => total += number.parse::<f64>().ok().filter(|_| number != ".")? * nanos as f64,
        }
    }
    i64::try_from(whole.checked_add(total.round() as i128)?).ok().map(|nanos| sign * nanos)
}

/// Reads a duration that is not negative.
pub fn parse_positive(text: &str) -> Option<Duration> {
    u64::try_from(parse(text)?).ok().map(Duration::from_nanos)
}

/// Prints nanoseconds as Go does: `1m30s`, `1.5s`, `100ms`, `0s`.
pub fn print(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let value = nanos.unsigned_abs();
    if value < 1_000_000_000 {
        let (unit, divisor) = match value {
            value if value < 1_000 => ("ns", 1),
            value if value < 1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{unit}", fraction(value, divisor));
    }
    let (hours, minutes, seconds) = (value / 3_600_000_000_000, value / 60_000_000_000 % 60, value % 60_000_000_000);
    let seconds = fraction(seconds, 1_000_000_000);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn fraction(value: u64, divisor: u64) -> String {
    let rest = value % divisor;
    if rest == 0 {
        return (value / divisor).to_string();
    }
    let width = divisor.ilog10() as usize;
    format!("{}.{}", value / divisor, format!("{rest:0width$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_go_does() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("1h", "1h0m0s"),
            ("1d", "24h0m0s"),
            ("0", "0s"),
            ("1h5m30s20ms", "1h5m30.02s"),
        ] {
            assert_eq!(parse(text).map(print).as_deref(), Some(printed), "{text}");
        }
        for text in ["", "5", "x", "1x", "s", "."] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
