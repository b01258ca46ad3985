//! `start`, `stop`, `restart`, `kill`, `pause`, `unpause` and `rm`: commands on the containers that exist, in the order
//! of their dependencies. No command here creates or changes a container, whatever the file says by now.
//!
//! Start at [`lifecycle`]. Each service in turn gets its predecessors ([`First`]) and then the steps on its containers
//! ([`steps`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diag::Diagnostic;
use crate::graph::Graph;
use crate::model::{
    Condition, ContainerState, Health, Observed, ObservedContainer, Project, Service, ServiceName, Span,
};
use crate::plan::builder::Builder;
use crate::plan::checks::start;
use crate::plan::container::{owned, replicas};
use crate::plan::hooks::{self, Stop};
use crate::plan::options::SETTLE;
use crate::plan::resources::{inactive, joined, orphans};
use crate::plan::{Action, ContainerRef, Plan, Reason, StepId, Target, Until, scope};

/// A command on containers that exist.
#[derive(Clone, Debug, PartialEq)]
pub enum Lifecycle {
    /// Starts the containers that do not run, after those of their dependencies.
    Start {
        /// Wait until the containers are running or healthy (`--wait`).
        wait: Option<UntilReady>,
    },
    /// Stops the containers that are up, dependents first.
    Stop {
        /// Time between the stop signal and KILL; `None` means the container's own.
        grace: Option<Duration>,
    },
    /// Restarts all containers, dependencies first.
    Restart {
        /// Time between the stop signal and KILL; `None` means the container's own.
        grace: Option<Duration>,
        /// Do not restart dependents with `restart: true` (`--no-deps`).
        no_dependencies: bool,
    },
    /// Sends a signal to the containers that are up.
    Kill {
        /// The name of the signal.
        signal: String,
        /// Send the signal to orphans, too, where no service is named (`--remove-orphans`).
        orphans: bool,
    },
    /// Freezes the running containers.
    Pause,
    /// Thaws the paused containers.
    Unpause,
    /// Removes the containers that are not up; with `stop` all containers.
    Remove {
        /// Stop the containers that are up first (`--stop`).
        stop: bool,
        /// Remove anonymous volumes, too (`--volumes`).
        volumes: bool,
    },
}

/// A wait for containers to be running or healthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UntilReady {
    /// The time after which the wait for a container fails; `None` is no limit.
    pub limit: Option<Duration>,
}

/// The start of what a `restart` finds not running.
const PLAIN_START: Lifecycle = Lifecycle::Start { wait: None };

/// Plans a command for the named services; for all services where none is named.
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
    let is_named = |name: &str| services.is_empty() || services.contains(name);
    let named: BTreeSet<&str> = order.iter().copied().filter(|name| is_named(name)).collect();
    let mut selected = selected(&graph, named.clone(), command);
    let before = started_before(&graph, project, observed, (&named, &selected), command);
    selected.extend(&before);
    let is_all_start = matches!(command, Lifecycle::Start { .. });
    let is_start = |name: &str| is_all_start || before.contains(name);
    let mut spared = scope::spared(&graph, services, &selected);
    spared.retain(|name| is_start(name));
    if is_all_start {
        start::check(&mut builder, &start::StartScope { project, observed, named: services, selected: &selected });
    }
    let mut done: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for name in order.into_iter().filter(|name| selected.contains(name)) {
        let Some(service) = project.services.get(name) else { continue };
        let command = if is_start(name) && !is_all_start { &PLAIN_START } else { command };
        let mut first = predecessors(&graph, service, command, &done);
        first.is_spared = spared.contains(name);
        if waits_for_conditions(project, observed, service, command) {
            conditions(&mut builder, project, observed, service, &done, &mut first);
        }
        for container in replicas::of_service(observed, project, name) {
            // A one-shot service that is only a dependency is not started again: its dependents wait for its success,
            // and the container has succeeded already.
            if !is_named(name) && replicas::is_completed(project, service, container) {
                continue;
            }
            let steps = steps(&mut builder, project, container, command, &first);
            done.entry(name).or_default().extend(steps);
        }
    }
    if matches!(command, Lifecycle::Start { .. } | Lifecycle::Restart { no_dependencies: false, .. }) {
        restart_joined(&mut builder, project, observed);
    }
    if services.is_empty() {
        tell_of_inactive(&mut builder, project, observed, command);
    }
    if matches!(command, Lifecycle::Kill { orphans: true, .. }) {
        kill_orphans(&mut builder, project, observed, services, command);
    }
    builder.finish()
}

/// Plans what `kill --remove-orphans` does with orphans. Compat: as in docker compose, they get the signal and are not
/// removed.
fn kill_orphans(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    services: &BTreeSet<ServiceName>,
    command: &Lifecycle,
) {
    if !services.is_empty() {
        let message = "`--remove-orphans` has no effect where services are named";
        return builder.tell(Diagnostic::warning("no-effect", Span::NONE, message).help("name no service"));
    }
    for orphan in orphans::find(project, observed) {
        if !owned::is_from_elsewhere(project, orphan) {
            steps(builder, project, orphan, command, &First::default());
        }
    }
}

/// Warns of running containers that the command leaves alone, because no active profile enables their services. Only
/// for commands that should leave no container running.
fn tell_of_inactive(builder: &mut Builder, project: &Project, observed: &Observed, command: &Lifecycle) {
    if matches!(command, Lifecycle::Stop { .. } | Lifecycle::Kill { .. } | Lifecycle::Remove { stop: true, .. }) {
        let mut left = inactive::find(project, observed);
        left.retain(|one| replicas::is_up(one) && !one.is_oneoff());
        inactive::tell(builder, project, &left, "go on running");
    }
}

/// Restarts the containers that share the network of a container which the plan starts again: without a restart they
/// would be left without a network.
fn restart_joined(builder: &mut Builder, project: &Project, observed: &Observed) {
    for joined in joined::joined(builder, project, observed) {
        let target = replicas::target_of(joined.container);
        let container = ContainerRef::Existing(joined.container.id.clone());
        let before = hooks::before_stop(project, joined.container);
        let before = hooks::plan_before(builder, before, &target, &container, &[joined.started]);
        let action = Action::RestartContainer { container, grace: None };
        let restarted = builder.step(&target, action, Reason::HostStarted(joined.host), [joined.started]);
        builder.after(restarted, before);
        verify(builder, project, joined.container, &target, restarted, (None, false));
    }
}

/// Returns the services that a command acts on: the named ones, for `start` with their dependencies, and for `restart`
/// with the dependents that have `restart: true`.
fn selected<'a>(graph: &Graph<'a>, named: BTreeSet<&'a str>, command: &Lifecycle) -> BTreeSet<&'a str> {
    match command {
        Lifecycle::Start { .. } => graph.with_dependencies(named),
        Lifecycle::Restart { no_dependencies: false, .. } => {
            let more = restarted_with(graph, &named);
            named.into_iter().chain(more).collect()
        }
        _ => named,
    }
}

/// Returns the services that a `restart` starts besides those that it restarts. The `restart` of a stopped service is a
/// `start`, so it begins with the dependencies.
fn started_before<'a>(
    graph: &Graph<'a>,
    project: &Project,
    observed: &Observed,
    (named, selected): (&BTreeSet<&'a str>, &BTreeSet<&'a str>),
    command: &Lifecycle,
) -> BTreeSet<&'a str> {
    if !matches!(command, Lifecycle::Restart { no_dependencies: false, .. }) {
        return BTreeSet::new();
    }
    let runs = |name: &str| replicas::of_service(observed, project, name).any(replicas::is_up);
    graph.with_dependencies(named.iter().copied().filter(|name| !runs(name))).difference(selected).copied().collect()
}

/// Returns the dependents with `restart: true` of the selected services, and of these dependents in turn.
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

/// The predecessors of the steps on a service.
#[derive(Default)]
struct First {
    /// Steps that must have succeeded before.
    needed: Vec<StepId>,
    /// Steps that must only have ended before (`required: false`).
    optional: Vec<StepId>,
    /// Whether the service is in the run only for dependents with `required: false`. If the service does not stay up,
    /// that is only a warning.
    is_spared: bool,
}

impl First {
    /// Adds a step after these predecessors. `word`: the command, for the step's reason.
    fn step(&self, builder: &mut Builder, target: &Target, action: Action, word: &'static str) -> StepId {
        let step = builder.step(target, action, Reason::Command(word), self.needed.iter().copied());
        builder.after(step, self.optional.iter().copied());
        step
    }
}

/// Returns the predecessors of a service among the steps that are planned already: those of its dependents for `stop`
/// and `rm`, those of its dependencies for `start` and `restart`.
fn predecessors(
    graph: &Graph<'_>,
    service: &Service,
    command: &Lifecycle,
    done: &BTreeMap<&str, Vec<StepId>>,
) -> First {
    let mut first = First::default();
    let steps = |name: &str| done.get(name).into_iter().flatten().copied();
    match command {
        Lifecycle::Stop { .. } | Lifecycle::Remove { .. } => {
            let dependents = graph.dependents(service.name.as_str());
            first.needed.extend(dependents.into_iter().flat_map(|(name, _)| steps(name)));
        }
        Lifecycle::Start { .. } | Lifecycle::Restart { .. } => {
            for (name, edge) in &service.depends_on {
                let list = if edge.required { &mut first.needed } else { &mut first.optional };
                list.extend(steps(name.as_str()));
            }
        }
        Lifecycle::Kill { .. } | Lifecycle::Pause | Lifecycle::Unpause => {}
    }
    first
}

/// Returns whether the steps on a service wait for the conditions of `depends_on`: those of a `start` if a container of
/// the service does not run yet, and those of a `restart`. `restart --no-deps` waits for no condition.
fn waits_for_conditions(project: &Project, observed: &Observed, service: &Service, command: &Lifecycle) -> bool {
    match command {
        Lifecycle::Start { .. } => !replicas::of_service(observed, project, service.name.as_str()).all(replicas::is_up),
        Lifecycle::Restart { no_dependencies, .. } => !no_dependencies,
        _ => false,
    }
}

/// Plans the waits for the conditions of `depends_on` and adds them to the service's predecessors.
fn conditions(
    builder: &mut Builder,
    project: &Project,
    observed: &Observed,
    service: &Service,
    done: &BTreeMap<&str, Vec<StepId>>,
    first: &mut First,
) {
    for (name, edge) in &service.depends_on {
        let started = done.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        for container in replicas::of_service(observed, project, name.as_str()) {
            if is_met(container, edge.condition, !started.is_empty()) {
                continue;
            }
            let action = Action::WaitFor {
                container: ContainerRef::Existing(container.id.clone()),
                until: Until::Condition(edge.condition),
                limit: None,
            };
            let reason = Reason::NeededBy(service.name.clone());
            let step = builder.step(&replicas::target_of(container), action, reason, started.iter().copied());
            if edge.required {
                first.needed.push(step);
            } else {
                builder.optional(step);
                first.optional.push(step);
            }
        }
    }
}

/// Returns whether a dependency's container meets a condition without a wait. `service_started` never needs a wait,
/// because the start is already among the predecessors. `is_started`: this plan starts the dependency, so its observed
/// state says nothing.
fn is_met(container: &ObservedContainer, condition: Condition, is_started: bool) -> bool {
    match condition {
        Condition::Started => true,
        Condition::Healthy => !is_started && container.health == Health::Healthy && replicas::is_up(container),
        Condition::CompletedSuccessfully => {
            !is_started && container.exit_code == Some(0) && !replicas::is_up(container)
        }
    }
}

/// Plans the steps of a command on one container. Returns the steps that the next services in the order wait for.
fn steps(
    builder: &mut Builder,
    project: &Project,
    found: &ObservedContainer,
    command: &Lifecycle,
    first: &First,
) -> Vec<StepId> {
    let target = replicas::target_of(found);
    let container = ContainerRef::Existing(found.id.clone());
    let is_up = replicas::is_up(found);
    match command {
        Lifecycle::Start { wait } if !is_up => {
            let started = first.step(builder, &target, Action::StartContainer { container }, "start");
            verify(builder, project, found, &target, started, (*wait, first.is_spared))
        }
        Lifecycle::Start { wait: Some(UntilReady { limit }) } if !is_ready(found) => {
            let action = Action::WaitFor { container, until: Until::Ready(SETTLE), limit: *limit };
            vec![first.step(builder, &target, action, "start")]
        }
        Lifecycle::Stop { grace } if is_up => {
            Stop::of(project, found, *grace, Reason::Command("stop")).plan(builder, &first.needed)
        }
        Lifecycle::Restart { grace, .. } => {
            let before = if is_up { hooks::before_stop(project, found) } else { &[] };
            let before = hooks::plan_before(builder, before, &target, &container, &first.needed);
            let restarted =
                first.step(builder, &target, Action::RestartContainer { container, grace: *grace }, "restart");
            builder.after(restarted, before);
            verify(builder, project, found, &target, restarted, (None, first.is_spared))
        }
        Lifecycle::Kill { signal, .. } if is_up => {
            vec![first.step(builder, &target, Action::KillContainer { container, signal: signal.clone() }, "kill")]
        }
        Lifecycle::Pause if found.state == ContainerState::Running => {
            vec![first.step(builder, &target, Action::PauseContainer { container }, "pause")]
        }
        Lifecycle::Unpause if found.state == ContainerState::Paused => {
            vec![first.step(builder, &target, Action::UnpauseContainer { container }, "unpause")]
        }
        Lifecycle::Remove { stop: true, volumes } if is_up => {
            let stopped = Stop::of(project, found, None, Reason::Command("rm")).plan(builder, &first.needed);
            let remove = Action::RemoveContainer { container, force: false, volumes: *volumes };
            vec![builder.step(&target, remove, Reason::Command("rm"), stopped.last().copied())]
        }
        Lifecycle::Remove { volumes, .. } if !is_up => {
            let remove = Action::RemoveContainer { container, force: false, volumes: *volumes };
            vec![first.step(builder, &target, remove, "rm")]
        }
        _ => Vec::new(),
    }
}

/// Returns whether `--wait` has nothing to wait for.
fn is_ready(found: &ObservedContainer) -> bool {
    found.state == ContainerState::Running && matches!(found.health, Health::Healthy | Health::None)
}

/// Plans the `post_start` hooks after a start, and the wait that tells whether the container stays up. Returns the step
/// that dependents wait for: the last hook, or else the start.
fn verify(
    builder: &mut Builder,
    project: &Project,
    found: &ObservedContainer,
    target: &Target,
    started: StepId,
    (wait, is_spared): (Option<UntilReady>, bool),
) -> Vec<StepId> {
    let container = ContainerRef::Existing(found.id.clone());
    let hooks = hooks::plan_after(builder, hooks::after_start(project, found), target, &container, &[started]);
    let last = hooks.last().copied().unwrap_or(started);
    let until = if wait.is_some() { Until::Ready(SETTLE) } else { Until::Alive(SETTLE) };
    let action = Action::WaitFor { container, until, limit: wait.and_then(|wait| wait.limit) };
    let step = builder.step(target, action, Reason::Verify, [last]);
    // `--wait` asks for all services.
    if is_spared && wait.is_none() {
        builder.optional(step);
    }
    vec![last]
}
