//! `start`, `stop`, `restart`, `kill`, `pause`, `unpause`, `rm`: containers as they are, in the order of their dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::builder::Builder;
use super::{Action, ContainerRef, Plan, Reason, SETTLE, StepId, Until, containers};
use crate::graph::Graph;
use crate::model::{Condition, ContainerState, Health, Observed, ObservedContainer, Project, Service, ServiceName};

/// Which command.
#[derive(Clone, Debug, PartialEq)]
pub enum Lifecycle {
    /// Starts what does not run, dependencies first.
    Start,
    /// Stops what runs, dependents first.
    Stop {
        /// Grace; `None` is the container's own.
        grace: Option<Duration>,
    },
    /// Restarts, dependencies first.
    Restart {
        /// Grace; `None` is the container's own.
        grace: Option<Duration>,
        /// Leave out dependents that ask to be restarted.
        no_dependencies: bool,
    },
    /// Sends a signal.
    Kill {
        /// Its name.
        signal: String,
    },
    /// Freezes.
    Pause,
    /// Thaws.
    Unpause,
    /// Removes what does not run; with `stop` also what runs.
    Remove {
        /// Stop first.
        stop: bool,
        /// Remove anonymous volumes too.
        volumes: bool,
    },
}

/// Plans a command for the named services (all where none is named).
pub fn lifecycle(
    project: &Project,
    observed: &Observed,
    services: &BTreeSet<ServiceName>,
    command: &Lifecycle,
) -> Plan {
    let mut builder = Builder::new(&project.name);
    let graph = Graph::new(&project.services);
    let mut order = graph.order();
    if matches!(command, Lifecycle::Stop { .. } | Lifecycle::Remove { .. } | Lifecycle::Kill { .. }) {
        order.reverse();
    }
    let mut selected: BTreeSet<&str> =
        order.iter().copied().filter(|name| services.is_empty() || services.contains(*name)).collect();
    if let Lifecycle::Restart { no_dependencies: false, .. } = command {
        selected.extend(restarted_with(&graph, &selected));
    }
    let mut done: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for name in order.into_iter().filter(|name| selected.contains(name)) {
        let Some(service) = project.services.get(name) else { continue };
        let mut first = predecessors(&graph, service, command, &done);
        if *command == Lifecycle::Start {
            first.extend(waits(&mut builder, project, observed, service, &done));
        }
        for container in containers::of_service(observed, project, name) {
            let steps = steps(&mut builder, container, command, &first);
            done.entry(name).or_default().extend(steps);
        }
    }
    builder.finish()
}

fn restarted_with<'a>(graph: &Graph<'a>, selected: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut queue: Vec<&'a str> = selected.iter().copied().collect();
    while let Some(name) = queue.pop() {
        for (dependent, _) in graph.dependents(name).into_iter().filter(|(_, edge)| edge.restart) {
            if !found.contains(&dependent) && !selected.contains(dependent) {
                found.push(dependent);
                queue.push(dependent);
            }
        }
    }
    found
}

fn predecessors<'a>(
    graph: &Graph<'a>,
    service: &'a Service,
    command: &Lifecycle,
    done: &BTreeMap<&str, Vec<StepId>>,
) -> Vec<StepId> {
    let names: Vec<&str> = match command {
        Lifecycle::Stop { .. } | Lifecycle::Remove { .. } => {
            graph.dependents(service.name.as_str()).into_iter().map(|(name, _)| name).collect()
        }
        Lifecycle::Start | Lifecycle::Restart { .. } => service.depends_on.keys().map(ServiceName::as_str).collect(),
        Lifecycle::Kill { .. } | Lifecycle::Pause | Lifecycle::Unpause => Vec::new(),
    };
    names.into_iter().filter_map(|name| done.get(name)).flatten().copied().collect()
}

/// `start` keeps the conditions of `depends_on` for what does not run yet.
fn waits(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    service: &Service,
    done: &BTreeMap<&str, Vec<StepId>>,
) -> Vec<StepId> {
    let must_start =
        containers::of_service(observed, project, service.name.as_str()).any(|container| !containers::is_up(container));
    let mut found = Vec::new();
    for (name, edge) in service.depends_on.iter().filter(|(_, edge)| must_start && edge.condition == Condition::Healthy)
    {
        for container in
            containers::of_service(observed, project, name.as_str()).filter(|one| one.health != Health::Healthy)
        {
            let action = Action::WaitFor {
                container: ContainerRef::Existing(container.id.clone()),
                until: Until::Condition(edge.condition),
                limit: None,
            };
            let requires = done.get(name.as_str()).cloned().unwrap_or_default();
            let step = builder.step(
                &containers::target_of(container),
                action,
                Reason::NeededBy(service.name.clone()),
                requires,
            );
            if edge.required {
                found.push(step);
            } else {
                builder.optional(step);
            }
        }
    }
    found
}

fn steps(builder: &mut Builder, found: &ObservedContainer, command: &Lifecycle, first: &[StepId]) -> Vec<StepId> {
    let target = containers::target_of(found);
    let container = ContainerRef::Existing(found.id.clone());
    let is_up = containers::is_up(found);
    let mut add = |action: Action, word: &'static str| {
        vec![builder.step(&target, action, Reason::Command(word), first.iter().copied())]
    };
    match command {
        Lifecycle::Start if !is_up => {
            let started = add(Action::StartContainer { container: container.clone() }, "start");
            let wait = Action::WaitFor { container, until: Until::Alive(SETTLE), limit: None };
            builder.step(&target, wait, Reason::Verify, started.iter().copied());
            started
        }
        Lifecycle::Stop { grace } if is_up => add(Action::StopContainer { container, grace: *grace }, "stop"),
        Lifecycle::Restart { grace, .. } => add(Action::RestartContainer { container, grace: *grace }, "restart"),
        Lifecycle::Kill { signal } if is_up => add(Action::KillContainer { container, signal: signal.clone() }, "kill"),
        Lifecycle::Pause if found.state == ContainerState::Running => {
            add(Action::PauseContainer { container }, "pause")
        }
        Lifecycle::Unpause if found.state == ContainerState::Paused => {
            add(Action::UnpauseContainer { container }, "unpause")
        }
        Lifecycle::Remove { stop, volumes } if *stop || !is_up => {
            let remove = Action::RemoveContainer { container: container.clone(), force: false, volumes: *volumes };
            if !is_up {
                return add(remove, "rm");
            }
            let stopped = add(Action::StopContainer { container, grace: None }, "rm");
            vec![builder.step(&target, remove, Reason::Command("rm"), stopped)]
        }
        _ => Vec::new(),
    }
}
