//! `up` without `--detach`: follows what was started, and stops it at the end.

use crate::engine::ReadEngine;
use crate::exec::{Outcome, StepError, StepFailure};
use crate::failure::{Exit, Failure};
use crate::graph::Graph;
use crate::model::{ContainerState, Project, labels};
use crate::plan::{self, Action, Lifecycle, Plan, Until};
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
    let ending = tokio::select! {
        ending = follow::follow(context, &session.engine, &followed) => ending?,
        signal = session.interrupt.first() => {
            stop(context, request, loading, session).await?;
            return Err(super::interrupted(signal));
        }
    };
    if let Ending::First(_) = ending {
        stop(context, request, loading, session).await?;
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

/// Stops what runs of the services that were asked for.
async fn stop(context: &Context, request: &UpRequest, loading: &Loading, session: &Session) -> Result<(), Failure> {
    ui::tell("Gracefully stopping... (press Ctrl+C again to force)\n");
    let observed = session::snapshot(&session.engine, &loading.project).await?;
    let services = request.services.iter().map(|name| name.as_str().into()).collect();
    let stop = Lifecycle::Stop { grace: request.options.grace };
    let plan = plan::lifecycle(&loading.project, &observed, &services, &stop);
    let second = crate::exec::Interrupt::listen().unwrap_or_default();
    session.run_until(context, &plan, &second).await
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
