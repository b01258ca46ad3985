//! The end of a certificate's validity (RFC 5280, 4.1.2.5), by the few lines of DER that lead there.

/// Returns the end of the validity in seconds since 1970.
pub(super) fn not_after(der: &[u8]) -> Option<i64> {
    let (_, certificate, _) = element(der)?;
    let (_, content, _) = element(certificate)?;
    let mut rest = content;
    // An explicit version stands before the serial number; then come the algorithm and the issuer.
    let (tag, _, after) = element(rest)?;
    rest = if tag == 0xa0 { after } else { rest };
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, end) = element(validity)?;
    let (tag, time, _) = element(end)?;
    moment(tag, std::str::from_utf8(time).ok()?)
}

/// Splits off the first element: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        _ => {
            let bytes = usize::from(first & 0x7f);
            let digits = rest.get(..bytes).filter(|_| bytes <= 4)?;
            (digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), &rest[bytes..])
        }
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

/// Reads `YYMMDDHHMMSSZ` (UTCTime, tag 23) or `YYYYMMDDHHMMSSZ` (GeneralizedTime, tag 24).
fn moment(tag: u8, text: &str) -> Option<i64> {
    let full = match tag {
        23 => format!("{}{text}", if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }),
        _ => text.to_owned(),
    };
    let number = |from: usize, to: usize| full.get(from..to)?.parse::<i8>().ok();
    let date = jiff::civil::Date::new(full.get(..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?).ok()?;
    let time = jiff::civil::Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_time_are_read() {
        assert_eq!(moment(23, "300101000000Z"), Some(1_893_456_000));
        assert_eq!(moment(24, "20300101000000Z"), Some(1_893_456_000));
        assert_eq!(element(&[0x30, 0x81, 1, 7, 9]), Some((0x30, &[7][..], &[9][..])));
    }
}
