//! The report at the end of a run: failed steps with cause and help, restored containers, leftovers on the engine.

use super::console::Console;
use super::{interrupted, unstartable};
use crate::diag::Diagnostic;
use crate::engine::ErrorKind;
use crate::exec::{Outcome, StepError, StepFailure};
use crate::failure::{Exit, Failure};
use crate::model::{Project, Sources, Span};

/// The most steps that are named as still under way.
const UNDER_WAY: usize = 8;

/// The project that a run is about, and the texts that it was read from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The project; `None` if it is known only from labels, so that its services have no place in a file.
    pub project: Option<&'a Project>,
    /// The texts that the places of its diagnostics are in.
    pub sources: &'a Sources,
}

impl Origin<'_> {
    /// Returns a failed step as a diagnostic, at the place of its service if there is one.
    fn diagnostic(self, failure: &StepFailure) -> Diagnostic {
        let mut diagnostic = diagnostic(failure);
        let name = failure.target.service();
        let service = self.project.zip(name).and_then(|(project, name)| project.service(name.as_str()));
        if let Some(service) = service.filter(|service| service.span != Span::NONE) {
            diagnostic = diagnostic.at(format!("services.{}", service.name));
            diagnostic.primary.span = service.span;
        }
        diagnostic
    }
}

/// Shows what was found before a plan runs. An error ends the command before anything of the plan has changed.
pub(in crate::app) fn heed(console: &dyn Console, list: Vec<Diagnostic>, sources: &Sources) -> Result<(), Failure> {
    if list.iter().any(Diagnostic::is_error) {
        return Err(Failure::Diagnostics { list, sources: Box::new(sources.clone()) });
    }
    console.diagnostics(&list, sources);
    Ok(())
}

/// Reports the end of a run: failures with their explanations, restored containers, leftovers.
pub(in crate::app) fn report(console: &dyn Console, outcome: &Outcome, origin: Origin<'_>) -> Result<(), Failure> {
    let mut list: Vec<Diagnostic> = outcome.events().into_iter().map(|failure| origin.diagnostic(failure)).collect();
    for target in &outcome.restored {
        let message = format!("the replacement of {target} was not kept; the old one runs");
        list.push(Diagnostic::warning("restored", Span::NONE, message));
    }
    for owner in &outcome.unknown_owners {
        let help = "name a user of the image's `/etc/passwd`, or a number";
        list.push(Diagnostic::warning("owner-unknown", Span::NONE, owner.clone()).help(help));
    }
    for left in &outcome.leftovers {
        list.push(Diagnostic::error("leftover", Span::NONE, left.clone()));
    }
    console.diagnostics(&list, origin.sources);
    if let Some(signal) = outcome.interrupted {
        console.tell(&interruption(outcome));
        return Err(interrupted(signal));
    }
    if outcome.is_success() { Ok(()) } else { Err(Failure::Told(Exit::FAILURE)) }
}

/// Returns the message about a run that a signal has ended: what is done, and what the engine may still be working on.
fn interruption(outcome: &Outcome) -> String {
    let mut words = format!("interrupted: {} steps done, {} not begun", outcome.done, outcome.skipped);
    let shown = outcome.under_way.len().min(UNDER_WAY);
    if shown > 0 {
        let more = outcome.under_way.len() - shown;
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let list = outcome.under_way[..shown].join(", ");
        words.push_str(&format!("; the engine may still be at work on {}: {list}{rest}", outcome.under_way.len()));
    }
    words + "; run the same command again to go on\n"
}

/// Returns the help for a failed step: the help of the failure itself, else the help for the kind of its error.
fn help(failure: &StepFailure) -> Option<String> {
    let known = || failure.engine_kind().and_then(help_with).map(str::to_owned);
    failure.help.clone().or_else(|| unstartable::unseen_help(failure)).or_else(known)
}

fn help_with(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::NetworkInUse => Some(
            "`docker network inspect` shows who uses it; where nobody does the engine has miscounted, which a restart of the \
             engine mends",
        ),
        ErrorKind::NoProgram => Some(
            "the image has no such program: look at `command` and `entrypoint`; what needs a shell is `[sh, -c, \"...\"]`",
        ),
        ErrorKind::NoPortLeft => {
            Some("give the service as many ports as it has replicas, or none: then the engine chooses")
        }
        _ => None,
    }
}

/// Returns a failed step as a diagnostic without a place: what failed, why, and what to do.
fn diagnostic(failure: &StepFailure) -> Diagnostic {
    let message = failure.error.to_string();
    let mut diagnostic = match failure.is_optional {
        true => Diagnostic::warning("optional-step-failed", Span::NONE, message),
        false => Diagnostic::error(code(&failure.error), Span::NONE, message),
    };
    let mut causes: Vec<String> = Vec::new();
    if let StepError::Engine { source, .. } = &failure.error {
        causes.push(source.message.clone());
    }
    causes.extend(failure.details.iter().cloned());
    if let Some(help) = help(failure) {
        diagnostic = diagnostic.help(help);
    }
    if !causes.is_empty() {
        diagnostic = diagnostic.cause(causes.join("\n"));
    }
    diagnostic
}

fn code(error: &StepError) -> &'static str {
    match error {
        StepError::Engine { .. } => "engine",
        StepError::NotUp { .. } => "not-up",
        StepError::WaitExpired { .. } => "wait-expired",
        StepError::Hook { .. } | StepError::HookGivenUp { .. } => "hook-failed",
        StepError::Internal(_) => "internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_names_what_may_still_be_under_way() {
        let mut outcome = Outcome { done: 1, skipped: 2, ..Outcome::default() };
        let end = "; run the same command again to go on\n";
        assert_eq!(interruption(&outcome), format!("interrupted: 1 steps done, 2 not begun{end}"));
        outcome.under_way = (1..=2).map(|number| format!("stop container `p-a-{number}`")).collect();
        let words = "; the engine may still be at work on 2: stop container `p-a-1`, stop container `p-a-2`";
        assert_eq!(interruption(&outcome), format!("interrupted: 1 steps done, 2 not begun{words}{end}"));
        outcome.under_way = vec!["x".to_owned(); UNDER_WAY + 3];
        assert!(interruption(&outcome).contains("x, x and 3 more; run"));
    }
}
