//! What a build tells while it runs: its steps, some of them at the same time, and the last lines of each.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{BuildEvent, BuildPlace, BuildStep, StepEnd};
use crate::event::{Part, PartEnd, StepState};
use crate::text::{escape_controls, one_line, without_colours};

/// How many lines of a failed instruction are kept.
const KEPT_LINES: usize = 20;
/// How many characters of a line are kept.
const KEPT_CHARACTERS: usize = 500;

/// The progress of a build.
#[derive(Debug, Default)]
pub(super) struct Building {
    steps: BTreeMap<u32, Step>,
    /// The step that began last, and the one that has failed.
    last: u32,
    failed: Option<u32>,
    place: Option<BuildPlace>,
    /// Bytes of the context that were sent.
    sent: u64,
    /// Instructions that were carried out rather than found in the cache.
    carried_out: u32,
    is_unchanged: bool,
}

#[derive(Debug, Default)]
struct Step {
    /// The step as it is shown: `step 2/3 RUN make`.
    name: String,
    counter: String,
    instruction: String,
    line: u32,
    output: VecDeque<String>,
}

impl Building {
    /// Notes an event and returns what to report of it.
    pub(super) fn take(&mut self, event: BuildEvent) -> Vec<StepState> {
        match event {
            BuildEvent::Context { sent } => {
                self.sent = sent;
                vec![StepState::Progress { text: "sending context".to_owned(), current: Some(sent), total: None }]
            }
            BuildEvent::LargeContext { total, largest } => vec![StepState::Output(large(total, &largest))],
            BuildEvent::Step(step) => self.begin(&step),
            BuildEvent::Ended { step, end, elapsed } => {
                let Some(known) = self.steps.get(&step) else { return Vec::new() };
                if end == StepEnd::Failed {
                    self.failed.get_or_insert(step);
                }
                // The first instruction, `FROM`, is never told to be in the cache.
                let is_base = known.instruction.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("from"));
                self.carried_out += u32::from(end != StepEnd::Cached && !known.counter.is_empty() && !is_base);
                let end = match end {
                    StepEnd::Cached => PartEnd::Cached,
                    StepEnd::Done => PartEnd::Done,
                    StepEnd::Failed => PartEnd::Failed,
                };
                vec![StepState::Part(Part { id: step, end: Some(end), elapsed, ..self.part(known) })]
            }
            BuildEvent::Output { step, line } => {
                let line = shown(&line);
                let name = self.steps.get(&step).map(|step| step.counter.clone()).unwrap_or_default();
                if let Some(step) = self.steps.get_mut(&step) {
                    if step.output.len() == KEPT_LINES {
                        step.output.pop_front();
                    }
                    step.output.push_back(line.chars().take(KEPT_CHARACTERS).collect());
                }
                // Lines of several steps mix, so each says its step.
                let is_alone = self.steps.len() < 2 || name.is_empty();
                vec![StepState::BuildOutput(if is_alone { line } else { format!("{name}: {line}") })]
            }
            BuildEvent::Broken(place) => {
                self.place = Some(place);
                Vec::new()
            }
            BuildEvent::Unchanged => {
                self.is_unchanged = true;
                Vec::new()
            }
            BuildEvent::Built(_) => Vec::new(),
        }
    }

    fn begin(&mut self, step: &BuildStep) -> Vec<StepState> {
        let instruction = one_line(&step.instruction);
        let name = match step.counter.is_empty() {
            true => instruction.clone(),
            false => format!("step {} {instruction}", step.counter),
        };
        let known = Step { name, counter: step.counter.clone(), instruction, line: step.line, output: VecDeque::new() };
        let part = Part { id: step.id, ..self.part(&known) };
        self.steps.insert(step.id, known);
        self.last = step.id;
        let (number, total) = counts(&step.counter).unzip();
        let progress = StepState::Progress { text: part.name.clone(), current: number, total };
        vec![progress, StepState::Part(part)]
    }

    fn part(&self, step: &Step) -> Part {
        Part { name: step.name.clone(), is_instruction: !step.counter.is_empty(), ..Part::default() }
    }

    /// Returns a word for a build that made nothing new: the builder was not asked, or every instruction came from the cache.
    pub(super) fn note(&self) -> Option<&'static str> {
        let is_cached = self.steps.values().any(|step| !step.counter.is_empty()) && self.carried_out == 0;
        match self.is_unchanged {
            true => Some("Unchanged"),
            false => is_cached.then_some("Cached"),
        }
    }

    /// Returns lines about the instruction that has failed: its place in the Dockerfile, and its last output.
    pub(super) fn failure(&self) -> Vec<String> {
        // Without a step that failed, the last instruction is the best guess; the builder's own work tells nothing.
        let last = || self.steps.get(&self.last).filter(|step| !step.counter.is_empty() && self.place.is_none());
        let step = self.failed.map_or_else(last, |failed| self.steps.get(&failed));
        let mut lines = Vec::new();
        if let Some(step) = step.filter(|step| !step.instruction.is_empty()) {
            let line = self.place.as_ref().map_or(step.line, |place| place.line);
            let place = if line > 0 { format!(", line {line} of the Dockerfile") } else { String::new() };
            lines.push(match step.counter.is_empty() {
                true => format!("at: {}{place}", step.instruction),
                false => format!("in step {}{place}: {}", step.counter, step.instruction),
            });
        }
        lines.extend(self.place.iter().flat_map(excerpt));
        lines.extend(step.into_iter().flat_map(|step| &step.output).map(|line| format!("  {line}")));
        lines
    }
}

/// Tells a large context, and how to leave its largest entry out.
fn large(total: u64, largest: &[(String, u64)]) -> String {
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let name = |name: &str| escape_controls(name).into_owned();
    let entries = largest.iter().map(|(entry, bytes)| format!("`{}` {}", name(entry), megabytes(*bytes)));
    let first = largest.first().map(|(entry, _)| name(entry)).unwrap_or_default();
    format!(
        "the build context has {}, most of it in {}; a line `{first}` in .dockerignore leaves that out",
        megabytes(total),
        entries.collect::<Vec<_>>().join(", ")
    )
}

/// Returns the number and the count in `build 2/3`.
fn counts(counter: &str) -> Option<(u64, u64)> {
    let (number, total) = counter.rsplit(' ').next()?.split_once('/')?;
    Some((number.parse().ok()?, total.parse().ok()?))
}

/// Returns a line of a build's output as it is shown, without the colours that the program in the build printed.
fn shown(line: &str) -> String {
    escape_controls(&without_colours(line.trim_end())).into_owned()
}

/// Shows a part of the Dockerfile with its place, and marks it.
fn excerpt(place: &BuildPlace) -> Vec<String> {
    let last = place.line as usize + place.text.len().saturating_sub(1);
    let width = last.to_string().len();
    let blanks = |line: &String| line.chars().take_while(|one| one.is_whitespace()).count();
    // The text may come from the engine, so its width is bounded.
    let indent = place.text.first().map_or(0, blanks).min(KEPT_CHARACTERS);
    let mut lines = vec![format!("--> {}:{}:{}", escape_controls(&place.file), place.line, indent + 1)];
    for (number, text) in (place.line..).zip(&place.text) {
        let text: String = shown(text).chars().take(KEPT_CHARACTERS).collect();
        lines.push(format!("{number:>width$} | {text}"));
        if number == place.line {
            let marked = text.trim_end().trim_end_matches('\\').trim_end();
            let carets = marked.chars().count().saturating_sub(indent).max(1);
            lines.push(format!("{:width$} | {:indent$}{}", "", "", "^".repeat(carets)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: u32, counter: &str, instruction: &str) -> BuildEvent {
        let (counter, instruction) = (counter.to_owned(), instruction.to_owned());
        BuildEvent::Step(BuildStep { id, counter, instruction, line: id })
    }

    fn ended(step: u32, end: StepEnd) -> BuildEvent {
        BuildEvent::Ended { step, end, elapsed: None }
    }

    #[test]
    fn a_failure_shows_the_step_that_failed_and_not_the_last_one() {
        let mut building = Building::default();
        building.take(step(1, "1/2", "FROM a"));
        building.take(step(2, "a 2/2", "RUN make"));
        building.take(step(3, "b 2/2", "RUN other"));
        for number in 1..=30 {
            building.take(BuildEvent::Output { step: 2, line: format!("line {number}") });
        }
        building.take(BuildEvent::Output { step: 3, line: "elsewhere".to_owned() });
        building.take(ended(2, StepEnd::Failed));
        let text = ["  RUN make \\".to_owned(), "    all".to_owned()].to_vec();
        building.take(BuildEvent::Broken(BuildPlace { file: "/a/Dockerfile".to_owned(), line: 9, text }));
        let failure = building.failure();
        assert_eq!(
            failure[..6],
            [
                "in step a 2/2, line 9 of the Dockerfile: RUN make",
                "--> /a/Dockerfile:9:3",
                " 9 |   RUN make \\",
                "   |   ^^^^^^^^",
                "10 |     all",
                "  line 11",
            ]
        );
        assert_eq!(failure.len(), 5 + KEPT_LINES);
    }

    #[test]
    fn a_build_is_cached_where_nothing_but_its_base_was_carried_out() {
        let mut building = Building::default();
        assert_eq!(building.note(), None);
        for (id, counter, instruction) in [(1, "", "load build context"), (2, "1/2", "FROM a"), (3, "2/2", "RUN b")] {
            building.take(step(id, counter, instruction));
        }
        building.take(ended(1, StepEnd::Done));
        building.take(ended(2, StepEnd::Done));
        building.take(ended(3, StepEnd::Cached));
        assert_eq!(building.note(), Some("Cached"));
        building.take(ended(3, StepEnd::Done));
        assert_eq!(building.note(), None);
    }
}
