//! What a command holds while it talks to the engine: a connection, the signals, and, if it may change something, the
//! project's lock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::console::Console;
use super::lock::{self, Left, Lock};
use super::report::{self, Origin};
use super::{interrupted, paused, settle};
use crate::diag::Diagnostic;
use crate::engine::docker::{self, DockerEngine, Wanted};
use crate::engine::{EngineHandle, ReadEngine};
use crate::exec::{self, ExecSettings, Interrupt, Outcome, Outputs};
use crate::failure::Failure;
use crate::model::{Observed, Project, Span};
use crate::observe::{self, Interest};
use crate::plan::{self, Plan};
use crate::settings::Context;
use crate::ui;

/// How long the engine may be silent before the user is told.
const SILENCE: Duration = Duration::from_secs(8);
/// The message at a signal before the first change.
pub(super) const NOTHING_BEGUN: &str = "interrupted: nothing was begun\n";
/// The message at a signal between two rounds.
pub(super) const HALF_DONE: &str = "interrupted: run the same command again to go on\n";

/// What a command holds that may change something.
pub struct Session {
    hands: Hands,
    /// The signals of this run.
    pub interrupt: Interrupt,
}

/// What a session can do with the engine, by type: a dry run holds nothing that could change it.
enum Hands {
    /// A dry run observes, and shows its plan.
    Reading(Arc<dyn ReadEngine>),
    /// Any other run.
    Changing(Box<Changing>),
}

struct Changing {
    engine: EngineHandle,
    settings: ExecSettings,
    /// Whether the user has set no limit of parallel calls: then it depends on where the engine is.
    is_limit_open: bool,
    /// `None` if the run is about images only (they have no project), if no directory can hold the lock, and after the
    /// lock was released.
    lock: Option<Lock>,
    is_after_crash: bool,
}

impl Session {
    /// Connects, listens for signals and takes the project's lock; a dry run needs no lock. After a dead run, waits
    /// until the engine has done what that run had asked for.
    pub(in crate::app) async fn begin(context: &Context, project: &str, command: &str) -> Result<Self, Failure> {
        let interrupt = interrupt()?;
        let engine = answer(&interrupt, open(context)).await?;
        if context.settings.is_dry_run {
            return Ok(Self { hands: Hands::Reading(engine), interrupt });
        }
        let (settings, is_limit_open) = settings(context)?;
        let lock = lock::take(context, &engine.facts().endpoint, project, command, &interrupt).await?;
        let left = lock.as_ref().map_or(Some(Left::UNKNOWN), Lock::left);
        if let Some(left) = left {
            lock.iter().for_each(Lock::unfinished);
            tokio::select! {
                is_known = settle::settle(&*engine, project, left) => if is_known { lock.iter().for_each(Lock::settled) },
                signal = interrupt.first() => return Err(interrupted(signal)),
            }
            let handle: EngineHandle = engine.clone();
            tell_gone_on(&answer(&interrupt, paused::let_go_on(&handle, project)).await?);
        }
        let is_after_crash = left.is_some();
        let changing = Changing { engine, settings, is_limit_open, lock, is_after_crash };
        Ok(Self { hands: Hands::Changing(Box::new(changing)), interrupt })
    }

    /// Connects as [`Self::begin`] does, for a command that only uses images: images have no project, so there is no
    /// lock.
    pub(in crate::app) async fn without_lock(context: &Context) -> Result<Self, Failure> {
        let interrupt = interrupt()?;
        let engine = answer(&interrupt, open(context)).await?;
        if context.settings.is_dry_run {
            return Ok(Self { hands: Hands::Reading(engine), interrupt });
        }
        let (settings, is_limit_open) = settings(context)?;
        let changing = Changing { engine, settings, is_limit_open, lock: None, is_after_crash: false };
        Ok(Self { hands: Hands::Changing(Box::new(changing)), interrupt })
    }

    /// Makes a session on any engine, without a lock. `is_after_crash` replaces what the lock would tell: whether the
    /// last run on the project died in the middle of its work.
    pub fn on(engine: EngineHandle, settings: ExecSettings, interrupt: Interrupt, is_after_crash: bool) -> Self {
        let changing = Changing { engine, settings, is_limit_open: false, lock: None, is_after_crash };
        Self { hands: Hands::Changing(Box::new(changing)), interrupt }
    }

    /// Returns the engine for reading.
    pub fn reading(&self) -> &dyn ReadEngine {
        match &self.hands {
            Hands::Reading(engine) => &**engine,
            Hands::Changing(changing) => &*changing.engine,
        }
    }

    /// Returns the engine for changing; `None` in a dry run.
    pub(in crate::app) fn changing(&self) -> Option<&EngineHandle> {
        match &self.hands {
            Hands::Reading(_) => None,
            Hands::Changing(changing) => Some(&changing.engine),
        }
    }

    /// Passes on the output of containers from their start, in every following run.
    pub(in crate::app) fn hand_over(&mut self, outputs: Outputs) {
        if let Hands::Changing(changing) = &mut self.hands {
            changing.settings.outputs = Some(outputs);
        }
    }

    /// Returns whether plans are only shown.
    pub fn is_dry_run(&self) -> bool {
        matches!(self.hands, Hands::Reading(_))
    }

    /// Returns whether the last run on the project died in the middle of its work.
    pub fn is_after_crash(&self) -> bool {
        matches!(&self.hands, Hands::Changing(changing) if changing.is_after_crash)
    }

    fn lock(&self) -> Option<&Lock> {
        match &self.hands {
            Hands::Reading(_) => None,
            Hands::Changing(changing) => changing.lock.as_ref(),
        }
    }

    /// Notes the end of `up` or `down`: everything that a dead run left undone is done. Other commands do not do all of
    /// it: `stop` does not know about a restart that the dead run owed.
    pub(in crate::app) fn finished(&self, outcome: &Outcome) {
        if let Some(lock) = self.lock().filter(|_| outcome.is_success() && !outcome.is_uncertain()) {
            lock.finished();
        }
    }

    /// Notes that this run leaves something to the next one, which then acts as after a run that died.
    pub(in crate::app) fn unfinished(&self) {
        self.lock().into_iter().for_each(Lock::unfinished);
    }

    /// Releases the lock: while an attached `up` only follows output, other runs need not wait.
    pub(in crate::app) fn unlock(&mut self) {
        if let Hands::Changing(changing) = &mut self.hands {
            changing.lock = None;
        }
    }

    /// Runs a plan, shows its progress, reports its failures. A dry run shows the plan.
    pub(in crate::app) async fn run(
        &self,
        console: &dyn Console,
        plan: &Plan,
        origin: Origin<'_>,
    ) -> Result<(), Failure> {
        self.run_until(console, plan, &self.interrupt, origin).await
    }

    /// Runs a plan as [`Self::run`] does, with other signals than the session's own.
    pub(in crate::app) async fn run_until(
        &self,
        console: &dyn Console,
        plan: &Plan,
        interrupt: &Interrupt,
        origin: Origin<'_>,
    ) -> Result<(), Failure> {
        report::report(console, &self.carry_out(console, plan, interrupt).await, origin)
    }

    /// Runs a plan and shows its progress; the caller reports the outcome. A dry run shows the plan.
    pub(super) async fn carry_out(&self, console: &dyn Console, plan: &Plan, interrupt: &Interrupt) -> Outcome {
        if plan.is_empty() {
            return Outcome::default();
        }
        let Hands::Changing(changing) = &self.hands else {
            console.dry_run(plan);
            return Outcome::default();
        };
        let Changing { engine, settings, is_limit_open, lock, .. } = &**changing;
        let is_after_crash = lock.as_ref().is_none_or(|lock| lock.left().is_some());
        let mut settings = ExecSettings { is_after_crash, ..settings.clone() };
        let is_here = async { *is_limit_open && engine.is_local().await };
        tokio::select! {
            biased;
            is_here = is_here => if is_here { settings.parallel = exec::parallel_here() },
            // At a signal no step begins any more.
            _ = interrupt.first() => {}
        }
        let mut listener = console.listener();
        let outcome = exec::run(plan, engine.clone(), settings, &mut *listener, interrupt).await;
        let may_owe = !outcome.is_success() && plan.restarts_dependents();
        if let Some(lock) = lock.as_ref().filter(|_| outcome.is_uncertain() || may_owe) {
            lock.unfinished();
        }
        outcome
    }
}

/// Connects to the engine of the settings, for reading only.
pub(in crate::app) async fn connect(context: &Context) -> Result<Arc<dyn ReadEngine>, Failure> {
    Ok(open(context).await?)
}

/// Tells of containers that a dead run had paused.
pub(in crate::app) fn tell_gone_on(names: &[String]) {
    for name in names {
        let name = crate::text::escape_controls(name);
        ui::tell(&format!("container `{name}` goes on: a backup that died had paused it\n"));
    }
}

async fn open(context: &Context) -> Result<Arc<DockerEngine>, Failure> {
    let wanted = Wanted { host: context.settings.host.clone(), context: context.settings.docker_context.clone() };
    Ok(docker::connect(&wanted, &context.environment).await?)
}

/// Awaits an answer of the engine before the command has begun to change anything. Reports a silent engine; ends at a
/// signal.
pub(in crate::app) async fn answer<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    answer_to(&ui::tell, interrupt, NOTHING_BEGUN, work).await
}

/// Awaits an answer of the engine as [`answer`] does. Messages go to `tell`; `farewell` is the message at a signal.
pub(super) async fn answer_to<T>(
    tell: &(impl Fn(&str) + ?Sized),
    interrupt: &Interrupt,
    farewell: &str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(work);
    let begun = Instant::now();
    loop {
        tokio::select! {
            // In a fixed order, so that the simulator can replay a run.
            biased;
            result = &mut work => return result,
            signal = interrupt.first() => {
                tell(farewell);
                return Err(interrupted(signal));
            }
            () = tokio::time::sleep(SILENCE) => {
                tell(&format!("no answer from the engine for {} s\n", begun.elapsed().as_secs()));
            }
        }
    }
}

/// Takes a snapshot for a project: with the holders of its fixed host ports, its images, and the engine's plugins if
/// the project names any.
pub(in crate::app) async fn snapshot(
    context: &Context,
    engine: &dyn ReadEngine,
    project: &Project,
) -> Result<Observed, Failure> {
    let ports: BTreeSet<u16> = project
        .services
        .values()
        .flat_map(|service| &service.ports)
        .filter_map(|port| port.fixed_published())
        .collect();
    let images = plan::image_names(project, context.settings.separator());
    let mut observed = observe::observe(engine, &Interest { ports, images: Some(images) }).await?;
    let named = plan::plugins_named(project);
    if !named.is_empty() || plan::depends_on_machine(project) || observe::builds::depend_on_store(project) {
        let mut plugins = engine.plugins().await?;
        if engine.is_local().await {
            plugins.installed = observe::plugins::installed(&named);
            plugins.machine.online = observe::processors::online();
        }
        observed.plugins = Some(plugins);
    }
    Ok(observed)
}

/// Returns how plans are run: the most parallel calls by `--parallel` or COMPOSE_PARALLEL_LIMIT (-1 is without limit),
/// and whether neither is set.
fn settings(context: &Context) -> Result<(ExecSettings, bool), Failure> {
    let bad = |message: String| Failure::one(Diagnostic::error("bad-value", Span::NONE, message));
    let variable = context.environment.get_non_empty("COMPOSE_PARALLEL_LIMIT");
    let limit = match (context.settings.parallel, variable) {
        (Some(limit), _) => Some(limit),
        (None, Some(text)) => Some(
            text.parse().map_err(|_| bad(format!("COMPOSE_PARALLEL_LIMIT must be a whole number, but is `{text}`")))?,
        ),
        (None, None) => None,
    };
    let most = match limit {
        Some(limit) if limit > 0 => Some(usize::try_from(limit).unwrap_or(usize::MAX)),
        Some(-1) => Some(usize::MAX),
        Some(limit) => return Err(bad(format!("the parallel limit must be positive or -1, but is {limit}"))),
        None => None,
    };
    let mut settings = ExecSettings::default();
    (settings.parallel, settings.stops) = match most {
        Some(most) => (most, most),
        None => (settings.parallel, settings.stops),
    };
    settings.own_probes = context.environment.get("INCEPTION_PROBES").is_none_or(|word| word != "off");
    Ok((settings, most.is_none()))
}

/// Runs a future on its own runtime.
pub(in crate::app) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(anyhow::anyhow!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    // A thread that still reads a build context must not delay the end of the program.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

/// Listens for signals.
pub(in crate::app) fn interrupt() -> Result<Interrupt, Failure> {
    Interrupt::listen().map_err(|error| Failure::Other(anyhow::anyhow!("cannot listen for signals: {error}")))
}
