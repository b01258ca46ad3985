//! `up` without `--detach`: follows what was started, and stops it at the end.

use crate::engine::{ChangeEngine, ReadEngine};
use crate::exec::{Interrupt, Outcome, StepError, StepFailure};
use crate::failure::{Exit, Failure};
use crate::graph::Graph;
use crate::model::{ContainerState, Project, labels};
use crate::plan::{self, Action, ContainerRef, Lifecycle, Plan, Until};
use crate::settings::Context;
use crate::ui;

use super::follow::{self, Ending, Followed};
use super::session::{self, Loading, Session};
use super::up::{Prepared, UpRequest};

/// Follows the output until everything has ended, one container's end ends all, or a signal comes; then what runs is
/// stopped.
pub(super) async fn attached(
    context: &Context,
    request: &UpRequest,
    loading: &Loading,
    session: &Session,
    prepared: &Prepared,
) -> Result<Exit, Failure> {
    let graph = Graph::new(&loading.project.services);
    let followed = Followed {
        project: &loading.project,
        selected: &plan::selected(&graph, &loading.project, &prepared.options),
        services: &request.services,
        request: &request.follow,
        before: &prepared.observed,
        plan: &prepared.plan,
    };
    let mut following = tokio::select! {
        following = follow::follow(context, &session.engine, &followed) => following?,
        signal = session.interrupt.first() => {
            stop(context, request, loading, session).await?;
            return Err(super::interrupted(signal));
        }
    };
    // Output is printed while the stop goes on: a live view would be drawn over it.
    let beside = ui::progress::beside_output(context);
    let ending = tokio::select! {
        ending = following.until_over() => ending,
        signal = session.interrupt.first() => {
            following.during(stop(&beside, request, loading, session)).await?;
            return Err(super::interrupted(signal));
        }
    };
    if let Ending::First(_) = ending {
        following.during(stop(&beside, request, loading, session)).await?;
    }
    if let Some(signal) = session.interrupt.received() {
        return Err(super::interrupted(signal));
    }
    match (&request.follow.exit_code_from, ending) {
        (Some(service), _) => Ok(code_of(session, &loading.project, service).await?.unwrap_or(Exit::FAILURE)),
        (None, Ending::First(code)) => Ok(Exit(code)),
        (None, Ending::All) => Ok(Exit::SUCCESS),
    }
}

/// Takes from an outcome the ends of containers that nothing waits for: a job that has failed at once is an end like one
/// that fails a moment later, and is told as that.
pub(super) fn forgive_ends(plan: &Plan, outcome: &mut Outcome) {
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

/// Ends an attached `up` whose start has failed: after a signal, and where one container's end ends all, what runs is
/// stopped. Else it is left as it is, to be looked at.
pub(super) async fn failed(
    context: &Context,
    request: &UpRequest,
    loading: &Loading,
    session: &Session,
    failure: Failure,
) -> Result<Exit, Failure> {
    let is_interrupted = matches!(failure, Failure::Interrupted(_));
    if !is_interrupted && !request.follow.stops_all() {
        return Err(failure);
    }
    stop(context, request, loading, session).await?;
    let Some(service) = request.follow.exit_code_from.as_ref().filter(|_| !is_interrupted) else { return Err(failure) };
    match code_of(session, &loading.project, service).await? {
        Some(exit) if exit != Exit::SUCCESS => Err(Failure::Told(exit)),
        _ => Err(failure),
    }
}

/// Stops what runs of the services that were asked for; the next signal kills it, and one more leaves it alone.
async fn stop(context: &Context, request: &UpRequest, loading: &Loading, session: &Session) -> Result<(), Failure> {
    let is_asked = session.interrupt.received().is_some();
    ui::tell("Gracefully stopping... (press Ctrl+C again to force)\n");
    let observed = session::snapshot(context, &session.engine, &loading.project).await?;
    let services = request.services.iter().map(|name| name.as_str().into()).collect();
    let stop = Lifecycle::Stop { grace: request.options.grace };
    let plan = plan::lifecycle(&loading.project, &observed, &services, &stop);
    // Signals hurry the stops; they do not end their run.
    let patient = Interrupt::default();
    let stopping = session.run_until(context, &plan, &patient, loading.places());
    tokio::pin!(stopping);
    tokio::select! {
        result = &mut stopping => return result,
        () = next_signal(&session.interrupt, is_asked) => {}
    }
    let last = session::interrupt()?;
    tokio::select! {
        // The stops end with what they stop.
        (result, ()) = async { tokio::join!(stopping, kill(session, &plan)) } => result,
        signal = last.first() => Err(super::interrupted(signal)),
    }
}

async fn next_signal(interrupt: &Interrupt, is_second: bool) {
    match is_second {
        true => interrupt.second().await,
        false => drop(interrupt.first().await),
    }
}

/// Kills what a plan stops.
async fn kill(session: &Session, plan: &Plan) {
    for step in &plan.steps {
        if let Action::StopContainer { container: ContainerRef::Existing(id), .. } = &step.action
            && let Err(error) = session.engine.kill_container(id, "KILL").await
        {
            // Most have ended already; what has not is stopped all the same.
            tracing::debug!(cause = error.message, "not killed");
        }
    }
}

/// Returns the exit code of a service's containers: the first that is not 0. `None` where none has ever run.
async fn code_of(session: &Session, project: &Project, service: &str) -> Result<Option<Exit>, Failure> {
    let filter = [format!("{}={}", labels::PROJECT, project.name), format!("{}={service}", labels::SERVICE)];
    let mut found = None;
    for container in session.engine.list_containers(&filter).await?.iter().filter(|one| !one.is_oneoff()) {
        let details = session.engine.inspect_container(container.id.as_str()).await?;
        if details.state != ContainerState::Created && found.is_none_or(|exit| exit == Exit::SUCCESS) {
            found = Some(Exit(u8::try_from(details.exit_code).unwrap_or(1)));
        }
    }
    Ok(found)
}
