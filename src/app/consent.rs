//! What the user must agree to before a plan runs: it is named first, and asked for where somebody can answer.

use crate::diag::Diagnostic;
use crate::exec::Interrupt;
use crate::failure::Failure;
use crate::model::Span;
use crate::plan::{Action, Plan};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Volumes that go with their data. They are always named. On a terminal the user is asked, unless `is_agreed`; elsewhere
/// the option that led here (`--volumes`, `--recreate-volume NAME`) is the word.
pub(super) async fn data(
    context: &Context,
    plan: &Plan,
    is_agreed: bool,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let names = removed(plan, |action| matches!(action, Action::RemoveVolume { .. }));
    if names.is_empty() || context.settings.is_dry_run {
        return Ok(());
    }
    ui::tell(&format!("These volumes are removed, with all their data:\n{}", list(&names)));
    if is_agreed || !ui::is_interactive() || confirmed(interrupt).await? {
        return Ok(());
    }
    Err(refused("answer `y`, or use `-y` to remove without a question"))
}

/// Containers that go with `rm`. They are named unless `is_agreed`, and nothing goes where nobody can say yes.
pub(super) async fn containers(
    context: &Context,
    plan: &Plan,
    is_agreed: bool,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let names = removed(plan, |action| matches!(action, Action::RemoveContainer { .. }));
    if names.is_empty() || is_agreed || context.settings.is_dry_run {
        return Ok(());
    }
    ui::tell(&format!("These containers are removed:\n{}", list(&names)));
    if confirmed(interrupt).await? { Ok(()) } else { Err(refused("use `rm -f` to remove without asking")) }
}

async fn confirmed(interrupt: &Interrupt) -> Result<bool, Failure> {
    unless_interrupted(interrupt, || ui::confirm("Remove them? [y/N] ")).await
}

/// Reads an answer on a thread of its own: reading cannot be given up, and a signal must be heard meanwhile.
async fn unless_interrupted(
    interrupt: &Interrupt,
    read: impl FnOnce() -> bool + Send + 'static,
) -> Result<bool, Failure> {
    tokio::select! {
        // A reader that panicked has not said yes.
        answer = tokio::task::spawn_blocking(read) => Ok(answer.unwrap_or(false)),
        signal = interrupt.first() => {
            ui::tell("\ninterrupted: nothing was removed\n");
            Err(super::interrupted(signal))
        }
    }
}

fn removed(plan: &Plan, is_removal: impl Fn(&Action) -> bool) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| is_removal(&step.action));
    steps.map(|step| escape_controls(step.target.name()).into_owned()).collect()
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("  {name}\n")).collect()
}

fn refused(help: &str) -> Failure {
    Failure::one(Diagnostic::error("not-confirmed", Span::NONE, "nothing was removed").help(help))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::exec::Signal;
    use crate::failure::Exit;

    #[tokio::test]
    async fn a_signal_is_heard_while_an_answer_is_waited_for() {
        let (_keep, never) = std::sync::mpsc::channel::<bool>();
        let interrupt = Interrupt::default();
        interrupt.send(Signal::Terminate);
        // The channel ends with the test, and the reader with it.
        let answer = unless_interrupted(&interrupt, move || never.recv().unwrap_or(false)).await;
        assert_eq!(answer.unwrap_err().exit(), Exit::TERMINATED);
    }
}
