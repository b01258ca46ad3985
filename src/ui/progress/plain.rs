//! Progress as lines: one for each event, in docker compose's shape (` Container p-web-1  Started`).
//!
//! Lines for the start and the end of a step are never dropped. Lines of its output are dropped and counted while
//! nobody reads.

use std::collections::BTreeMap;
use std::time::Duration;

use super::waits::Waits;
use crate::event::{Event, Listener, Part, PartEnd, StepHeader, StepState};
use crate::plan::StepId;
use crate::plan::Verb;
use crate::text::escape_controls;
use crate::ui::output;

/// Prints lines.
#[derive(Debug)]
pub(super) struct Plain {
    steps: BTreeMap<StepId, StepHeader>,
    waits: Waits,
    /// Whether the output of build instructions is shown, too (`--verbose`).
    shows_build_output: bool,
}

impl Plain {
    pub(super) fn new(shows_build_output: bool) -> Self {
        Self { steps: BTreeMap::new(), waits: Waits::default(), shows_build_output }
    }

    /// Returns the line for an event, if there is one.
    fn line(&mut self, id: StepId, state: &StepState) -> Option<String> {
        if matches!(state, StepState::BuildOutput(_)) && !self.shows_build_output {
            return None;
        }
        let step = self.steps.get(&id)?;
        self.waits.told(step, state).and_then(|state| line(step, &state))
    }
}

impl Listener for Plain {
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Planned { steps, .. } => self.steps = steps.iter().map(|step| (step.id, step.clone())).collect(),
            Event::Step { id, state } => {
                let Some(line) = self.line(*id, state) else { return };
                match state.may_repeat() {
                    true => output::status(&line),
                    false => output::status_surely(line),
                }
            }
            Event::Note(_) | Event::Finished { .. } => {}
        }
    }
}

/// Returns the line for an event; nothing for numeric progress, which only the live view and JSON show.
fn line(step: &StepHeader, state: &StepState) -> Option<String> {
    let head = format!(" {} {}  ", step.target.kind(), escape_controls(step.target.name()));
    let why = match step.verb {
        Verb::Recreate | Verb::Build | Verb::Pull => format!(" ({})", escape_controls(&step.reason)),
        _ => String::new(),
    };
    Some(match state {
        StepState::Started => format!("{head}{}{why}\n", step.verb.present()),
        StepState::Done { note, .. } => format!("{head}{}\n", note.unwrap_or(step.verb.past())),
        StepState::Failed { message, .. } => format!("{head}Error: {}\n", escape_controls(message)),
        StepState::Skipped { .. } => format!("{head}Skipped ({})\n", step.verb.plain()),
        StepState::Undone if step.verb == Verb::Stop => format!("{head}Restored\n"),
        StepState::Delayed(text) => format!("{head}{} {}\n", step.verb.present(), escape_controls(text)),
        StepState::Output(text) | StepState::BuildOutput(text) => format!("{head}{}\n", escape_controls(text)),
        StepState::Part(part) => format!("{head}{}\n", told(part)?),
        StepState::Undone | StepState::Progress { .. } => return None,
    })
}

/// Returns the words about an instruction of a build; nothing for other work, and for an instruction that is done at once.
fn told(part: &Part) -> Option<String> {
    /// Instructions that take longer are told when they end, too.
    const LONG: Duration = Duration::from_secs(1);
    let name = escape_controls(&part.name);
    let seconds =
        part.elapsed.filter(|elapsed| *elapsed >= LONG).map(|elapsed| format!("{:.1} s", elapsed.as_secs_f64()));
    match part.end.filter(|_| part.is_instruction) {
        None => (part.is_instruction).then(|| name.into_owned()),
        Some(PartEnd::Cached) => Some(format!("using cache: {name}")),
        Some(PartEnd::Done) => seconds.map(|seconds| format!("done in {seconds}: {name}")),
        Some(PartEnd::Failed) => Some(format!("failed: {name}")),
    }
}
