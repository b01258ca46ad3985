//! Whether the beginning of a log is gone. Engines rotate log files and drop the oldest without a word in the log.
//!
//! An engine does not tell what it has dropped. It drops the oldest file where all files are full, so a log that fills all
//! files but one, and that does not begin where its container began, has lost its beginning.

use super::lines::Line;
use crate::engine::{ContainerDetails, LogRotation};

/// A line that is this much younger than the start of its container may be the first one.
const AT_START: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// What was read of a log, from its first line on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::app) struct Tally {
    pub lines: u64,
    /// Bytes that these lines take in a log file.
    pub size: u64,
    /// The time stamp of the first line.
    pub first: String,
}

impl Tally {
    /// Counts a line, or a piece of one.
    pub(in crate::app) fn add(&mut self, line: &Line) {
        if self.lines == 0 {
            self.first.clone_from(&line.time);
        }
        self.lines += u64::from(line.is_start);
        self.size += size_in_file(line);
    }

    /// Returns words about the beginning of the log of a container, where it is gone. `name` is the container for people.
    pub(in crate::app) fn told(&self, name: &str, details: &ContainerDetails) -> Option<String> {
        let rotation = details.log_rotation.as_ref()?;
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let started = moment(&details.started_at)?;
        let first = moment(&self.first)?;
        if first.duration_since(started).abs() <= AT_START {
            return None;
        }
        let LogRotation { max_size, max_files, words } = rotation;
        let word = match max_files {
            // A log of one file is emptied when it is full: only its size hints that this has happened.
            1 if self.size >= max_size / 10 => "may be",
            2.. if self.size.saturating_mul(100) >= max_size.saturating_mul(max_files - 1).saturating_mul(97) => "is",
            _ => return None,
        };
        Some(format!("the beginning of the output of {name} {word} gone: its log is rotated ({words})"))
    }
}

/// Returns how many bytes a line takes in a file of the driver `json-file`: a line of JSON for each 16 KiB.
fn size_in_file(line: &Line) -> u64 {
    const AROUND: usize = r#"{"log":"","stream":"stdout","time":"2026-01-02T03:04:05.000000000Z"}"#.len() + 1;
    const PART: usize = 16 * 1024;
    let size = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' => 2,
        b'<' | b'>' | b'&' | 0..0x20 => 6,
        _ => 1,
    };
    let parts = line.bytes.len() / PART + usize::from(line.is_start);
    let bytes: usize = line.bytes.iter().map(size).sum();
    u64::try_from(parts * AROUND + bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(max_files: u64) -> ContainerDetails {
        let rotation = LogRotation { max_size: 1000, max_files, words: "max-size 1k".to_owned() };
        let started_at = "2026-01-02T03:04:05.5Z".to_owned();
        ContainerDetails { log_rotation: Some(rotation), started_at, ..ContainerDetails::default() }
    }

    fn tally(size: u64, first: &str) -> Tally {
        Tally { lines: 1, size, first: first.to_owned() }
    }

    #[test]
    fn a_log_that_fills_its_files_and_begins_late_has_lost_its_beginning() {
        let (early, late) = ("2026-01-02T03:04:06.0Z", "2026-01-02T03:09:05.0Z");
        let words = "the beginning of the output of web-1 is gone: its log is rotated (max-size 1k)";
        assert_eq!(tally(2100, late).told("web-1", &details(3)).as_deref(), Some(words));
        assert_eq!(tally(2100, early).told("web-1", &details(3)), None, "all is there");
        assert_eq!(tally(1500, late).told("web-1", &details(3)), None, "no file was dropped");
        assert!(tally(150, late).told("web-1", &details(1)).is_some_and(|words| words.contains("may be gone")));
        assert_eq!(tally(10, late).told("web-1", &details(1)), None);
        assert_eq!(Tally::default().told("web-1", &details(3)), None, "an empty log tells nothing");
        let kept = ContainerDetails { log_rotation: None, ..details(3) };
        assert_eq!(tally(9000, late).told("web-1", &kept), None);
    }
}
