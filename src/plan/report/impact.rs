//! The impact of a plan on the users of the services: how long each service is down, and which data is lost.
//!
//! The impact is read from the steps of a finished plan and from the observed containers. Start at [`impacts`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{ContainerId, Observed, Project, Service, ServiceName, UpdateOrder, VolumeName};
use crate::plan::container::mounts::is_anonymous;
use crate::plan::container::replicas;
use crate::plan::up::batch;
use crate::plan::{Action, ContainerRef, Effect, Plan, Replacement, Step, UpOptions};

/// The grace period of a service that sets none. Compat: the default of engines and of docker compose.
const GRACE: Duration = Duration::from_secs(10);

/// The impact of a plan on one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// The service.
    pub service: ServiceName,
    /// How long the service is down.
    pub downtime: Downtime,
    /// The data of the service that is lost.
    pub losses: Vec<Loss>,
    /// The order in which running containers are replaced (`stop-first` or `start-first`), and why; `None` where the
    /// plan replaces no running container.
    pub order: Option<(&'static str, String)>,
}

/// How long a service is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downtime {
    /// The service is not down at all, or does not run now.
    None,
    /// Some replicas run on while others are replaced.
    Reduced,
    /// Some replicas are stopped or removed; the others run on.
    Fewer,
    /// The service is down from the stop of the old container until the new container is up. The stop takes `stop` at
    /// most.
    WhileReplaced {
        /// Time between the stop signal and KILL.
        stop: Duration,
    },
    /// The service is down while its containers restart. The stop takes `stop` at most.
    Restart {
        /// Time between the stop signal and KILL.
        stop: Duration,
    },
    /// The service is down from now on: its containers are stopped or removed.
    ForGood,
}

/// Data that is lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Files that were written inside a container, outside of its volumes.
    ContainerFiles,
    /// The data in anonymous volumes: the new container gets empty ones.
    AnonymousVolumes,
    /// A named volume, which is removed with all data.
    Volume(VolumeName),
}

/// Returns the impact of a plan on each service that has a step, in the order of names.
pub fn impacts(plan: &Plan, project: &Project, observed: &Observed, options: &UpOptions) -> Vec<Impact> {
    let of_service = |(name, share): (&ServiceName, Share<'_>)| Impact {
        service: name.clone(),
        downtime: share.downtime(plan, project, observed, options, name),
        losses: share.losses(observed, options),
        order: share.order(plan, project.service(name.as_str())),
    };
    shares(plan).into_iter().map(of_service).collect()
}

/// The part of a plan that is about one service.
#[derive(Default)]
struct Share<'a> {
    steps: Vec<&'a Step>,
    replacements: Vec<&'a Replacement>,
    /// The volumes that are removed after the service's containers.
    volumes: BTreeSet<&'a VolumeName>,
}

/// Returns the parts of a plan, by service.
fn shares(plan: &Plan) -> BTreeMap<&ServiceName, Share<'_>> {
    let mut shares: BTreeMap<&ServiceName, Share<'_>> = BTreeMap::new();
    for step in &plan.steps {
        if let Some(service) = step.target.service() {
            shares.entry(service).or_default().steps.push(step);
        }
        // The removal of a volume requires the removals of the containers that use the volume: so a volume is counted
        // for the services of these containers.
        if let Action::RemoveVolume { name } = &step.action {
            let before = step.requires.iter().filter_map(|id| plan.steps.get(id.index()));
            for user in before.filter_map(|step| step.target.service()) {
                shares.entry(user).or_default().volumes.insert(name);
            }
        }
    }
    for replacement in &plan.replacements {
        if let Some(share) = shares.get_mut(&replacement.group) {
            share.replacements.push(replacement);
        }
    }
    shares
}

impl Share<'_> {
    fn downtime(
        &self,
        plan: &Plan,
        project: &Project,
        observed: &Observed,
        options: &UpOptions,
        name: &ServiceName,
    ) -> Downtime {
        let running = running(observed, project, name);
        let stopped: BTreeSet<&ContainerId> =
            self.steps.iter().filter_map(|step| stopped(&step.action)).filter(|id| running.contains(id)).collect();
        let service = project.service(name.as_str());
        let stop = options.grace.or_else(|| service.and_then(|service| service.stop_grace_period)).unwrap_or(GRACE);
        if stopped.is_empty() {
            let restarts = self.steps.iter().any(|step| step.action.nature().effect == Effect::Restarted);
            return if restarts { Downtime::Restart { stop } } else { Downtime::None };
        }
        let starts = self.steps.iter().any(|step| step.action.nature().effect == Effect::Started);
        let replaced: BTreeSet<&ContainerId> = self.replacements.iter().map(|one| &one.old).collect();
        match (starts, stopped.len() < running.len()) {
            (true, _) if self.is_start_first(plan) && stopped.is_subset(&replaced) => Downtime::None,
            (false, true) => Downtime::Fewer,
            (true, true) => Downtime::Reduced,
            (true, false) if is_staggered(service, running.len()) => Downtime::Reduced,
            (true, false) => Downtime::WhileReplaced { stop },
            (false, false) => Downtime::ForGood,
        }
    }

    fn losses(&self, observed: &Observed, options: &UpOptions) -> Vec<Loss> {
        let removed: BTreeSet<&ContainerId> = self.steps.iter().filter_map(|step| removed(&step.action)).collect();
        let mut found = BTreeSet::new();
        if !removed.is_empty() {
            found.insert(Loss::ContainerFiles);
        }
        let mut gone = removed.iter().filter_map(|id| observed.containers.by_id(id.as_str()));
        if options.renew_anonymous_volumes && gone.any(|one| one.mounts.iter().any(is_anonymous)) {
            found.insert(Loss::AnonymousVolumes);
        }
        found.extend(self.volumes.iter().map(|name| Loss::Volume((*name).clone())));
        found.into_iter().collect()
    }

    fn order(&self, plan: &Plan, service: Option<&Service>) -> Option<(&'static str, String)> {
        let service = service.filter(|_| self.replacements.iter().any(|one| one.was_running))?;
        match batch::order(service) {
            (UpdateOrder::StopFirst, why) => Some(("stop-first", why)),
            (UpdateOrder::StartFirst, why) if self.is_start_first(plan) => Some(("start-first", why)),
            (UpdateOrder::StartFirst, _) => Some(("stop-first", self.why_stopped(plan))),
        }
    }

    /// Returns whether every old container that the plan stops is stopped only after the start of its replacement.
    fn is_start_first(&self, plan: &Plan) -> bool {
        let is_kept_until = |one: &&Replacement| {
            let steps = || one.steps.iter().filter_map(|id| plan.steps.get(id.index()));
            let stop = steps().find(|step| stopped(&step.action) == Some(&one.old));
            let is_start =
                |action: &Action| matches!(action, Action::StartContainer { container } if *container == one.new);
            let start = steps().find(|step| is_start(&step.action));
            stop.is_none_or(|stop| start.is_some_and(|start| start.id < stop.id))
        };
        !self.replacements.is_empty() && self.replacements.iter().all(is_kept_until)
    }

    /// Returns why the old containers are stopped first although the file asks for `start-first` and nothing in the
    /// file stands in the way.
    fn why_stopped(&self, plan: &Plan) -> String {
        let created = self.replacements.iter().filter_map(|one| match one.new {
            ContainerRef::Planned(step) => plan.steps.get(step.index()),
            ContainerRef::Existing(_) => None,
        });
        let taken_over = created.filter_map(|step| match &step.action {
            Action::CreateContainer { spec, .. } => spec.mounts.iter().find(|mount| mount.is_taken_over()),
            _ => None,
        });
        let mut taken_over = taken_over.map(|mount| batch::shared_volume(&mount.target));
        taken_over.next().unwrap_or_else(|| "a network or host port is taken from the old one before".to_owned())
    }
}

/// Returns whether `update_config.parallelism` lets fewer containers be replaced at a time than are running.
fn is_staggered(service: Option<&Service>, running: usize) -> bool {
    let parallelism = service.and_then(|service| service.deploy.update.as_ref()).map_or(0, |update| update.parallelism);
    parallelism > 0 && (parallelism as usize) < running
}

/// Returns the containers of a service that are up, those of `run` included.
fn running<'a>(observed: &'a Observed, project: &Project, name: &ServiceName) -> BTreeSet<&'a ContainerId> {
    let found = observed.containers.of_service(project.name.as_str(), name.as_str());
    found.filter(|one| replicas::is_up(one)).map(|one| &one.id).collect()
}

/// The container that an action stops, where it exists already.
fn stopped(action: &Action) -> Option<&ContainerId> {
    existing(action, Effect::Stopped)
}

/// The container that an action removes, where it exists already.
fn removed(action: &Action) -> Option<&ContainerId> {
    existing(action, Effect::Removed)
}

fn existing(action: &Action, effect: Effect) -> Option<&ContainerId> {
    match action.container() {
        Some(ContainerRef::Existing(id)) if action.nature().effect == effect => Some(id),
        _ => None,
    }
}
