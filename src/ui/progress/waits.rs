//! Reports several waits for one container as one: that it is waited for, why, and the end, each once.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{StepHeader, StepState};
use crate::plan::{StepId, Target, Verb};

/// The waits of a run, by the containers that they wait for.
#[derive(Debug, Default)]
pub(super) struct Waits {
    of: BTreeMap<Target, Wait>,
}

/// The steps that wait for one container.
#[derive(Debug, Default)]
struct Wait {
    running: BTreeSet<StepId>,
    has_begun: bool,
    /// The word of a step that has succeeded while others still wait.
    word: Option<&'static str>,
    /// The end messages that were shown.
    told: BTreeSet<String>,
}

impl Waits {
    /// Returns what to show of a step in this state; `None` if another step has shown it, or will.
    pub(super) fn told(&mut self, step: &StepHeader, state: &StepState) -> Option<StepState> {
        if step.verb != Verb::Wait {
            return Some(state.clone());
        }
        let wait = self.of.entry(step.target.clone()).or_default();
        let is_first = wait.running.first() == Some(&step.id);
        match state {
            StepState::Started => {
                wait.running.insert(step.id);
                (!std::mem::replace(&mut wait.has_begun, true)).then_some(StepState::Started)
            }
            StepState::Done { note, elapsed } => {
                wait.running.remove(&step.id);
                // `Healthy` and `Exited` say more than `Started`.
                wait.word = wait.word.filter(|word| *word != "Started").or(*note);
                let note = if wait.running.is_empty() { wait.word.take() } else { return None };
                let is_new = wait.told.insert(note.unwrap_or_default().to_owned());
                is_new.then_some(StepState::Done { note, elapsed: *elapsed })
            }
            StepState::Failed { message, .. } => {
                wait.running.remove(&step.id);
                wait.told.insert(message.clone()).then(|| state.clone())
            }
            StepState::Skipped { .. } => {
                wait.running.remove(&step.id);
                wait.told.insert("skipped".to_owned()).then(|| state.clone())
            }
            StepState::Progress { .. } | StepState::Delayed(_) => is_first.then(|| state.clone()),
            StepState::Part(_) | StepState::Output(_) | StepState::BuildOutput(_) | StepState::Undone => {
                Some(state.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wait_for(id: u32, name: &str) -> StepHeader {
        let target = Target::Container { service: None, number: 1, name: name.into() };
        StepHeader { id: StepId(id), target, verb: Verb::Wait, reason: String::new(), requires: Vec::new() }
    }

    fn done(note: &'static str) -> StepState {
        StepState::Done { note: Some(note), elapsed: Duration::ZERO }
    }

    #[test]
    fn two_waits_for_one_container_are_told_once() {
        for order in [["Healthy", "Started"], ["Started", "Healthy"], ["Healthy", "Healthy"]] {
            let mut waits = Waits::default();
            let (one, two, other) = (wait_for(1, "db"), wait_for(2, "db"), wait_for(3, "web"));
            assert!(waits.told(&one, &StepState::Started).is_some());
            assert!(waits.told(&two, &StepState::Started).is_none());
            assert!(waits.told(&other, &StepState::Started).is_some());
            let delayed = StepState::Delayed("slow".to_owned());
            assert!(waits.told(&one, &delayed).is_some() && waits.told(&two, &delayed).is_none());
            assert!(waits.told(&one, &done(order[0])).is_none());
            assert!(waits.told(&two, &delayed).is_some(), "the other wait goes on");
            assert_eq!(waits.told(&two, &done(order[1])), Some(done("Healthy")));
        }
    }

    #[test]
    fn a_failure_that_ends_two_waits_is_told_once_and_other_failures_are_told() {
        let mut waits = Waits::default();
        let (one, two, three) = (wait_for(1, "db"), wait_for(2, "db"), wait_for(3, "db"));
        for step in [&one, &two, &three] {
            waits.told(step, &StepState::Started);
        }
        let failed = |words: &str| StepState::Failed { message: words.to_owned(), elapsed: Duration::ZERO };
        assert!(waits.told(&one, &failed("is unhealthy")).is_some());
        assert!(waits.told(&two, &failed("is unhealthy")).is_none());
        assert!(waits.told(&three, &failed("was removed")).is_some());
        // For the user, consecutive waits are one wait, too.
        assert!(waits.told(&one, &StepState::Started).is_none());
    }
}
