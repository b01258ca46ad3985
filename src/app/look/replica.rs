//! The container that a service and a number stand for: `port db 5432`, `exec --index 2 web sh`.

use crate::app::project::Found;
use crate::diag::Diagnostic;
use crate::engine::ReadEngine;
use crate::failure::Failure;
use crate::model::{ContainerState, ObservedContainer, Span, labels};
use crate::text::escape_controls;

/// A replica of a service.
#[derive(Clone, Debug, Default)]
pub struct ReplicaRequest {
    /// The service.
    pub service: String,
    /// `--index`; `None` is the replica of the lowest number.
    pub index: Option<u32>,
}

/// Lists the containers of a project in every state, those that `run` made left out, by service and number. One call.
pub(in crate::app) async fn containers(
    engine: &dyn ReadEngine,
    project: &str,
) -> Result<Vec<ObservedContainer>, Failure> {
    let mut list = engine.list_containers(&[format!("{}={project}", labels::PROJECT)]).await?;
    list.retain(|one| !one.is_oneoff() && one.service().is_some());
    list.sort_by(|a, b| (a.service(), a.number(), &a.name).cmp(&(b.service(), b.number(), &b.name)));
    Ok(list)
}

/// Returns the containers of the named services; of all services where none is named. A name that neither the file nor any
/// container knows is an error.
pub(in crate::app) fn of_services(
    list: Vec<ObservedContainer>,
    found: &Found,
    services: &[String],
) -> Result<Vec<ObservedContainer>, Failure> {
    for name in services {
        if !is_known(&list, found, name) {
            return Err(unknown(&list, found, name));
        }
    }
    let is_meant = |one: &ObservedContainer| {
        services.is_empty() || one.service().is_some_and(|service| services.iter().any(|name| name == service))
    };
    Ok(list.into_iter().filter(is_meant).collect())
}

/// Returns the container of a replica, which must run.
pub(in crate::app) async fn find_running(
    engine: &dyn ReadEngine,
    found: &Found,
    request: &ReplicaRequest,
) -> Result<ObservedContainer, Failure> {
    let mut list = containers(engine, found.name()).await?;
    // Without a number, a replica that runs is meant, not the first of all.
    let runs = |one: &ObservedContainer| one.state == ContainerState::Running;
    let of_service = |one: &ObservedContainer| one.service() == Some(request.service.as_str());
    if request.index.is_none() && list.iter().any(|one| of_service(one) && runs(one)) {
        list.retain(|one| !of_service(one) || runs(one));
    }
    let container = choose(list, found, request)?;
    match container.state {
        ContainerState::Running => Ok(container),
        _ => Err(not_running(&container)),
    }
}

/// Returns the container of a replica, in whatever state.
pub(in crate::app) async fn find(
    engine: &dyn ReadEngine,
    found: &Found,
    request: &ReplicaRequest,
) -> Result<ObservedContainer, Failure> {
    choose(containers(engine, found.name()).await?, found, request)
}

fn choose(list: Vec<ObservedContainer>, found: &Found, request: &ReplicaRequest) -> Result<ObservedContainer, Failure> {
    let name = &request.service;
    if !is_known(&list, found, name) {
        return Err(unknown(&list, found, name));
    }
    let replicas: Vec<ObservedContainer> =
        list.into_iter().filter(|one| one.service() == Some(name.as_str())).collect();
    let numbers: Vec<String> = replicas.iter().filter_map(|one| Some(format!("{}", one.number()?))).collect();
    let is_it = |one: &ObservedContainer| request.index.is_none_or(|index| one.number() == Some(index));
    match (replicas.into_iter().find(is_it), request.index) {
        (Some(container), _) => Ok(container),
        (None, Some(index)) if !numbers.is_empty() => {
            let message = format!("service `{}` has no container number {index}", escape_controls(name));
            let cause = format!("it has {}", numbers.join(", "));
            Err(Failure::one(Diagnostic::error("no-such-service", Span::NONE, message).cause(cause)))
        }
        (None, _) => {
            let message = format!("service `{}` has no container", escape_controls(name));
            let help = format!("start it: `inception up -d {}`", escape_controls(name));
            Err(Failure::one(Diagnostic::error("not-running", Span::NONE, message).help(help)))
        }
    }
}

fn not_running(container: &ObservedContainer) -> Failure {
    let service = escape_controls(container.service().unwrap_or_default()).into_owned();
    let name = escape_controls(container.name.as_str());
    let message = format!("service `{service}` is not running");
    let (what, help) = match (container.state, container.exit_code) {
        (ContainerState::Exited, Some(code)) => (format!("exited with code {code}"), "start"),
        (ContainerState::Paused, _) => ("is paused".to_owned(), "unpause"),
        (state, _) => (format!("is {}", state.as_str()), "start"),
    };
    let cause = format!("container `{name}` {what}");
    let help = format!("`inception {help} {service}`; its output: `inception logs {service}`");
    Failure::one(Diagnostic::error("not-running", Span::NONE, message).cause(cause).help(help))
}

fn is_known(list: &[ObservedContainer], found: &Found, name: &str) -> bool {
    let in_file = match found {
        Found::File(loading) => {
            let project = &loading.project;
            project.service(name).is_some() || project.disabled_services.keys().any(|one| one.as_str() == name)
        }
        Found::Labels(_) => false,
    };
    in_file || list.iter().any(|one| one.service() == Some(name))
}

fn unknown(list: &[ObservedContainer], found: &Found, name: &str) -> Failure {
    let mut known: Vec<&str> = list.iter().filter_map(ObservedContainer::service).collect();
    if let Found::File(loading) = found {
        known.extend(loading.project.services.keys().map(|name| name.as_str()));
    }
    known.sort_unstable();
    known.dedup();
    let message = format!("no such service: `{}`", escape_controls(name));
    let help = match known.is_empty() {
        true => format!("project `{}` has no containers", escape_controls(found.name())),
        false => {
            let shown: Vec<_> = known.iter().map(|name| format!("`{}`", escape_controls(name))).collect();
            format!("there are {}", shown.join(", "))
        }
    };
    Failure::one(Diagnostic::error("no-such-service", Span::NONE, message).help(help))
}
