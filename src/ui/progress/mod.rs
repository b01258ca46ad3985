//! Progress of a run on standard error: a live view, plain lines, JSON, or nothing.

use std::io::IsTerminal;

use crate::app::{Context, ProgressKind};
use crate::diag::Diagnostic;
use crate::event::Listener;
use crate::exec::{StepError, StepFailure};
use crate::model::Span;
use crate::plan::{Plan, describe};
use crate::ui;

mod json;
mod plain;
mod tty;

/// Which view.
fn kind(context: &Context) -> ProgressKind {
    let is_terminal = std::io::stderr().is_terminal() && context.environment.get("TERM") != Some("dumb");
    match context.settings.progress {
        ProgressKind::Auto if is_terminal && context.settings.ansi != crate::app::AnsiWhen::Never => ProgressKind::Tty,
        ProgressKind::Auto => ProgressKind::Plain,
        kind => kind,
    }
}

/// Returns the listener that the settings ask for.
pub fn listener(context: &Context) -> Box<dyn Listener> {
    match kind(context) {
        ProgressKind::Tty => Box::new(tty::Tty::new(ui::style(context))),
        ProgressKind::Json => Box::new(json::Json::default()),
        ProgressKind::Quiet => Box::new(|_: &crate::event::Event| {}),
        ProgressKind::Plain | ProgressKind::Auto => Box::new(plain::Plain::default()),
    }
}

/// Shows a plan that is not run.
pub fn dry_run(context: &Context, plan: &Plan) {
    for step in &plan.steps {
        let verb = describe(&step.action);
        let line = match kind(context) {
            ProgressKind::Quiet => return,
            ProgressKind::Json => json::line(&step.target, verb.past(), &step.reason.to_string(), "Done", true),
            _ => format!(
                " DRY-RUN MODE -  {} {}  {} ({})\n",
                step.target.kind(),
                crate::text::escape_controls(step.target.name()),
                verb.past(),
                step.reason
            ),
        };
        ui::tell(&line);
    }
}

/// Says in one line how things stand; only for people.
pub fn summary(context: &Context, plan: &Plan, is_success: bool) {
    if plan.is_empty() && is_success && matches!(kind(context), ProgressKind::Tty | ProgressKind::Plain) {
        for target in &plan.unchanged {
            ui::tell(&format!(" {} {}  Running\n", target.kind(), crate::text::escape_controls(target.name())));
        }
    }
}

/// Says that there is nothing to do; only for people.
pub fn nothing(context: &Context, words: &str) {
    if matches!(kind(context), ProgressKind::Tty | ProgressKind::Plain) {
        ui::tell(&format!("{words}\n"));
    }
}

/// Returns a failed step as a diagnostic: what, why, and the details that help to understand it.
pub fn failure(failure: &StepFailure) -> Diagnostic {
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
        StepError::Hook { .. } => "hook-failed",
        StepError::Internal(_) => "internal",
    }
}
