//! `run`: a one-off container of a service.
//!
//! Dependencies first (`dependencies`), then the container, by the same rounds. The step that starts the container attaches
//! before: the container's streams are this program's from its first byte on.

mod container;
mod dependencies;
mod opening;
mod request;

use std::cell::Cell;

pub(super) use container::{Container, Own};
pub use request::RunRequest;

use super::exec::{exit, keys, listen};
use super::signals::{Asked, Signals};
use super::streams::{self, Over, Wiring};
use crate::app::prepare::{self, UpAim, UpRequest};
use crate::app::project::Loading;
use crate::app::run::console::{Console, Terminal, UntilSession};
use crate::app::run::report;
use crate::app::run::rounds::{Repeats, Rounds};
use crate::app::run::session::{self, Session};
use crate::diag::Diagnostic;
use crate::engine::{AttachOptions, ContainerEnd, EngineHandle, ErrorKind, RemoveOptions, WaitCondition};
use crate::exec::{Interrupt, Outcome, Outputs, Signal, StepError};
use crate::failure::{Exit, Failure};
use crate::model::{ContainerId, Project, ServiceName, Span, labels};
use crate::observe::clients;
use crate::plan::{OneOff, UpOptions};
use crate::settings::Context;
use crate::ui;
use crate::ui::terminal;
use dependencies::{Dependencies, as_found};
use opening::{Begun, Open, Opening, beside};

/// The exit code where the program of the container is not there, as of a shell.
const NO_PROGRAM: Exit = Exit(127);

/// Runs `run`: ends with the exit code of the container.
pub fn run(context: &Context, request: &RunRequest) -> Result<Exit, Failure> {
    let console = Terminal(context);
    let wish = wish(request);
    let mut loading = prepare::load(context, &console, &wish)?;
    let is_terminal = !request.no_terminal && !request.no_stdin && terminal::is_input() && terminal::is_output();
    let is_tty = is_terminal && !request.detach;
    request.apply(&context.environment, is_tty, &mut loading.project)?;
    let one = one_off(context, request, &loading.project)?;
    session::block_on(async {
        let mut signals = listen()?;
        let mut session = Session::begin(context, loading.project.name.as_str(), "run").await?;
        let run = Run { context, console: &console, request, wish: &wish, loading: &loading, one: &one, is_tty };
        let project = run.project(&session).await?;
        if !request.no_dependencies {
            let dependencies = Dependencies {
                context,
                console: &console,
                session: &session,
                loading: &loading,
                service: &one.service,
                converge: request.converge,
            };
            heeding(&mut signals, &session.interrupt, dependencies.bring_up(&project)).await?;
        }
        run.make(&mut session, &project, &mut signals).await
    })
}

/// Returns the request about the service alone, for its image and its container.
fn wish(request: &RunRequest) -> UpRequest {
    let options = UpOptions { no_dependencies: true, remove_orphans: request.remove_orphans, ..UpOptions::default() };
    let images = request.images.clone();
    UpRequest {
        services: vec![request.service.clone()],
        options,
        images,
        detach: true,
        command: "run",
        ..UpRequest::default()
    }
}

fn one_off(context: &Context, request: &RunRequest, project: &Project) -> Result<OneOff, Failure> {
    let slug = slug()?;
    let separator = context.settings.separator();
    let made = || format!("{}{separator}{}{separator}run{separator}{}", project.name, request.service, &slug[..12]);
    let name = request.name.clone().unwrap_or_else(made);
    Ok(OneOff {
        service: ServiceName::from(request.service.as_str()),
        name: name.as_str().into(),
        client: if request.detach { None } else { clients::own().or(Some(String::new())) },
        auto_remove: request.remove,
        has_aliases: request.use_aliases,
        no_dependencies: request.no_dependencies,
        slug,
    })
}

/// Returns 64 random digits.
fn slug() -> Result<String, Failure> {
    let mut bytes = [0_u8; 32];
    let count = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
    match count {
        Ok(count) if count == bytes.len() => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        _ => Err(Failure::Other(anyhow::anyhow!("the system gives no random numbers"))),
    }
}

/// Does work that INT and TERM interrupt by themselves; HUP interrupts it as TERM does. Where the work succeeds all the same,
/// the container gets the signals.
async fn heeding<T>(signals: &mut Signals, interrupt: &Interrupt, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let mut kept = Vec::new();
    let result = loop {
        tokio::select! {
            biased;
            result = &mut work => break result,
            asked = signals.next() => match asked {
                Asked::End(signal) => {
                    kept.push(asked);
                    if signal.name == "HUP" {
                        interrupt.send(Signal::Terminate);
                    }
                }
                Asked::Stop => super::signals::stop(),
                Asked::Resize | Asked::GoOn => {}
            },
        }
    };
    kept.into_iter().for_each(|asked| signals.put_back(asked));
    result
}

/// A `run` on its way to its container.
struct Run<'a> {
    context: &'a Context,
    console: &'a dyn Console,
    request: &'a RunRequest,
    wish: &'a UpRequest,
    loading: &'a Loading,
    one: &'a OneOff,
    is_tty: bool,
}

impl Run<'_> {
    /// Returns the project with its networks and volumes as they were found.
    async fn project(&self, session: &Session) -> Result<Project, Failure> {
        let look = session::snapshot(self.context, session.reading(), &self.loading.project);
        let observed = session::answer(&session.interrupt, look).await?;
        Ok(as_found(&self.loading.project, &observed))
    }

    /// Creates and starts the container, and stays connected to it until its end.
    async fn make(&self, session: &mut Session, project: &Project, signals: &mut Signals) -> Result<Exit, Failure> {
        let (text, keys) = keys(session, self.request.detach_keys.as_ref())?;
        let options = AttachOptions { stdin: !self.request.no_stdin, detach_keys: text, ..AttachOptions::default() };
        let until = if self.one.auto_remove { WaitCondition::Removed } else { WaitCondition::NextExit };
        let (outputs, mut receiver) = Outputs::sessions(self.one.service.clone(), options, until);
        if !self.request.detach {
            session.hand_over(outputs);
        }
        let wiring = Wiring {
            is_tty: self.is_tty,
            takes_input: !self.request.no_stdin,
            passes_end: true,
            keys,
            is_to_panic: false,
        };
        let engine = session.changing().cloned();
        let console = UntilSession::new(self.console);
        let interrupt = session.interrupt.clone();
        let mut start = Box::pin(self.start(&console, session, project));
        let mut opening = Opening::default();
        let begun = heeding(signals, &interrupt, opening.beside(&mut receiver, &mut start)).await;
        let Some(engine) = engine else {
            // A dry run has shown its plan.
            return begun.result().and_then(|outcome| self.told(&outcome)).map(|()| Exit::SUCCESS);
        };
        match begun {
            Begun::Container(open) => {
                console.end_progress();
                let attached = Box::pin(self.attached(&engine, open, wiring, signals));
                let (attached, hooks) = beside(attached, start, &interrupt).await;
                session.unlock();
                let exit = attached.end().await;
                self.warn_of_hooks(hooks);
                exit
            }
            Begun::All(result) => {
                drop(start);
                if let Err(failure) = result.and_then(|outcome| self.told(&outcome)) {
                    self.clean(&engine).await;
                    return Err(failure);
                }
                session.unlock();
                if self.request.detach {
                    let id = self.find(&engine).await?;
                    ui::print_owned(format!("{}\n", id.map(|id| id.to_string()).unwrap_or_default()));
                    return Ok(Exit::SUCCESS);
                }
                let Some(open) = opening.opened(&mut receiver) else {
                    self.clean(&engine).await;
                    let message = "the engine did not connect the container's streams";
                    return Err(Failure::one(Diagnostic::error("engine", Span::NONE, message)));
                };
                self.attached(&engine, open, wiring, signals).await
            }
        }
    }

    /// Creates and starts the container, and runs its hooks.
    async fn start(&self, console: &dyn Console, session: &Session, project: &Project) -> Result<Outcome, Failure> {
        let mut aim = UpAim::new(self.context, project, self.wish).making(self.one);
        let mut rounds = Rounds {
            session,
            console,
            origin: self.loading.origin(),
            guards: Vec::new(),
            repeats: Repeats::Never,
            nothing: None,
        };
        Ok(rounds.run(&mut aim).await?.outcome)
    }

    /// Reports the start.
    fn told(&self, outcome: &Outcome) -> Result<(), Failure> {
        match report::report(self.console, outcome, self.loading.origin()) {
            Err(Failure::Told(_)) if lacks_program(outcome) => Err(Failure::Told(NO_PROGRAM)),
            result => result,
        }
    }

    /// Reports hooks that failed beside the session. The session decides how the command ends.
    fn warn_of_hooks(&self, hooks: Result<Outcome, Failure>) {
        match hooks {
            Ok(outcome) => {
                let _ = report::report(self.console, &Outcome { interrupted: None, ..outcome }, self.loading.origin());
            }
            Err(failure) => tracing::debug!(?failure, "the hooks were not run"),
        }
    }

    async fn attached(
        &self,
        engine: &EngineHandle,
        Open { id, streams, ending }: Open,
        wiring: Wiring,
        signals: &mut Signals,
    ) -> Result<Exit, Failure> {
        let service = self.loading.project.services.get(&self.one.service);
        let grace = service.and_then(|service| service.stop_grace_period);
        let id = &id;
        let far = Container { engine, id, gets_signals: true, own: Some(Own::new(grace)), is_asked: Cell::default() };
        let end = async {
            let ending = match ending {
                Some(ending) => ending,
                None => engine.wait_container(id, WaitCondition::NotRunning).await?,
            };
            Ok(ending.await?)
        };
        match streams::pass(streams, wiring, signals, &far, end).await {
            Ok(Over::Ended(end)) => Ok(ended(&end)),
            Ok(Over::Signal(signal)) => Err(Failure::Interrupted(signal.exit())),
            Ok(Over::Detached) => {
                ui::tell(&format!("\ndetached: container `{}` goes on\n", self.one.name));
                Ok(Exit::SUCCESS)
            }
            Err(failure) => {
                // Nobody reads any more, or the connection is lost: the container must not go on unseen.
                if let Err(error) = engine.stop_container(id, grace).await {
                    tracing::debug!(cause = error.message, "not stopped");
                }
                Err(failure)
            }
        }
    }

    /// Returns the container of this run, where there is one.
    async fn find(&self, engine: &EngineHandle) -> Result<Option<ContainerId>, Failure> {
        let found = engine.list_containers(&[format!("{}={}", labels::SLUG, self.one.slug)]).await?;
        Ok(found.into_iter().next().map(|one| one.id))
    }

    /// Removes the container of a run that has failed before its container ran.
    async fn clean(&self, engine: &EngineHandle) {
        let Ok(Some(id)) = self.find(engine).await else { return };
        if let Err(error) = engine.remove_container(&id, RemoveOptions { force: true, volumes: true }).await
            && !error.is_not_found()
            && error.kind != ErrorKind::RemovalUnderWay
        {
            ui::tell(&format!("container `{}` is left: {}\n", self.one.name, crate::text::one_line(&error.message)));
        }
    }
}

/// Returns how a command ends whose container has ended.
pub(super) fn ended(end: &ContainerEnd) -> Exit {
    if !end.error.is_empty() {
        ui::tell(&format!("the engine says of the container: {}\n", crate::text::one_line(&end.error)));
    }
    exit(end.exit_code)
}

/// Returns whether a run has failed because the image has no such program.
fn lacks_program(outcome: &Outcome) -> bool {
    let is_it =
        |error: &StepError| matches!(error, StepError::Engine { source, .. } if source.kind == ErrorKind::NoProgram);
    outcome.failures.iter().any(|failure| is_it(&failure.error))
}
