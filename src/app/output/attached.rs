//! `up` without `--detach`: follows what was started, and stops it at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::logs::FollowRequest;
use super::super::run::console::Terminal;
use super::super::run::interrupted;
use super::super::run::report::Origin;
use super::super::run::rounds::Look;
use super::super::run::session::{self, Session};
use super::super::watch::Watching;
use super::follow::{Ending, Follower};
use crate::exec::{Interrupt, Outcome, Signal, StepError, StepFailure};
use crate::failure::{Exit, Failure};
use crate::graph::Graph;
use crate::model::{ContainerState, Project, ServiceName, labels};
use crate::plan::{self, Action, ContainerRef, Lifecycle, Plan, Until};
use crate::settings::Context;
use crate::text::escape_controls;
use crate::ui;

/// An `up` that stays attached to what it has started.
pub(in crate::app) struct Attached<'a> {
    pub context: &'a Context,
    pub session: &'a Session,
    pub project: &'a Project,
    pub origin: Origin<'a>,
    /// Services that the user has named; empty means all.
    pub services: &'a [String],
    pub follow: &'a FollowRequest,
    /// `--timeout`, for the stops at the end.
    pub grace: Option<Duration>,
}

impl Attached<'_> {
    /// Follows the output until everything has ended, one container's end ends all, or a signal comes; then what runs is
    /// stopped. `look` is the last look of the run.
    pub(in crate::app) async fn follow(
        &self,
        follower: &mut Follower<'_>,
        look: &Look,
        watching: Option<&mut Watching<'_>>,
    ) -> Result<Exit, Failure> {
        let session = self.session;
        tokio::select! {
            result = follower.take_over(look) => result?,
            signal = session.interrupt.first() => {
                follower.during(self.stop()).await?;
                return Err(interrupted(signal));
            }
        }
        let ending = tokio::select! {
            ending = self.until_over(follower, watching) => ending?,
            failure = ui::failed() => return Err(failure),
        };
        let Some(ending) = ending else {
            let signal = session.interrupt.first().await;
            follower.during(self.stop()).await?;
            return Err(interrupted(signal));
        };
        if let Ending::First(_) = ending {
            follower.during(self.stop()).await?;
        }
        if let Some(signal) = session.interrupt.received() {
            return Err(interrupted(signal));
        }
        tokio::select! {
            biased;
            () = follower.print_rest() => {}
            // Nothing is left to stop.
            signal = session.interrupt.first() => return Err(interrupted(signal)),
        }
        let going_on = follower.going_on();
        if ending == Ending::All && !going_on.is_empty() {
            ui::tell(&format!("Left running: {}\n", escape_controls(&going_on.join(", "))));
        }
        match (&self.follow.exit_code_from, ending) {
            (Some(service), _) => Ok(self.code_of(service).await?.unwrap_or(Exit::FAILURE)),
            (None, Ending::First(code)) => Ok(Exit(code)),
            (None, Ending::All) => Ok(Exit::SUCCESS),
        }
    }

    /// Follows until everything has ended; `None` after a signal. Beside that, files are watched.
    async fn until_over(
        &self,
        follower: &mut Follower<'_>,
        watching: Option<&mut Watching<'_>>,
    ) -> Result<Option<Ending>, Failure> {
        let is_busy = watching.as_ref().map(|watching| watching.busy_sign()).unwrap_or_default();
        let interrupt = &self.session.interrupt;
        let watched = async {
            match watching {
                Some(watching) => watching.run(interrupt).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(watched);
        let ending = loop {
            let ending = tokio::select! {
                biased;
                _ = interrupt.first() => None,
                ending = follower.until_over() => Some(ending),
                failure = &mut watched => match failure {
                    Failure::Interrupted(_) => None,
                    failure => return Err(failure),
                },
            };
            if ending != Some(Ending::All) || !is_busy.get() {
                break ending;
            }
            // What the watching restarts comes again.
            follower.successors.hold();
        };
        if is_busy.get() && ending.is_none() {
            // A plan that is under way comes to its end.
            follower.beside(watched).await;
        }
        Ok(ending)
    }

    /// Ends an attached `up` whose start has failed. After a signal, and where one container's end ends all, what runs is
    /// stopped. Else the containers are left as they are, to be looked at.
    pub(in crate::app) async fn failed(&self, follower: &mut Follower<'_>, failure: Failure) -> Result<Exit, Failure> {
        let is_interrupted = matches!(failure, Failure::Interrupted(_));
        if !is_interrupted && !self.follow.stops_all() {
            return Err(failure);
        }
        follower.during(self.stop()).await?;
        let Some(service) = self.follow.exit_code_from.as_ref().filter(|_| !is_interrupted) else {
            return Err(failure);
        };
        match self.code_of(service).await? {
            Some(exit) if exit != Exit::SUCCESS => Err(Failure::Told(exit)),
            _ => Err(failure),
        }
    }

    /// Stops what runs of the services that were asked for. The next signal kills it; the one after that leaves it alone.
    async fn stop(&self) -> Result<(), Failure> {
        let session = self.session;
        // Output is printed while the stop goes on: a live view would be drawn over it.
        let context = &ui::progress::beside_output(self.context);
        let is_asked = session.interrupt.received().is_some();
        ui::tell("Gracefully stopping... (press Ctrl+C again to force)\n");
        let observed = tokio::select! {
            observed = session::snapshot(context, session.reading(), self.project) => observed?,
            () = next_signal(&session.interrupt, is_asked) => {
                return Err(interrupted(session.interrupt.received().unwrap_or(Signal::Interrupt)));
            }
        };
        let named = self.services.iter().map(String::as_str);
        let services: BTreeSet<ServiceName> = match self.follow.with_dependencies {
            true => Graph::new(&self.project.services).with_dependencies(named).into_iter().map(Into::into).collect(),
            false => named.map(Into::into).collect(),
        };
        let plan = plan::lifecycle(self.project, &observed, &services, &Lifecycle::Stop { grace: self.grace });
        // Signals hurry the stops; they do not end their run.
        let (patient, console) = (Interrupt::default(), Terminal(context));
        let stopping = session.run_until(&console, &plan, &patient, self.origin);
        tokio::pin!(stopping);
        tokio::select! {
            result = &mut stopping => return result,
            () = next_signal(&session.interrupt, is_asked) => {}
        }
        let last = session::interrupt()?;
        tokio::select! {
            // A stop ends when its container does.
            (result, ()) = async { tokio::join!(stopping, self.kill(&plan)) } => result,
            signal = last.first() => Err(interrupted(signal)),
        }
    }

    /// Kills what a plan stops.
    async fn kill(&self, plan: &Plan) {
        let Some(engine) = self.session.changing() else { return };
        for step in &plan.steps {
            if let Action::StopContainer { container: ContainerRef::Existing(id), .. } = &step.action
                && let Err(error) = engine.kill_container(id, "KILL").await
            {
                // Most have ended already. The stop of any other container goes on.
                tracing::debug!(cause = error.message, "not killed");
            }
        }
    }

    /// Returns the exit code of a service's containers: the first that is not 0. `None` where none has ever run.
    async fn code_of(&self, service: &str) -> Result<Option<Exit>, Failure> {
        let engine = self.session.reading();
        let filter = [format!("{}={}", labels::PROJECT, self.project.name), format!("{}={service}", labels::SERVICE)];
        let mut found = None;
        for container in engine.list_containers(&filter).await?.iter().filter(|one| !one.is_oneoff()) {
            let details = engine.inspect_container(container.id.as_str()).await?;
            if details.state != ContainerState::Created && found.is_none_or(|exit| exit == Exit::SUCCESS) {
                found = Some(Exit(u8::try_from(details.exit_code).unwrap_or(1)));
            }
        }
        Ok(found)
    }
}

/// Takes from an outcome the ends of containers that nothing waits for: a job that fails at once is told like a job that fails
/// a moment later, as the end of a container that is followed.
pub(in crate::app) fn forgive_ends(plan: &Plan, outcome: &mut Outcome) {
    outcome.failures.retain(|failure| !is_end(plan, failure));
}

fn is_end(plan: &Plan, failure: &StepFailure) -> bool {
    let is_wait = plan
        .steps
        .get(failure.step.index())
        .is_some_and(|step| matches!(step.action, Action::WaitFor { until: Until::Alive(_), .. }));
    let is_last = || !plan.steps.iter().any(|step| step.requires.contains(&failure.step));
    is_wait && matches!(failure.error, StepError::NotUp { .. }) && is_last()
}

async fn next_signal(interrupt: &Interrupt, is_second: bool) {
    match is_second {
        true => interrupt.second().await,
        false => drop(interrupt.first().await),
    }
}
