//! `stop`, `start`, `restart`, `kill`, `rm`, `pause`, `unpause`: commands for existing containers.
//!
//! Without a compose file the labels tell what belongs to the project.

use async_trait::async_trait;

use super::project::{self, Found};
use super::run::consent;
use super::run::console::Terminal;
use super::run::report;
use super::run::rounds::{Aim, Guard, Look, Repeats, Rounds, Stage};
use super::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::failure::{Exit, Failure};
use crate::model::{Known, Observed, Project};
use crate::observe::{self, Interest};
use crate::plan::{self, Lifecycle, Plan};
use crate::settings::Context;

/// Runs one of these commands except `rm`; `word` is its name.
pub fn lifecycle(
    context: &Context,
    services: &[String],
    word: &'static str,
    command: &Lifecycle,
) -> Result<Exit, Failure> {
    let named = services.iter().map(|name| name.as_str().into()).collect();
    let repeats = if matches!(word, "stop" | "start") { Repeats::AfterCrash } else { Repeats::Never };
    let existing = Existing { word, repeats, ends_crash: false };
    change(context, services, existing, Vec::new(), |project, observed| {
        plan::lifecycle(project, observed, &named, command)
    })
}

/// Runs `rm`: names the containers to be removed, and asks first if the user can be asked.
pub fn remove(context: &Context, services: &[String], is_forced: bool, command: &Lifecycle) -> Result<Exit, Failure> {
    let named = services.iter().map(|name| name.as_str().into()).collect();
    let console = Terminal(context);
    let is_agreed = is_forced || context.settings.is_dry_run;
    let guard: Box<dyn Guard + '_> = Box::new(consent::Containers { console: &console, is_agreed });
    let existing = Existing { word: "rm", repeats: Repeats::Never, ends_crash: false };
    change(context, services, existing, vec![guard], |project, observed| {
        plan::lifecycle(project, observed, &named, command)
    })
}

/// A command for existing containers.
pub(super) struct Existing {
    /// Name of the command, for the lock.
    pub word: &'static str,
    pub repeats: Repeats,
    /// Whether success completes everything that a dead run left undone.
    pub ends_crash: bool,
}

/// Plans such a command, for a project known from a file or from labels.
struct Change<'a, F> {
    context: &'a Context,
    found: &'a Found,
    /// Services that the user named.
    services: &'a [String],
    make: F,
}

#[async_trait(?Send)]
impl<F: Fn(&Project, &Observed) -> Plan> Aim for Change<'_, F> {
    async fn look(&mut self, engine: &dyn ReadEngine, _: Stage, known: &Known) -> Result<Look, Failure> {
        let mut observed = match self.found {
            Found::File(loading) => session::snapshot(self.context, engine, &loading.project).await?,
            Found::Labels(..) => observe::observe(engine, &Interest::default()).await?,
        };
        observed.known = known.clone();
        let mut plan = (self.make)(&self.found.resolve(&observed), &observed);
        // `start` itself refuses services without a container.
        if !plan.diagnostics.iter().any(Diagnostic::is_error) {
            plan.diagnostics.extend(self.found.unknown_services(self.services, observed.containers.iter()));
        }
        Ok(Look { observed, plan, ..Look::default() })
    }
}

/// Runs a command that `make` plans.
pub(super) fn change(
    context: &Context,
    services: &[String],
    command: Existing,
    guards: Vec<Box<dyn Guard + '_>>,
    make: impl Fn(&Project, &Observed) -> Plan,
) -> Result<Exit, Failure> {
    let found = project::find_to_change(context, services)?;
    let console = Terminal(context);
    session::block_on(async {
        let session = Session::begin(context, found.name(), command.word).await?;
        let nothing = Some(format!("project `{}`: nothing to do", found.name()));
        let origin = found.origin();
        let mut rounds =
            Rounds { session: &session, console: &console, origin, guards, repeats: command.repeats, nothing };
        let ended = rounds.run(&mut Change { context, found: &found, services, make }).await?;
        if command.ends_crash {
            session.finished(&ended.outcome);
        }
        report::report(&console, &ended.outcome, origin)?;
        Ok(Exit::SUCCESS)
    })
}
