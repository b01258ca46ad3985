//! The query of a log.

#![expect(clippy::disallowed_methods, reason = "turns a time back from now into a moment")]

use crate::engine::LogOptions;
use crate::engine::docker::http::raw::encode;
use crate::model::ContainerId;

/// Returns the path of a log request.
pub(crate) fn path(id: &ContainerId, options: &LogOptions) -> String {
    let mut path = format!(
        "/containers/{}/logs?stdout=1&stderr=1&follow={}&timestamps={}",
        encode(id.as_str()),
        u8::from(options.follow),
        u8::from(options.timestamps)
    );
    if let Some(tail) = options.tail {
        path.push_str(&format!("&tail={tail}"));
    }
    for (name, value) in [("since", &options.since), ("until", &options.until)] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", encode(&unix_time(value))));
        }
    }
    path
}

/// Returns a time in seconds since 1970, which is all that the API takes for logs and events. People give moments, dates, and durations
/// back from now.
pub(super) fn unix_time(text: &str) -> String {
    if text.parse::<f64>().is_ok() {
        return text.to_owned();
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return format!("{}.{:09}", moment.as_second(), moment.subsec_nanosecond());
    }
    if let Ok(local) = text.parse::<jiff::civil::DateTime>()
        && let Ok(moment) = jiff::tz::TimeZone::system().to_timestamp(local)
    {
        return moment.as_second().to_string();
    }
    match text.parse::<jiff::SignedDuration>() {
        // A time before 1970 is the beginning of every log.
        Ok(back) => jiff::Timestamp::now().checked_sub(back).map_or(0, |moment| moment.as_second().max(0)).to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_seconds() {
        assert_eq!(unix_time("1700000000.5"), "1700000000.5");
        assert_eq!(unix_time("2023-11-14T22:13:20Z"), "1700000000.000000000");
        assert!(unix_time("10m").parse::<i64>().is_ok());
    }
}
