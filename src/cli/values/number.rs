//! Numbers: seconds, lines, replicas, parallel calls.

use std::time::Duration;

use crate::text::parse_size;

/// The longest time that is waited for, in seconds (68 years). Sums of such times fit into any clock.
const LONGEST: u64 = i32::MAX as u64;

/// Reads a number of seconds, 0 or more. More than 68 years count as 68 years.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let count: u64 = text.parse().map_err(|_| "it must be a whole number of seconds".to_owned())?;
    Ok(Duration::from_secs(count.min(LONGEST)))
}

/// Reads a number of lines; `None` is all lines.
///
/// Compat: for the engine, any negative number means all lines.
pub fn lines(text: &str) -> Result<Lines, String> {
    match text.parse::<i64>() {
        _ if text == "all" => Ok(Lines(None)),
        Ok(lines) => Ok(Lines(u64::try_from(lines).ok())),
        Err(_) => Err("it must be a number of lines, or `all`".to_owned()),
    }
}

/// How many lines; `None` is all. (clap takes a bare `Option` for an option that may be missing.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines(pub Option<u64>);

/// Reads the number of a replica. Replicas are counted from 1.
///
/// Compat: 0 is docker compose's default and means all replicas.
pub fn replica(text: &str) -> Result<Replica, String> {
    let number: u32 = text.parse().map_err(|_| "it must be the number of a replica: 1, 2, 3 ...".to_owned())?;
    Ok(Replica((number > 0).then_some(number)))
}

/// Which replica; `None` is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replica(pub Option<u32>);

/// Reads a size in bytes, more than 0, such as `512m`.
pub fn size(text: &str) -> Result<u64, String> {
    let bytes = parse_size(text).and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "it must be a size such as `512m`".to_owned())
}

/// Reads how many engine calls may run at the same time: 1 or more, or -1 for no limit.
pub fn parallel(text: &str) -> Result<i64, String> {
    let limit = text.parse().ok().filter(|limit| *limit == -1 || *limit > 0);
    limit.ok_or_else(|| "it must be a positive number, or -1 for no limit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_and_bounded() {
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("90"), Ok(Duration::from_secs(90)));
        assert_eq!(seconds("18446744073709551615"), Ok(Duration::from_secs(2_147_483_647)));
        for text in ["", "-1", "1.5", "10s", "18446744073709551616", "1e3"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_a_number_or_all() {
        assert_eq!(lines("all"), Ok(Lines(None)));
        assert_eq!(lines("-1"), Ok(Lines(None)));
        assert_eq!(lines("0"), Ok(Lines(Some(0))));
        assert_eq!(lines("9223372036854775807"), Ok(Lines(Some(9_223_372_036_854_775_807))));
        for text in ["", "abc", "ALL", "1.5", "9223372036854775808"] {
            assert!(lines(text).is_err(), "{text}");
        }
    }

    #[test]
    fn replicas_count_from_one_and_zero_is_all() {
        assert_eq!(replica("2"), Ok(Replica(Some(2))));
        assert_eq!(replica("0"), Ok(Replica(None)));
        for text in ["", "-1", "web", "4294967296"] {
            assert!(replica(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_positive() {
        assert_eq!(size("512m"), Ok(536_870_912));
        for text in ["", "0", "-1", "many", "1x"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parallel_calls_are_positive_or_without_limit() {
        assert_eq!(parallel("1"), Ok(1));
        assert_eq!(parallel("-1"), Ok(-1));
        for text in ["", "0", "-2", "many", "9223372036854775808"] {
            assert!(parallel(text).is_err(), "{text}");
        }
    }
}
