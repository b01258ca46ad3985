//! `logging`: the options of the drivers that every engine has.

use serde_json::Value as Json;

use super::told::Checks;
use super::words::{is_boolean, is_log_size};
use crate::diag::Diagnostic;
use crate::loader::decode::get::Get;
use crate::loader::decode::spans::ServiceSpans;
use crate::loader::report::nearest;

/// Options that every driver has.
const OF_ALL: [&str; 2] = ["max-buffer-size", "mode"];
/// Options of `json-file`.
const OF_JSON_FILE: [&str; 10] = [
    "compress",
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "max-buffer-size",
    "max-file",
    "max-size",
    "mode",
    "tag",
];
/// Options of `local`.
const OF_LOCAL: [&str; 5] = ["compress", "max-buffer-size", "max-file", "max-size", "mode"];

impl Checks<'_> {
    /// Checks the options of a logging driver. Without a `driver`, the engine's default is unknown here; options of
    /// other drivers are unknown, too.
    pub(super) fn logging(&mut self, value: &Json, spans: &ServiceSpans<'_>) {
        let Some(logging) = value.get("logging") else { return };
        let known: &[&str] = match logging.text("driver").as_deref() {
            Some("json-file") => &OF_JSON_FILE,
            Some("local") => &OF_LOCAL,
            Some("none") => return,
            _ => &OF_ALL,
        };
        let options = logging.pairs("options");
        let span = |name: &str| spans.at(&["logging", "options", name]);
        for (name, text) in &options {
            let shown = crate::text::escape_controls(name).into_owned();
            let path = format!("logging.options.{shown}");
            if !known.contains(&name.as_str()) {
                self.unknown_option(known, name, span(name), &path);
                continue;
            }
            let (expected, fits) = match name.as_str() {
                "max-size" => ("a size such as `10m`", is_log_size(text)),
                "max-file" => ("a number of at least 1, in quotes", text.parse::<u32>().is_ok_and(|count| count > 0)),
                "compress" => ("`\"true\"` or `\"false\"`", is_boolean(text)),
                "mode" => ("`blocking` or `non-blocking`", matches!(text.as_str(), "" | "blocking" | "non-blocking")),
                _ => ("", true),
            };
            if !fits {
                self.expect(&path, span(name), expected, text);
            }
        }
        if options.contains_key("max-buffer-size") && options.get("mode").is_none_or(|mode| mode != "non-blocking") {
            let message = format!("`{}.logging.options.max-buffer-size` needs `mode: non-blocking`", self.path);
            self.refuse("logging.options.max-buffer-size", span("max-buffer-size"), message);
        }
    }

    /// Refuses an option that a driver does not have. If `known` has only the options of all drivers, the driver's own are
    /// unknown, and nothing is refused.
    fn unknown_option(&mut self, known: &[&'static str], name: &str, span: crate::model::Span, path: &str) {
        if known.len() == OF_ALL.len() {
            return;
        }
        let shown = crate::text::escape_controls(name);
        let path = format!("{}.{path}", self.path);
        let message = format!("`{path}`: the logging driver has no option `{shown}`");
        let fault = Diagnostic::error("bad-value", span, message).at(path);
        self.diagnostics.push(match nearest(name, known.iter().copied()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("it has {}", known.join(", "))),
        });
    }
}
