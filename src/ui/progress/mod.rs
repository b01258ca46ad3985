//! Progress of a run on standard error (COMPOSE_STATUS_STDOUT: standard output): a live view, plain lines, JSON, or
//! nothing.

#![expect(clippy::disallowed_methods, reason = "asks whether standard error is a terminal")]

use std::io::IsTerminal;

use crate::event::Listener;
use crate::model::Observed;
use crate::plan::{Plan, describe};
use crate::settings::{Context, LogLevel, ProgressKind};
use crate::ui::{output, report};

mod json;
mod plain;
mod quieter;
mod tty;
mod waits;

/// Returns the view to use. `--progress auto` is a live view on a capable terminal, else plain lines.
fn kind(context: &Context) -> ProgressKind {
    let is_seen = !context.settings.status_to_stdout || std::io::stdout().is_terminal();
    let is_terminal = std::io::stderr().is_terminal() && context.environment.get("TERM") != Some("dumb") && is_seen;
    match context.settings.progress {
        ProgressKind::Auto if is_terminal && context.settings.ansi != crate::settings::AnsiWhen::Never => {
            ProgressKind::Tty
        }
        ProgressKind::Auto => ProgressKind::Plain,
        kind => kind,
    }
}

/// Returns a context with plain lines instead of a live view, for runs during which output of containers is printed: a
/// live view would cover it.
pub fn beside_output(context: &Context) -> Context {
    let mut context = context.clone();
    if kind(&context) == ProgressKind::Tty {
        context.settings.progress = ProgressKind::Plain;
    }
    context
}

/// Returns the listener for `--progress`.
pub fn listener(context: &Context) -> Box<dyn Listener> {
    let listener = shown(context);
    match quieter::Quieter::quiet_verbs(&context.settings) {
        verbs if verbs.is_empty() => listener,
        verbs => Box::new(quieter::Quieter::new(verbs, listener)),
    }
}

fn shown(context: &Context) -> Box<dyn Listener> {
    match kind(context) {
        ProgressKind::Tty => Box::new(tty::Tty::new(report::style(context))),
        ProgressKind::Json => Box::new(json::Json::default()),
        ProgressKind::Quiet => Box::new(|_: &crate::event::Event| {}),
        ProgressKind::Plain | ProgressKind::Auto => {
            Box::new(plain::Plain::new(matches!(context.settings.log_level, LogLevel::Trace | LogLevel::Debug)))
        }
    }
}

/// Shows the steps of a plan that is not run (`--dry-run`).
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
        output::status_surely(line);
    }
}

/// Prints the state of each container that was left alone, one on each line; only in the formats for people.
pub fn summary(context: &Context, plan: &Plan, observed: &Observed, is_success: bool) {
    if plan.is_empty() && is_success && matches!(kind(context), ProgressKind::Tty | ProgressKind::Plain) {
        for target in &plan.unchanged {
            let (name, word) = (crate::text::escape_controls(target.name()), state_word(observed, target.name()));
            output::status_surely(format!(" {} {name}  {word}\n", target.kind()));
        }
    }
}

/// Returns the state of a container as a word of progress: a completed job is `Exited`, a container that was never
/// started `Created`.
fn state_word(observed: &Observed, name: &str) -> String {
    let found = observed.containers.named(name).next();
    let word = found.map_or("running", |one| one.state.as_str());
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

/// Says something that only people need, a line.
pub fn say(context: &Context, words: &str) {
    if matches!(kind(context), ProgressKind::Tty | ProgressKind::Plain) {
        output::status(&format!("{words}\n"));
    }
}
