//! The query of a log, and how logs are kept.

#![expect(clippy::disallowed_methods, reason = "turns a time back from now into a moment")]

use crate::engine::docker::http::raw::encode;
use crate::engine::{LogOptions, LogRotation};
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

/// Returns a time in seconds since 1970, the only form that the API accepts for logs and events. Users give points in
/// time, dates, and durations back from now.
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
        // A time before 1970 means the beginning of the log.
        Ok(back) => jiff::Timestamp::now().checked_sub(back).map_or(0, |moment| moment.as_second().max(0)).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Returns how a log is rotated, from the `LogConfig` of an inspect, which has the engine's defaults filled in.
pub(super) fn rotation(config: &serde_json::Value) -> Option<LogRotation> {
    let option = |name: &str| config.get("Config")?.get(name)?.as_str();
    let files = |default: u64| option("max-file").and_then(|text| text.parse().ok()).unwrap_or(default).max(1);
    let (max_size, max_files) = match config.get("Type")?.as_str()? {
        "json-file" => (size(option("max-size")?)?, files(1)),
        // Compat: this driver always rotates.
        "local" => (option("max-size").map_or(Some(20_000_000), size)?, files(5)),
        _ => return None,
    };
    let words = option("max-size").map(|text| format!("max-size {}, ", crate::text::escape_controls(text)));
    let words = format!("{}max-file {max_files}", words.unwrap_or_default());
    Some(LogRotation { max_size, max_files, words })
}

/// Reads a size as logging drivers do: `10m` is ten million bytes.
fn size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let number = text.trim_end_matches('b').trim_end_matches(['k', 'm', 'g', 't']);
    let unit = match text[number.len()..].chars().next() {
        Some('k') => 1e3,
        Some('m') => 1e6,
        Some('g') => 1e9,
        Some('t') => 1e12,
        _ => 1.0,
    };
    let bytes = number.trim().parse::<f64>().ok()? * unit;
    (bytes >= 1.0).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_is_read_with_the_defaults_of_its_driver() {
        let of = |driver: &str, options: serde_json::Value| {
            let found = rotation(&serde_json::json!({ "Type": driver, "Config": options }))?;
            Some((found.max_size, found.max_files, found.words))
        };
        let some = |size, files, words: &str| Some((size, files, words.to_owned()));
        let json = serde_json::json!({ "max-size": "10m", "max-file": "3" });
        assert_eq!(of("json-file", json), some(10_000_000, 3, "max-size 10m, max-file 3"));
        let one = serde_json::json!({ "max-size": "1.5 kB" });
        assert_eq!(of("json-file", one), some(1500, 1, "max-size 1.5 kB, max-file 1"));
        assert_eq!(of("json-file", serde_json::json!({})), None);
        assert_eq!(of("json-file", serde_json::json!({ "max-size": "-1" })), None);
        assert_eq!(of("local", serde_json::Value::Null), some(20_000_000, 5, "max-file 5"));
        assert_eq!(of("none", serde_json::json!({ "max-size": "10m" })), None);
    }

    #[test]
    fn moments_become_seconds() {
        assert_eq!(unix_time("1700000000.5"), "1700000000.5");
        assert_eq!(unix_time("2023-11-14T22:13:20Z"), "1700000000.000000000");
        assert!(unix_time("10m").parse::<i64>().is_ok());
    }
}
