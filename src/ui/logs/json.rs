//! Lines of containers as JSON, an object on each line (`docs/formats.md`).
//!
//! The member `line` is the last of its object, so a line of any length is written piece by piece.

#![expect(clippy::disallowed_methods, reason = "an event has the time at which it is told")]

use serde_json::json;

use super::source::Source;

/// What follows the text of a line.
pub(super) const END: &[u8] = b"\"}\n";

/// Returns the members that tell where a line comes from.
pub(super) fn origin(source: &Source) -> String {
    let Source { service, container, replica, .. } = source;
    format!("\"service\":{},\"container\":{},\"replica\":{}", json!(service), json!(container), json!(replica))
}

/// Begins an object, up to the text of its line. A line without a time has `null`.
pub(super) fn begin(out: &mut Vec<u8>, origin: &[u8], time: &str, stream: &str) {
    let time = if time.is_empty() { json!(null) } else { json!(time) };
    out.extend_from_slice(format!("{{\"time\":{time},").as_bytes());
    out.extend_from_slice(origin);
    out.extend_from_slice(format!(",\"stream\":\"{stream}\",\"line\":\"").as_bytes());
}

/// Appends a piece of a line without its end (`\n`, from a terminal `\r\n`). Each byte sequence that is not UTF-8 becomes
/// U+FFFD.
pub(super) fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.strip_suffix(b"\n").map_or(bytes, |rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    let quoted = json!(String::from_utf8_lossy(bytes)).to_string();
    out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
}

/// Appends a whole object about something that happened to a container.
pub(super) fn event(out: &mut Vec<u8>, source: &Source, words: &str) {
    let time = format!("{:.9}", jiff::Timestamp::now());
    begin(out, origin(source).as_bytes(), &time, "event");
    text(out, words.as_bytes());
    out.extend_from_slice(END);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_in_however_many_pieces_it_comes() {
        let (name, service) = ("we\"b-1".to_owned(), "web".to_owned());
        let source = Source { container: format!("p-{name}"), name, service, replica: Some(1) };
        let mut out = Vec::new();
        begin(&mut out, origin(&source).as_bytes(), "2026-01-02T03:04:05.000000001Z", "stderr");
        for piece in [&b"a \"quoted\"\t\x1b[31m"[..], b"\xff\r", b"end\r\n"] {
            text(&mut out, piece);
        }
        out.extend_from_slice(END);
        event(&mut out, &source, "web-1 exited with code 3");
        let found: Vec<serde_json::Value> =
            out.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect();
        let expected = json!({
            "time": "2026-01-02T03:04:05.000000001Z", "service": "web", "container": "p-we\"b-1", "replica": 1,
            "stream": "stderr", "line": "a \"quoted\"\t\u{1b}[31m\u{fffd}\rend",
        });
        assert_eq!((&found[0], found.len()), (&expected, 2));
        assert_eq!((&found[1]["stream"], &found[1]["line"]), (&json!("event"), &json!("web-1 exited with code 3")));
    }
}
