//! What the user must agree to before a plan runs: it is named first, and asked for where somebody can answer.

use crate::diag::Diagnostic;
use crate::failure::Failure;
use crate::model::Span;
use crate::plan::{Action, Plan};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// Volumes that go with their data. They are always named. On a terminal the user is asked, unless `is_agreed`; elsewhere
/// the option that led here (`--volumes`, `--recreate-volume NAME`) is the word.
pub(super) fn data(context: &Context, plan: &Plan, is_agreed: bool) -> Result<(), Failure> {
    let names = removed(plan, |action| matches!(action, Action::RemoveVolume { .. }));
    if names.is_empty() || context.settings.is_dry_run {
        return Ok(());
    }
    ui::tell(&format!("These volumes are removed, with all their data:\n{}", list(&names)));
    if is_agreed || !ui::is_interactive() || ui::confirm("Remove them? [y/N] ") {
        return Ok(());
    }
    Err(refused("answer `y`, or use `-y` to remove without a question"))
}

/// Containers that go with `rm`. They are named unless `is_agreed`, and nothing goes where nobody can say yes.
pub(super) fn containers(context: &Context, plan: &Plan, is_agreed: bool) -> Result<(), Failure> {
    let names = removed(plan, |action| matches!(action, Action::RemoveContainer { .. }));
    if names.is_empty() || is_agreed || context.settings.is_dry_run {
        return Ok(());
    }
    ui::tell(&format!("These containers are removed:\n{}", list(&names)));
    if ui::confirm("Remove them? [y/N] ") { Ok(()) } else { Err(refused("use `rm -f` to remove without asking")) }
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
