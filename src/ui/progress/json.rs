//! Progress as JSON: an object for each event, in docker compose's shape (`docs/formats.md`).
//!
//! Objects for the start and the end of a step are never dropped. Objects for progress and output of a long step are
//! dropped while nobody reads; `{"left_out":N}` stands for N dropped objects.

use std::collections::BTreeMap;

use serde_json::json;

use super::waits::Waits;
use crate::event::{Event, Listener, PartEnd, StepHeader, StepState};
use crate::plan::{StepId, Target};
use crate::ui::output;

/// Prints objects, one on each line.
#[derive(Debug, Default)]
pub(super) struct Json {
    steps: BTreeMap<StepId, StepHeader>,
    waits: Waits,
}

/// Returns one object as a line.
pub(super) fn line(target: &Target, text: &str, details: &str, status: &str, is_dry_run: bool) -> String {
    let id = format!("{} {}", target.kind(), target.name());
    format!("{}\n", json!({"id": id, "status": status, "text": text, "details": details, "dry-run": is_dry_run}))
}

impl Listener for Json {
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Planned { steps, .. } => self.steps = steps.iter().map(|step| (step.id, step.clone())).collect(),
            Event::Step { id, state } => {
                let Some(step) = self.steps.get(id) else { return };
                let Some(state) = self.waits.told(step, state) else { return };
                let line = object(step, &state);
                match state.may_repeat() {
                    true => output::status_often(line, |count| format!("{}\n", json!({ "left_out": count }))),
                    false => output::status_surely(line),
                }
            }
            Event::Note(_) | Event::Finished { .. } => {}
        }
    }
}

fn object(step: &StepHeader, state: &StepState) -> String {
    let plain = |text: &str, status: &str| line(&step.target, text, &step.reason, status, false);
    match state {
        StepState::Started => plain(step.verb.present(), "Working"),
        StepState::Done { note, .. } => plain(note.unwrap_or(step.verb.past()), "Done"),
        StepState::Skipped { .. } => plain("Skipped", "Done"),
        StepState::Undone => plain("Undone", "Done"),
        StepState::Delayed(text) | StepState::Output(text) | StepState::BuildOutput(text) => {
            line(&step.target, step.verb.present(), text, "Working", false)
        }
        StepState::Part(part) => {
            let id = format!("{} {}", step.target.kind(), step.target.name());
            let status = match part.end {
                None => "Working",
                Some(PartEnd::Failed) => "Error",
                Some(PartEnd::Cached | PartEnd::Done) => "Done",
            };
            let text = match part.end {
                Some(PartEnd::Cached) => "Cached",
                _ => step.verb.present(),
            };
            let elapsed = part.elapsed.map(|elapsed| elapsed.as_millis() as u64);
            format!(
                "{}\n",
                json!({"id": format!("{id} {}", part.id), "parent_id": id, "status": status, "text": text, "details": part.name, "elapsed_ms": elapsed, "dry-run": false})
            )
        }
        StepState::Failed { message, .. } => {
            let id = format!("{} {}", step.target.kind(), step.target.name());
            format!("{}\n", json!({"id": id, "error": true, "message": message}))
        }
        StepState::Progress { text, current, total } => {
            let id = format!("{} {}", step.target.kind(), step.target.name());
            let percent =
                current.zip(*total).filter(|(_, total)| *total > 0).map(|(current, total)| current * 100 / total);
            format!(
                "{}\n",
                json!({"id": id, "status": "Working", "text": step.verb.present(), "details": text, "current": current, "total": total, "percent": percent, "dry-run": false})
            )
        }
    }
}
