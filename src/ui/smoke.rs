//! The outcomes of `smoke`: a line each, as JSON lines, and as JUnit's XML.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::output;
use crate::text::escape_controls;

/// How outcomes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A line each, for people.
    #[default]
    Text,
    /// An object on each line.
    Json,
    /// One JUnit document at the end.
    Junit,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    name: String,
    state: State,
    words: String,
    took: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Passed,
    Failed,
    Skipped,
}

impl Outcome {
    /// Makes the outcome of a check that was carried out: what was seen, or what is wrong.
    pub fn new(name: &str, result: Result<String, String>, took: Duration) -> Self {
        let (state, words) = match result {
            Ok(words) => (State::Passed, words),
            Err(words) => (State::Failed, words),
        };
        Self { name: name.to_owned(), state, words, took }
    }

    /// Makes the outcome of a check that was left out.
    pub fn skipped(name: &str, words: &str) -> Self {
        Self { name: name.to_owned(), state: State::Skipped, words: words.to_owned(), took: Duration::ZERO }
    }

    /// Returns whether the check failed.
    pub fn is_failure(&self) -> bool {
        self.state == State::Failed
    }
}

/// Prints one outcome, as soon as it is known.
pub fn tell(format: Format, outcome: &Outcome) {
    let Outcome { name, state, words, took } = outcome;
    match format {
        Format::Text => {
            let word = match state {
                State::Passed => "ok  ",
                State::Failed => "FAIL",
                State::Skipped => "skip",
            };
            let millis = took.as_millis();
            let line = format!("{word}  {}: {} ({millis} ms)", escape_controls(name), escape_controls(words));
            output::print_owned(line.trim_end_matches(" (0 ms)").to_owned() + "\n");
        }
        Format::Json => {
            let state = match state {
                State::Passed => "passed",
                State::Failed => "failed",
                State::Skipped => "skipped",
            };
            let object =
                json!({ "name": name, "outcome": state, "message": words, "milliseconds": took.as_millis() as u64 });
            output::print_owned(format!("{object}\n"));
        }
        Format::Junit => {}
    }
}

/// Prints what comes after all outcomes: how many passed, or the whole JUnit document.
pub fn summary(format: Format, outcomes: &[Outcome]) {
    let count = |state| outcomes.iter().filter(|one| one.state == state).count();
    let (passed, failed, skipped) = (count(State::Passed), count(State::Failed), count(State::Skipped));
    match format {
        Format::Json => {}
        Format::Text => {
            let more = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            output::print_owned(format!("{passed} passed, {failed} failed{more}\n"));
        }
        Format::Junit => {
            let mut text = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"smoke\" tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\">\n",
                outcomes.len()
            );
            for Outcome { name, state, words, took } in outcomes {
                let inner = match state {
                    State::Passed => String::new(),
                    State::Failed => format!("<failure message=\"{}\"/>", xml(words)),
                    State::Skipped => format!("<skipped message=\"{}\"/>", xml(words)),
                };
                let seconds = took.as_secs_f64();
                // Writing to a text cannot fail.
                let _ = writeln!(text, "  <testcase name=\"{}\" time=\"{seconds:.3}\">{inner}</testcase>", xml(name));
            }
            output::print_owned(text + "</testsuite>\n");
        }
    }
}

fn xml(text: &str) -> String {
    let text = escape_controls(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
