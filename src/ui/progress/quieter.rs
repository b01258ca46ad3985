//! Progress without the details of pulls and builds (`--quiet-pull`, `--quiet-build`): their starts, ends and failures stay.

use std::collections::BTreeSet;

use crate::event::{Event, Listener};
use crate::plan::{StepId, Verb};
use crate::settings::Settings;

/// Passes events on, except for the details of some steps.
pub(super) struct Quieter {
    verbs: Vec<Verb>,
    steps: BTreeSet<StepId>,
    next: Box<dyn Listener>,
}

impl Quieter {
    /// Returns the verbs whose steps are to be quiet.
    pub(super) fn quiet_verbs(settings: &Settings) -> Vec<Verb> {
        let given = [(settings.quiet_pull, Verb::Pull), (settings.quiet_build, Verb::Build)];
        given.into_iter().filter(|(is_given, _)| *is_given).map(|(_, verb)| verb).collect()
    }

    pub(super) fn new(verbs: Vec<Verb>, next: Box<dyn Listener>) -> Self {
        Self { verbs, steps: BTreeSet::new(), next }
    }
}

impl Listener for Quieter {
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Planned { steps, .. } => {
                let quiet = steps.iter().filter(|step| self.verbs.contains(&step.verb));
                self.steps = quiet.map(|step| step.id).collect();
            }
            Event::Step { id, state } if self.steps.contains(id) && state.may_repeat() => return,
            Event::Step { .. } | Event::Note(_) | Event::Finished { .. } => {}
        }
        self.next.on_event(event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::event::{StepHeader, StepState};
    use crate::plan::Target;

    #[test]
    fn only_the_details_of_quiet_steps_are_left_out() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let settings = Settings { quiet_pull: true, ..Settings::default() };
        let verbs = Quieter::quiet_verbs(&settings);
        assert_eq!(verbs, [Verb::Pull]);
        let next = move |event: &Event| {
            if let Event::Step { id, state } = event {
                kept.lock().unwrap().push((*id, state.clone()));
            }
        };
        let mut quieter = Quieter::new(verbs, Box::new(next));
        let (pull, build) = (StepId(0), StepId(1));
        let step = |id, verb| StepHeader {
            id,
            target: Target::Image { service: "web".into(), image: "web".into() },
            verb,
            reason: String::new(),
            requires: Vec::new(),
        };
        let steps = vec![step(pull, Verb::Pull), step(build, Verb::Build)];
        quieter.on_event(&Event::Planned { steps, is_dry_run: false });
        let progress = StepState::Progress { text: "half".to_owned(), current: None, total: None };
        let done = StepState::Done { note: None, elapsed: Duration::ZERO };
        for id in [pull, build] {
            for state in [StepState::Started, progress.clone(), done.clone()] {
                quieter.on_event(&Event::Step { id, state });
            }
        }
        let expected = [
            (pull, StepState::Started),
            (pull, done.clone()),
            (build, StepState::Started),
            (build, progress),
            (build, done),
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }
}
