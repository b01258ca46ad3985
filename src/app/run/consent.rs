//! Consent that a plan needs before it runs: the loss is named, and the user is asked if that is possible.
//!
//! Both guards check every round. The user is asked only once about the same loss, but again about a new one. Example:
//! `up --recreate-volume data` asks for `data`. The engine refuses, because a dead run has just created a volume
//! `logs`. If the next round removes `logs`, too, it asks for `logs`.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::console::Console;
use super::interrupted;
use super::rounds::{Guard, Look, Stage};
use crate::diag::Diagnostic;
use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::model::Span;
use crate::plan::{Action, Plan};
use crate::text::escape_controls;

const QUESTION: &str = "Remove them? [y/N] ";

/// Consent for volumes that are removed with their data (`down --volumes`, `up --recreate-volume NAME`).
///
/// The volumes are always named. On a terminal the user is asked, unless `is_agreed`. Without a terminal the option
/// itself is the consent.
pub struct Data<'a> {
    console: &'a dyn Console,
    is_agreed: bool,
    agreed: BTreeSet<String>,
}

impl<'a> Data<'a> {
    /// Makes the guard. `is_agreed`: the user has already agreed (`-y`), or nothing is removed (a dry run).
    pub fn new(console: &'a dyn Console, is_agreed: bool) -> Self {
        Self { console, is_agreed, agreed: BTreeSet::new() }
    }
}

#[async_trait(?Send)]
impl Guard for Data<'_> {
    async fn pass(&mut self, stage: Stage, look: &Look, interrupt: &Interrupt) -> Result<(), Failure> {
        let mut names = removed(&look.plan, |action| matches!(action, Action::RemoveVolume { .. }));
        names.retain(|name| !self.agreed.contains(name));
        if names.is_empty() {
            return Ok(());
        }
        self.console.tell(&format!("These volumes are removed, with all their data:\n{}", list(&names)));
        if self.is_agreed || !self.console.is_interactive() || confirmed(self.console, interrupt).await? {
            self.agreed.extend(names);
            return Ok(());
        }
        let message = match stage {
            Stage::First => "nothing was removed",
            Stage::AfterImages | Stage::Again => "these volumes were not removed, and the run ended here",
        };
        Err(refused(message, "answer `y`, or use `-y` to remove without a question"))
    }
}

/// Consent for containers that `rm` removes. They are named unless `is_agreed` (`rm -f`). Without a user to ask,
/// nothing is removed.
pub(in crate::app) struct Containers<'a> {
    pub console: &'a dyn Console,
    pub is_agreed: bool,
}

#[async_trait(?Send)]
impl Guard for Containers<'_> {
    async fn pass(&mut self, _: Stage, look: &Look, interrupt: &Interrupt) -> Result<(), Failure> {
        let names = removed(&look.plan, |action| matches!(action, Action::RemoveContainer { .. }));
        if names.is_empty() || self.is_agreed {
            return Ok(());
        }
        self.console.tell(&format!("These containers are removed:\n{}", list(&names)));
        match confirmed(self.console, interrupt).await? {
            true => Ok(()),
            false => Err(refused("nothing was removed", "use `rm -f` to remove without asking")),
        }
    }
}

async fn confirmed(console: &dyn Console, interrupt: &Interrupt) -> Result<bool, Failure> {
    tokio::select! {
        biased;
        answer = console.confirm(QUESTION) => Ok(answer),
        signal = interrupt.first() => {
            console.tell("\ninterrupted: nothing was removed\n");
            Err(interrupted(signal))
        }
    }
}

fn removed(plan: &Plan, is_removal: impl Fn(&Action) -> bool) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| is_removal(&step.action));
    steps.map(|step| step.target.name().to_owned()).collect()
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("  {}\n", escape_controls(name))).collect()
}

fn refused(message: &str, help: &str) -> Failure {
    Failure::one(Diagnostic::error("not-confirmed", Span::NONE, message).help(help))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::super::console::aside;
    use super::*;
    use crate::event::{Event, Listener};
    use crate::exec::Signal;
    use crate::failure::Exit;
    use crate::model::Sources;
    use crate::plan::{Reason, Step, StepId, Target};

    /// Notes what is printed, and reads answers from a channel on its own thread.
    struct Answers {
        told: Mutex<String>,
        answers: Mutex<Option<std::sync::mpsc::Receiver<bool>>>,
    }

    impl Answers {
        fn new(answers: std::sync::mpsc::Receiver<bool>) -> Self {
            Self { told: Mutex::default(), answers: Mutex::new(Some(answers)) }
        }
    }

    #[async_trait(?Send)]
    impl Console for Answers {
        fn tell(&self, words: &str) {
            self.told.lock().unwrap().push_str(words);
        }

        fn diagnostics(&self, _: &[Diagnostic], _: &Sources) {}

        fn listener(&self) -> Box<dyn Listener> {
            Box::new(|_: &Event| {})
        }

        fn dry_run(&self, _: &Plan) {}

        fn nothing(&self, _: &str) {}

        fn is_interactive(&self) -> bool {
            true
        }

        async fn confirm(&self, question: &'static str) -> bool {
            self.tell(question);
            let Some(answers) = self.answers.lock().unwrap().take() else { return false };
            aside(move || answers.recv().unwrap_or(false)).await
        }
    }

    fn removing(names: &[&str]) -> Look {
        let step = |name: &&str| Step {
            id: StepId(0),
            target: Target::Volume { key: None, name: (*name).into() },
            action: Action::RemoveVolume { name: (*name).into() },
            reason: Reason::Command("down"),
            requires: Vec::new(),
            after: Vec::new(),
            is_optional: false,
        };
        Look { plan: Plan { steps: names.iter().map(step).collect(), ..Plan::default() }, ..Look::default() }
    }

    #[tokio::test]
    async fn a_signal_is_heard_while_an_answer_is_waited_for() {
        let (_keep, never) = std::sync::mpsc::channel::<bool>();
        let interrupt = Interrupt::default();
        interrupt.send(Signal::Terminate);
        // The channel is closed at the end of the test, which also ends the reader.
        let answer = confirmed(&Answers::new(never), &interrupt).await;
        assert_eq!(answer.unwrap_err().exit(), Exit::TERMINATED);
    }

    #[tokio::test]
    async fn a_later_round_asks_for_what_was_not_agreed_to_yet() {
        let (sender, answers) = std::sync::mpsc::channel();
        sender.send(true).unwrap();
        let (console, interrupt) = (Answers::new(answers), Interrupt::default());
        let mut guard = Data::new(&console, false);
        guard.pass(Stage::First, &removing(&["data"]), &interrupt).await.unwrap();
        guard.pass(Stage::Again, &removing(&["data"]), &interrupt).await.unwrap();
        console.told.lock().unwrap().clear();
        let failure = guard.pass(Stage::Again, &removing(&["data", "logs"]), &interrupt).await.unwrap_err();
        assert_eq!(failure.told().0[0].code, "not-confirmed");
        let told = console.told.lock().unwrap().clone();
        assert_eq!(told, "These volumes are removed, with all their data:\n  logs\nRemove them? [y/N] ");
    }
}
