//! Progress of a run on standard error: a live view, plain lines, JSON, or nothing.

use std::io::IsTerminal;

use crate::event::Listener;
use crate::plan::{Plan, describe};
use crate::settings::{Context, ProgressKind};
use crate::ui;

mod json;
mod plain;
mod tty;

/// Which view.
fn kind(context: &Context) -> ProgressKind {
    let is_terminal = std::io::stderr().is_terminal() && context.environment.get("TERM") != Some("dumb");
    match context.settings.progress {
        ProgressKind::Auto if is_terminal && context.settings.ansi != crate::settings::AnsiWhen::Never => {
            ProgressKind::Tty
        }
        ProgressKind::Auto => ProgressKind::Plain,
        kind => kind,
    }
}

/// Returns a context in which progress is told in lines where it would be a live view.
pub fn beside_output(context: &Context) -> Context {
    let mut context = context.clone();
    if kind(&context) == ProgressKind::Tty {
        context.settings.progress = ProgressKind::Plain;
    }
    context
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
