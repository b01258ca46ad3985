//! What a plan means for those who use the services: how long each does not serve, and which data goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::inherit::is_anonymous;
use super::{Action, ContainerRef, Plan, Replacement, Step, UpOptions, replace};
use crate::model::{ContainerId, Observed, Project, Service, ServiceName, UpdateOrder, VolumeName, labels};

/// Compat: what engines and docker compose take where a service says nothing.
const GRACE: Duration = Duration::from_secs(10);

/// What a run means for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The service.
    pub service: ServiceName,
    /// How long it does not serve.
    pub downtime: Downtime,
    /// What of its data goes.
    pub losses: Vec<Loss>,
    /// In which order containers are replaced (`stop-first`, `start-first`) and why; `None` where none is.
    pub order: Option<(&'static str, String)>,
}

/// How long a service does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downtime {
    /// Not at all, or it does not run now.
    None,
    /// Some of its replicas go on while others are replaced.
    Reduced,
    /// Some of its replicas go for good, the others go on.
    Fewer,
    /// From the stop of the old container, which takes `stop` at most, until the new one is up.
    WhileReplaced {
        /// Time between its stop signal and KILL.
        stop: Duration,
    },
    /// While it restarts; its stop takes so long at most.
    Restart {
        /// Time between its stop signal and KILL.
        stop: Duration,
    },
    /// From now on: it is stopped or removed.
    ForGood,
}

/// Data that goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// What was written inside a container, outside of volumes.
    ContainerFiles,
    /// Anonymous volumes are made anew.
    AnonymousVolumes,
    /// A volume is removed, with all data.
    Volume(VolumeName),
}

/// Returns what a plan means for each service it touches, in the order of names.
pub fn impacts(plan: &Plan, project: &Project, observed: &Observed, options: &UpOptions) -> Vec<Impact> {
    let mut steps: BTreeMap<&ServiceName, Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some(service) = step.target.service() {
            steps.entry(service).or_default().push(step);
        }
    }
    let of_service = |(name, steps): (&ServiceName, Vec<&Step>)| Impact {
        service: name.clone(),
        downtime: downtime(plan, project, observed, options, name, &steps),
        losses: losses(plan, observed, options, name, &steps),
        order: order(plan, project, name),
    };
    steps.into_iter().map(of_service).collect()
}

fn downtime(
    plan: &Plan,
    project: &Project,
    observed: &Observed,
    options: &UpOptions,
    name: &ServiceName,
    steps: &[&Step],
) -> Downtime {
    let running = running(observed, project, name);
    let stopped: BTreeSet<&ContainerId> =
        steps.iter().filter_map(|step| stopped(&step.action)).filter(|id| running.contains(id)).collect();
    let service = project.service(name.as_str());
    let stop = options.grace.or_else(|| service.and_then(|service| service.stop_grace_period)).unwrap_or(GRACE);
    if stopped.is_empty() {
        let restarts = steps.iter().any(|step| matches!(step.action, Action::RestartContainer { .. }));
        return if restarts { Downtime::Restart { stop } } else { Downtime::None };
    }
    let starts = steps.iter().any(|step| matches!(step.action, Action::StartContainer { .. }));
    let is_start_first = is_start_first(plan, name);
    let all_replaced = stopped.iter().all(|id| plan.replacements.iter().any(|one| one.old == **id));
    match (starts, stopped.len() < running.len()) {
        (true, _) if is_start_first && all_replaced => Downtime::None,
        (false, true) => Downtime::Fewer,
        (true, true) => Downtime::Reduced,
        (true, false) if is_staggered(service, running.len()) => Downtime::Reduced,
        (true, false) => Downtime::WhileReplaced { stop },
        (false, false) => Downtime::ForGood,
    }
}

/// Whether `update_config.parallelism` replaces fewer at a time than run.
fn is_staggered(service: Option<&Service>, running: usize) -> bool {
    let parallelism = service.and_then(|service| service.deploy.update.as_ref()).map_or(0, |update| update.parallelism);
    parallelism > 0 && (parallelism as usize) < running
}

fn running<'a>(observed: &'a Observed, project: &Project, name: &ServiceName) -> BTreeSet<&'a ContainerId> {
    let is_running = |one: &&crate::model::ObservedContainer| {
        one.label(labels::PROJECT) == Some(project.name.as_str())
            && one.service() == Some(name.as_str())
            && super::containers::is_up(one)
    };
    observed.containers.iter().filter(is_running).map(|one| &one.id).collect()
}

fn stopped(action: &Action) -> Option<&ContainerId> {
    match action {
        Action::StopContainer { container: ContainerRef::Existing(id), .. } => Some(id),
        _ => None,
    }
}

fn removed(action: &Action) -> Option<&ContainerId> {
    match action {
        Action::RemoveContainer { container: ContainerRef::Existing(id), .. } => Some(id),
        _ => None,
    }
}

fn losses(plan: &Plan, observed: &Observed, options: &UpOptions, name: &ServiceName, steps: &[&Step]) -> Vec<Loss> {
    let removed: BTreeSet<&ContainerId> = steps.iter().filter_map(|step| removed(&step.action)).collect();
    let mut found = BTreeSet::new();
    if !removed.is_empty() {
        found.insert(Loss::ContainerFiles);
    }
    let mut gone = observed.containers.iter().filter(|one| removed.contains(&one.id));
    if options.renew_anonymous_volumes && gone.any(|one| one.mounts.iter().any(is_anonymous)) {
        found.insert(Loss::AnonymousVolumes);
    }
    // A volume's removal waits for the removal of the containers that use it.
    for step in &plan.steps {
        if let Action::RemoveVolume { name: volume } = &step.action {
            let is_user = |id: &super::StepId| plan.steps[id.index()].target.service() == Some(name);
            if step.requires.iter().any(is_user) {
                found.insert(Loss::Volume(volume.clone()));
            }
        }
    }
    found.into_iter().collect()
}

fn order(plan: &Plan, project: &Project, name: &ServiceName) -> Option<(&'static str, String)> {
    let is_replaced = plan.replacements.iter().any(|one| one.group == *name && one.was_running);
    let service = project.service(name.as_str()).filter(|_| is_replaced)?;
    match replace::order(service) {
        (UpdateOrder::StopFirst, why) => Some(("stop-first", why)),
        (UpdateOrder::StartFirst, why) if is_start_first(plan, name) => Some(("start-first", why)),
        (UpdateOrder::StartFirst, _) => Some(("stop-first", why_stopped(plan, name))),
    }
}

/// Whether each container that the plan stops to replace it is stopped after the new one's start.
fn is_start_first(plan: &Plan, name: &ServiceName) -> bool {
    let is_kept_until = |one: &Replacement| {
        let steps = || one.steps.iter().filter_map(|id| plan.steps.get(id.index()));
        let stop = steps().find(|step| stopped(&step.action) == Some(&one.old));
        let start =
            steps().find(|step| matches!(&step.action, Action::StartContainer { container } if *container == one.new));
        stop.is_none_or(|stop| start.is_some_and(|start| start.id < stop.id))
    };
    let mut own = plan.replacements.iter().filter(|one| one.group == *name).peekable();
    own.peek().is_some() && own.all(is_kept_until)
}

/// Why containers stop first although nothing in the file stands in the way.
fn why_stopped(plan: &Plan, name: &ServiceName) -> String {
    let own = plan.replacements.iter().filter(|one| one.group == *name);
    let created = own.filter_map(|one| match one.new {
        ContainerRef::Planned(step) => plan.steps.get(step.index()),
        ContainerRef::Existing(_) => None,
    });
    let taken_over = created.filter_map(|step| match &step.action {
        Action::CreateContainer { spec, .. } => spec.mounts.iter().find(|mount| mount.is_taken_over()),
        _ => None,
    });
    let mut taken_over = taken_over.map(|mount| replace::shared_volume(&mount.target));
    taken_over.next().unwrap_or_else(|| "a network or host port is taken from the old one before".to_owned())
}
