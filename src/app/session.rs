//! What the commands share: a loaded project, an engine, a snapshot, and a run with its report.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lock::{self, Lock};
use super::{interrupted, settle, unstartable};
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::engine::docker::{DockerEngine, Wanted};
use crate::exec::{self, ExecSettings, Interrupt, Outcome, StepError, StepFailure};
use crate::failure::{Exit, Failure};
use crate::loader::{self, LoadOptions};
use crate::model::{Observed, Project, Sources, Span};
use crate::observe::{self, Interest};
use crate::plan::{self, Plan};
use crate::settings::Context;
use crate::ui;

/// How long the engine may be silent before people are told.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(8);

/// A project and the texts it was read from.
#[derive(Debug)]
pub(super) struct Loading {
    pub project: Project,
    pub sources: Sources,
}

impl Loading {
    /// Returns where its services stand.
    pub(super) fn places(&self) -> Places<'_> {
        Places { project: &self.project, sources: &self.sources }
    }
}

/// Loads the project; warnings are shown, errors end the command.
pub(super) fn load(context: &Context, services: &[String]) -> Result<Loading, Failure> {
    let options = LoadOptions { services: services.to_vec(), ..super::load_options(context) };
    let span = tracing::info_span!("load").entered();
    let mut loaded = loader::load(&options, &context.environment);
    let project = loaded.project();
    drop(span);
    let (list, sources) = (loaded.diagnostics, loaded.sources);
    match project {
        Some(project) => {
            ui::diagnostics(context, &list, &sources);
            Ok(Loading { project, sources })
        }
        None => Err(Failure::Diagnostics { list, sources: Box::new(sources) }),
    }
}

/// What a command that may change something holds: an engine, the signals, and the project's lock.
pub(super) struct Session {
    pub engine: Arc<DockerEngine>,
    pub interrupt: Interrupt,
    lock: Option<Lock>,
}

impl Session {
    /// Connects, listens for signals and takes the project's lock; a dry run needs no lock.
    pub(super) async fn begin(context: &Context, project: &str, command: &str) -> Result<Self, Failure> {
        let interrupt = interrupt()?;
        let engine = answer(&interrupt, connect(context)).await?;
        if context.settings.is_dry_run {
            return Ok(Self { engine, interrupt, lock: None });
        }
        let lock = lock::take(context, &engine.facts().endpoint, project, command, &interrupt).await?;
        if let Some(left) = lock.left() {
            lock.unfinished();
            tokio::select! {
                is_known = settle::settle(&*engine, project, left) => if is_known { lock.settled() },
                signal = interrupt.first() => return Err(interrupted(signal)),
            }
        }
        Ok(Self { engine, interrupt, lock: Some(lock) })
    }

    /// As [`Self::begin`] for what touches images only: these have no project.
    pub(super) async fn without_lock(context: &Context) -> Result<Self, Failure> {
        let interrupt = interrupt()?;
        let engine = answer(&interrupt, connect(context)).await?;
        Ok(Self { engine, interrupt, lock: None })
    }

    /// Returns whether the last run on the project died in the middle of its work.
    pub(super) fn is_after_crash(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.left().is_some())
    }

    /// Notes that `up` or `down` came to its end: what a run that died left undone is done. Other commands do not see to all
    /// of it, such as restarts that are owed.
    pub(super) fn finished(&self, outcome: &Outcome) {
        if let Some(lock) = self.lock.as_ref().filter(|_| outcome.is_success() && !outcome.is_uncertain()) {
            lock.finished();
        }
    }

    /// Gives the lock back: what follows changes nothing.
    pub(super) fn unlock(&mut self) {
        self.lock = None;
    }

    /// Runs a plan, shows its progress, reports its failures. With `--dry-run` the plan is shown and nothing opened.
    pub(super) async fn run(&self, context: &Context, plan: &Plan, places: Places<'_>) -> Result<(), Failure> {
        self.run_until(context, plan, &self.interrupt, places).await
    }

    /// As [`Self::run`], heeding other signals.
    pub(super) async fn run_until(
        &self,
        context: &Context,
        plan: &Plan,
        interrupt: &Interrupt,
        places: Places<'_>,
    ) -> Result<(), Failure> {
        report(context, &self.carry_out(context, plan, interrupt).await?, places)
    }

    /// Runs a plan and shows its progress; what came of it is for the caller to report.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        plan: &Plan,
        interrupt: &Interrupt,
    ) -> Result<Outcome, Failure> {
        if plan.is_empty() {
            return Ok(Outcome::default());
        }
        if context.settings.is_dry_run {
            ui::progress::dry_run(context, plan);
            return Ok(Outcome::default());
        }
        let mut settings = settings(context, self.engine.is_local().await)?;
        settings.is_after_crash = self.lock.as_ref().is_none_or(|lock| lock.left().is_some());
        let mut listener = ui::progress::listener(context);
        let outcome = exec::run(plan, self.engine.clone(), settings, &mut *listener, interrupt).await;
        let may_owe = !outcome.is_success() && plan.restarts_dependents();
        if let Some(lock) = self.lock.as_ref().filter(|_| outcome.is_uncertain() || may_owe) {
            lock.unfinished();
        }
        Ok(outcome)
    }
}

/// Connects to the engine.
pub(super) async fn connect(context: &Context) -> Result<Arc<DockerEngine>, Failure> {
    let wanted = Wanted { host: context.settings.host.clone(), context: context.settings.docker_context.clone() };
    Ok(crate::engine::docker::connect(&wanted, &context.environment).await?)
}

/// Awaits an answer of the engine; says so when it does not come, and gives up when a signal comes. For reads alone.
pub(super) async fn answer<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(work);
    let begun = std::time::Instant::now();
    loop {
        tokio::select! {
            result = &mut work => return result,
            signal = interrupt.first() => {
                ui::tell("interrupted: nothing was begun\n");
                return Err(interrupted(signal));
            }
            () = tokio::time::sleep(SILENCE) => {
                ui::tell(&format!("no answer from the engine for {} s\n", begun.elapsed().as_secs()));
            }
        }
    }
}

/// Takes a snapshot for a project: of the holders of its fixed ports, and of its images.
pub(super) async fn snapshot(context: &Context, engine: &DockerEngine, project: &Project) -> Result<Observed, Failure> {
    let ports: BTreeSet<u16> = project
        .services
        .values()
        .flat_map(|service| &service.ports)
        .filter_map(|port| port.fixed_published())
        .collect();
    let images = plan::image_names(project, context.settings.separator());
    let mut observed = observe::observe(engine, &Interest { ports, images: Some(images) }).await?;
    let named = plan::plugins_named(project);
    if !named.is_empty() {
        let mut plugins = engine.plugins().await?;
        if engine.is_local().await {
            plugins.installed = observe::plugins::installed(&named);
        }
        observed.plugins = Some(plugins);
    }
    Ok(observed)
}

/// Says that a run begins once more. A call of a run that died was still going on when this one looked.
pub(super) fn look_again() {
    ui::tell("something has changed since this run looked: an earlier run had not ended yet; looking again\n");
}

/// Shows what a plan has to tell; an error among it ends the command before anything is changed.
pub(super) fn heed(context: &Context, list: Vec<Diagnostic>, sources: &Sources) -> Result<(), Failure> {
    if list.iter().any(Diagnostic::is_error) {
        return Err(Failure::Diagnostics { list, sources: Box::new(sources.clone()) });
    }
    ui::diagnostics(context, &list, sources);
    Ok(())
}

fn settings(context: &Context, is_local: bool) -> Result<ExecSettings, Failure> {
    let mut settings = ExecSettings::default();
    let variable = context.environment.get_non_empty("COMPOSE_PARALLEL_LIMIT");
    let limit = match (context.settings.parallel, variable) {
        (Some(limit), _) => Some(limit),
        (None, Some(text)) => Some(text.parse().map_err(|_| {
            Failure::one(Diagnostic::error(
                "bad-value",
                Span::NONE,
                format!("COMPOSE_PARALLEL_LIMIT must be a whole number, but is `{text}`"),
            ))
        })?),
        (None, None) => None,
    };
    let most = match limit {
        Some(limit) if limit > 0 => Some(usize::try_from(limit).unwrap_or(usize::MAX)),
        Some(-1) => Some(usize::MAX),
        Some(limit) => {
            return Err(Failure::one(Diagnostic::error(
                "bad-value",
                Span::NONE,
                format!("the parallel limit must be positive or -1, but is {limit}"),
            )));
        }
        None => None,
    };
    (settings.parallel, settings.stops) = match most {
        Some(most) => (most, most),
        None if is_local => (exec::parallel_here(), settings.stops),
        None => (settings.parallel, settings.stops),
    };
    settings.own_probes = context.environment.get("INCEPTION_PROBES").is_none_or(|word| word != "off");
    Ok(settings)
}

/// Where the services stand that a run is about.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub project: &'a Project,
    pub sources: &'a Sources,
}

impl Places<'_> {
    /// Returns a failed step as a diagnostic, at its service where that has a place.
    fn failed(self, failure: &StepFailure) -> Diagnostic {
        let service = failure.target.service().and_then(|name| self.project.service(name.as_str()));
        match service.filter(|service| service.span != Span::NONE) {
            Some(service) => {
                let mut diagnostic = failed(failure).at(format!("services.{}", service.name));
                diagnostic.primary.span = service.span;
                diagnostic
            }
            None => failed(failure),
        }
    }
}

/// Tells what failed, with what helps to understand it, what was given back and what is left.
pub(super) fn report(context: &Context, outcome: &Outcome, places: Places<'_>) -> Result<(), Failure> {
    let mut list: Vec<Diagnostic> = outcome.events().into_iter().map(|failure| places.failed(failure)).collect();
    for target in &outcome.restored {
        list.push(Diagnostic::warning(
            "restored",
            Span::NONE,
            format!("the replacement of {target} was not kept; the old one runs"),
        ));
    }
    for left in &outcome.leftovers {
        list.push(Diagnostic::error("leftover", Span::NONE, left.clone()));
    }
    ui::diagnostics(context, &list, places.sources);
    if let Some(signal) = outcome.interrupted {
        let words = format!(
            "interrupted: {} steps done, {} not begun; run the same command again to go on\n",
            outcome.done, outcome.skipped
        );
        ui::tell(&words);
        return Err(interrupted(signal));
    }
    if outcome.is_success() { Ok(()) } else { Err(Failure::Told(Exit::FAILURE)) }
}

/// Words of the engine, and what helps then.
const HELPS: [(&str, &str); 3] = [
    (
        "has active endpoints",
        "`docker network inspect` shows who uses it; where nobody does the engine has miscounted, which a restart of the engine mends",
    ),
    (
        "executable file not found",
        "the image has no such program: look at `command` and `entrypoint`; what needs a shell is `[sh, -c, \"...\"]`",
    ),
    ("all ports are allocated", "give the service as many ports as it has replicas, or none: then the engine chooses"),
];

/// Returns a failed step as a diagnostic: what, why, and the details that help to understand it.
fn failed(failure: &StepFailure) -> Diagnostic {
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
    if let Some(help) = failure.help.clone().or_else(|| unstartable::unseen_help(failure)) {
        diagnostic = diagnostic.help(help);
    } else if let Some((_, help)) = HELPS.iter().find(|(words, _)| causes.iter().any(|cause| cause.contains(words))) {
        diagnostic = diagnostic.help(*help);
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

/// Runs a future on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(anyhow::anyhow!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    // A thread that still reads a build context must not hold the program up.
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    result
}

/// Listens for signals.
pub(super) fn interrupt() -> Result<Interrupt, Failure> {
    Interrupt::listen().map_err(|error| Failure::Other(anyhow::anyhow!("cannot listen for signals: {error}")))
}
