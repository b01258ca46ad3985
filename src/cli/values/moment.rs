//! Moments: `logs --since`, `logs --until`.

use jiff::{SignedDuration, Timestamp, civil};

/// The longest time that a moment may be away from now. The calendar goes on for longer in both directions, so a moment
/// within these bounds can always be computed.
const LONGEST: SignedDuration = SignedDuration::from_hours(4000 * 365 * 24);

/// Checks a moment: `2026-01-02T03:04:05Z`, a local date with or without a time, seconds since 1970 such as
/// `1136073600.5`, or a time back from now such as `42m`. The engine's adapter reads the text again.
pub fn moment(text: &str) -> Result<String, String> {
    let is_moment = is_unix_time(text)
        || text.parse::<Timestamp>().is_ok()
        || text.parse::<civil::DateTime>().is_ok()
        || text.parse::<SignedDuration>().is_ok_and(|back| (-LONGEST..=LONGEST).contains(&back));
    match is_moment {
        true => Ok(text.to_owned()),
        false => Err("it must be a moment (`2026-01-02T03:04:05Z`), or a time back from now (`42m`)".to_owned()),
    }
}

/// Returns whether a text is seconds since 1970 in the form that the engine reads: whole seconds, and at most nine digits
/// after a point.
fn is_unix_time(text: &str) -> bool {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_fraction = matches!(fraction.len(), 1..=9) && fraction.bytes().all(|digit| digit.is_ascii_digit());
    seconds.parse::<i64>().is_ok() && is_fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_times_back_from_now_are_taken() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.5+01:00",
            "2026-01-02T03:04:05",
            "2026-01-02",
            "1136073600",
            "1136073600.000000001",
            "42m",
            "1h30m",
            "1.5h",
            "-5m",
            "999999h",
        ] {
            assert_eq!(moment(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn texts_that_are_no_moment_are_refused() {
        for text in ["", "yesterday", "inf", "nan", "1e300", "1e5", "1.", "1.0000000001", "9223372036854775808"] {
            assert!(moment(text).is_err(), "{text}");
        }
        for text in ["999999999999999h", "-999999999999999h", "99999999h", "2026-13-01", "20260-01-01T00:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
